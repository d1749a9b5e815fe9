with
dst_areas as (
    select * from {{ ref('stg_elections__dst_areas') }}
),

valg_dk_areas as (
    select * from {{ ref('stg_elections__valg_dk') }}
),

bridge as (
    select * from {{ ref('polling_area_bridge') }}
),

loads as (
    select * from {{ ref('stg_meta__loads') }}
),

-- DST names neither municipality nor number; the bridge does for the areas it knows. Code 12 is the final
-- count.
dst as (
    select
        dst_areas.election_id,
        dst_areas.election_date,
        dst_areas.area_id,
        nullif(bridge.municipality_code, '') as municipality_code,
        cast(bridge.area_number as integer) as area_number,
        dst_areas.area_name,
        dst_areas.eligible_voters,
        dst_areas.votes_cast,
        coalesce(dst_areas.status_code <> '12', true) as is_provisional,
        dst_areas.load_id
    from dst_areas
    left join bridge
        on dst_areas.election_id = bridge.election_id and dst_areas.area_id = bridge.area_id
),

valg_dk as (
    select
        election_id,
        election_date,
        area_id,
        municipality_code,
        area_number,
        area_name,
        eligible_voters,
        votes_cast,
        coalesce(result_kind <> 'final', true) as is_provisional,
        load_id
    from valg_dk_areas
),

all_areas as (
    select * from dst
    union all by name
    select * from valg_dk
),

final as (
    select
        all_areas.election_id,
        all_areas.election_date,
        all_areas.area_id,
        all_areas.municipality_code,
        all_areas.area_number,
        all_areas.area_name,
        all_areas.eligible_voters,
        all_areas.votes_cast,
        all_areas.is_provisional,
        loads.data_origin,
        all_areas.load_id,
        cast(null as double) as non_western_share_pct,
        cast(null as date) as share_reference_date,
        100 * cast(all_areas.votes_cast as double) / nullif(all_areas.eligible_voters, 0) as turnout_pct
    from all_areas
    left join loads on all_areas.load_id = loads.load_id
)

select * from final
