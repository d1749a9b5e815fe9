with
{{ quarters_of_kas201() }},

sexes as (
    {{ sexes_apart() }}
),

counted as (
    {{ labour_status_counts('KAS201', age_groups=bands_apart(age_bands(16, 64))) }}
),

final as (
    select * rename (period as quarter, age_group as age_band)
    from counted
)

select * from final
