with
delivered as (
    select * from {{ ref('stg_inbox__turnout_by_origin') }}
    where starts_with(election_id, 'KV')
),

-- A file may hold an origin whole, split, or both: a complete split goes first, then the whole, and never
-- both.
counted as (
    select
        *,
        count(*) filter (where ancestry in ('immigrant', 'descendant')) over origin_rows = 2 as is_split,
        count(*) filter (where ancestry = 'total') over origin_rows > 0 as has_whole
    from delivered
    window origin_rows as (partition by election_id, municipality_code, origin)
),

chosen as (
    select
        *,
        {{ origin_part('origin', 'ancestry') }} as part
    from counted
    where
        if(has_whole and not is_split, ancestry = 'total', ancestry <> 'total')
        and (origin <> 'western' or has_whole or is_split)
),

summed as (
    select
        municipality_code,
        election_id,
        election_date,
        part,
        {{ sum_known('votes_cast') }} as votes_cast,
        {{ sum_known('eligible_voters') }} as eligible_voters,
        list_sort(list(distinct load_id)) as load_ids
    from chosen
    group by all
),

final as (
    {{ count_rows(
        'summed', 'turnout_municipal', 'votes_cast', 'eligible_voters', ['TURNOUT_BY_ORIGIN'],
        period='election_id', frequency='election', period_start='election_date',
        sex="'total'", age_group="'total'"
    ) }}
)

select * from final
