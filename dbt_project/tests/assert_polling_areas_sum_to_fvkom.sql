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

published as (
    select
        loads.data_origin,
        'FV' || fvkom.year as election_id,
        sum(fvkom.votes) filter (where result_codes.canonical_code = 'VAELG') as eligible_voters,
        sum(fvkom.votes) filter (
            where result_codes.canonical_code in ('GYLD_IALT', 'UGYLD_IALT')
        ) as votes_cast
    from fvkom
    inner join loads on fvkom.load_id = loads.load_id
    inner join codes as area_codes
        on
            fvkom.load_id = area_codes.load_id
            and area_codes.variable = 'OMRÅDE'
            and fvkom.published_area_code = area_codes.published_code
            and area_codes.canonical_code = {{ focus_municipality() }}
    inner join codes as result_codes
        on
            fvkom.load_id = result_codes.load_id
            and result_codes.variable = 'VALRES'
            and fvkom.published_result_code = result_codes.published_code
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
