{{ config(severity='warn') }}

-- The turnout that a municipality delivered by origin sums to its own result in KVRES, wherever both are
-- there and of the same origin of data. Advisory: voters of unknown origin are in KVRES and need not be in
-- the delivery.
with
counts as (
    select * from {{ ref('int_counts__turnout_municipal') }}
),

loads as (
    select * from {{ ref('stg_meta__loads') }}
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where dataset = 'kvres'
),

kvres as (
    select * from {{ ref('stg_statbank__kvres') }}
),

delivered as (
    select
        counts.municipality_code,
        counts.period as election_id,
        loads.data_origin,
        sum(counts.denominator) as eligible_voters,
        sum(counts.numerator) as votes_cast,
        count(distinct if(starts_with(counts.part, 'non_western'), 'non_western', counts.part)) as origins
    from counts
    inner join loads on counts.load_ids[1] = loads.load_id
    group by all
),

decoded as (
    {{ decoded('kvres', 'codes', {'published_area_code': 'OMRÅDE', 'published_result_code': 'VALRES'}) }}
),

published as (
    select
        decoded.area_code as municipality_code,
        loads.data_origin,
        'KV' || decoded.year as election_id,
        sum(decoded.votes) filter (where decoded.result_code = 'V') as eligible_voters,
        sum(decoded.votes) filter (where decoded.result_code = 'AS') as votes_cast
    from decoded
    inner join loads on decoded.load_id = loads.load_id
    group by all
),

final as (
    select
        delivered.municipality_code,
        delivered.election_id,
        delivered.eligible_voters,
        published.eligible_voters as published_eligible_voters,
        delivered.votes_cast,
        published.votes_cast as published_votes_cast
    from delivered
    inner join published
        on
            delivered.municipality_code = published.municipality_code
            and delivered.election_id = published.election_id
            and delivered.data_origin = published.data_origin
    where
        delivered.origins = 3
        and (
            delivered.eligible_voters <> published.eligible_voters
            or delivered.votes_cast <> published.votes_cast
        )
)

select * from final
