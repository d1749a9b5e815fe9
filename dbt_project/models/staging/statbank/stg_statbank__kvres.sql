with
source as (
    {{ corrected('kvres') }}
),

final as (
    select
        load_id,
        "OMRÅDE" as published_area_code,
        valres as published_result_code,
        tid as year,
        cast(indhold as bigint) as votes
    from source
)

select * from final
