with
origin_groups as (
    select * from {{ ref('origin_groups') }}
),

-- `gaps` calls the reference group of Danish origin `danish`.
final as (
    select
        label_da,
        label_en,
        definition_da,
        definition_en,
        role as group_role,
        cast(sort_order as integer) as sort_order,
        if(group_id = 'danish_origin', 'danish', group_id) as group_id
    from origin_groups
)

select * from final
