with
source as (
    select * from {{ source('meta', 'revisions') }}
),

final as (
    select
        recorded_by,
        object_name,
        key,
        period,
        old_load_id,
        new_load_id,
        data_origin,
        cast(old_value as double) as old_value,
        cast(new_value as double) as new_value,
        cast(difference as double) as difference,
        cast(seen_at as timestamp) as seen_at
    from source
)

select * from final
