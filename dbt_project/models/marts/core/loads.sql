with
ledger as (
    select * from {{ ref('stg_meta__loads') }}
),

owners as (
    select distinct load_id
    from {{ ref('stg_meta__period_owners') }}
),

-- A load that owns no period any more, or that went no further than validation, has been superseded.
final as (
    select
        ledger.load_id,
        ledger.provider,
        ledger.dataset,
        ledger.url,
        ledger.request,
        ledger.received_at,
        ledger.source_updated_at,
        ledger.bytes,
        ledger.sha256,
        ledger.rows_received,
        ledger.periods,
        ledger.licence,
        ledger.citation,
        ledger.rows_loaded,
        ledger.expectations_evaluated,
        ledger.expectations_failed,
        ledger.promoted_at,
        ledger.dag_id,
        ledger.run_id,
        ledger.reason,
        ledger.data_origin,
        case
            when ledger.ledger_status = 'rejected' then 'rejected'
            when ledger.ledger_status = 'promoted' and owners.load_id is not null then 'promoted'
            else 'superseded'
        end as status
    from ledger
    left join owners on ledger.load_id = owners.load_id
)

select * from final
