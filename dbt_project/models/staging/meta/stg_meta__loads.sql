with
source as (
    select * from {{ source('meta', 'loads') }}
),

final as (
    select
        load_id,
        provider,
        dataset,
        url,
        request,
        sha256,
        licence,
        citation,
        data_origin,
        landing_path,
        status as ledger_status,
        reason,
        dag_id,
        run_id,
        cast(periods as varchar[]) as periods,
        cast(bytes as bigint) as bytes,
        cast(rows_received as bigint) as rows_received,
        cast(rows_loaded as bigint) as rows_loaded,
        cast(expectations_evaluated as bigint) as expectations_evaluated,
        cast(expectations_failed as bigint) as expectations_failed,
        cast(received_at as timestamp) as received_at,
        cast(source_updated_at as timestamp) as source_updated_at,
        cast(loaded_at as timestamp) as loaded_at,
        cast(validated_at as timestamp) as validated_at,
        cast(promoted_at as timestamp) as promoted_at
    from source
)

select * from final
