-- Every entry of the corrections ledger matches exactly one row of raw, which holds the value that the entry
-- expects. Entries for figures of another data origin than the dataset's are set aside: a warehouse of sample
-- figures is not judged by official entries. A dataset without figures is judged like the rest.
with
corrections as (
    select * from {{ ref('corrections') }}
),

loads as (
    select * from {{ ref('stg_meta__loads') }}
),

period_owners as (
    select * from {{ ref('stg_meta__period_owners') }}
),

origins as (
    select distinct
        period_owners.dataset,
        loads.data_origin
    from period_owners
    inner join loads on period_owners.load_id = loads.load_id
),

due as (
    select corrections.*
    from corrections
    left join origins on corrections.dataset = origins.dataset
    where
        origins.data_origin = corrections.data_origin
        or (
            origins.dataset is null
            and corrections.data_origin in (select other.data_origin from origins as other)
        )
),

published as (
    {{ published_cells('due') }}
),

matched as (
    select
        due.correction_id,
        due.dataset,
        due.table_name,
        due.key,
        due.column_name,
        due.expected_value,
        count(published.correction_id) as rows_found,
        any_value(published.published_value) as published_value,
        coalesce(bool_and(published.is_expected), false) as is_expected
    from due
    left join published on due.correction_id = published.correction_id
    group by all
),

final as (
    select
        correction_id,
        dataset,
        table_name,
        key,
        column_name,
        expected_value,
        published_value,
        case
            when rows_found = 0 then 'matches nothing in raw: correct or remove the entry'
            when rows_found > 1 then 'matches several rows of raw'
            else 'healed or changed by the provider: remove the entry'
        end as problem
    from matched
    where rows_found <> 1 or not is_expected
)

select * from final
