with
source as (
    {{ corrected('fvkom') }}
),

final as (
    select
        load_id,
        valres as published_result_code,
        "OMRÅDE" as published_area_code,
        tid as year,
        cast(indhold as bigint) as votes
    from source
)

select * from final
