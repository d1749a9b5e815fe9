with
{{ quarters_of_kas201() }},

sexes as (
    {{ sexes() }}
),

counted as (
    {{ labour_status_counts('KAS201') }}
),

final as (
    select
        * exclude (period),
        period as quarter
    from counted
)

select * from final
