with
validations as (
    select * from {{ ref('stg_meta__validations') }}
),

final as (
    select
        load_id,
        object_name,
        expectation,
        severity,
        success,
        observed,
        unexpected_count,
        sample_keys,
        evaluated_at
    from validations
)

select * from final
