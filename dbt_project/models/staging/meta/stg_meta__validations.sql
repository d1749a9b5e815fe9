with
source as (
    select * from {{ source('meta', 'validations') }}
),

final as (
    select
        load_id,
        object_name,
        expectation,
        severity,
        observed,
        cast(sample_keys as varchar) as sample_keys,
        cast(unexpected_count as bigint) as unexpected_count,
        cast(success as boolean) as success,
        cast(evaluated_at as timestamp) as evaluated_at
    from source
)

select * from final
