with
source as (
    {{ corrected('kmsta001') }}
),

final as (
    select
        load_id,
        sogn as published_parish_code,
        herkomst as published_origin_code,
        fkmed as published_membership_code,
        tid as year,
        cast(indhold as bigint) as persons
    from source
)

select * from final
