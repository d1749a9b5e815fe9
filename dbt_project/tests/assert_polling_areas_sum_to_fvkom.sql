-- The polling areas that the bridge gives the focus municipality sum to its own result in FVKOM, wherever
-- both are there, final, and of the same origin of data.
with
areas as (
    select * from {{ ref('polling_area_turnout') }}
    where municipality_code = {{ focus_municipality() }}
),

loads as (
    select * from {{ ref('loads') }}
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where dataset = 'fvkom'
),

fvkom as (
    select * from {{ ref('stg_statbank__fvkom') }}
),

sums as (
    select
        areas.election_id,
        areas.data_origin,
        sum(areas.eligible_voters) as eligible_voters,
        sum(areas.votes_cast) as votes_cast
    from areas
    inner join loads on areas.load_id = loads.load_id and loads.dataset = 'dst_elections'
    group by all
    having not bool_or(areas.is_provisional)
),

decoded as (
    {{ decoded('fvkom', 'codes', {'published_area_code': 'OMRÅDE', 'published_result_code': 'VALRES'}) }}
),

published as (
    select
        loads.data_origin,
        'FV' || decoded.year as election_id,
        sum(decoded.votes) filter (where decoded.result_code = 'VAELG') as eligible_voters,
        sum(decoded.votes) filter (where decoded.result_code in ('GYLD_IALT', 'UGYLD_IALT')) as votes_cast
    from decoded
    inner join loads on decoded.load_id = loads.load_id
    where decoded.area_code = {{ focus_municipality() }}
    group by all
),

final as (
    select
        sums.election_id,
        sums.eligible_voters,
        published.eligible_voters as published_eligible_voters,
        sums.votes_cast,
        published.votes_cast as published_votes_cast
    from sums
    inner join published
        on sums.election_id = published.election_id and sums.data_origin = published.data_origin
    where
        sums.eligible_voters is distinct from published.eligible_voters
        or sums.votes_cast is distinct from published.votes_cast
)

select * from final
