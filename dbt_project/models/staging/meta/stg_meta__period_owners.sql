with
source as (
    select * from {{ source('meta', 'period_owner') }}
),

final as (
    select
        dataset,
        period,
        load_id
    from source
)

select * from final
