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

shares as (
    select * from {{ ref('int_elections__area_shares') }}
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
        dst_areas.load_id,
        'DST_ELECTIONS' as source_table
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
        load_id,
        'VALG_DK' as source_table
    from valg_dk_areas
),

all_areas as (
    select * from dst
    union all by name
    select * from valg_dk
),

-- An election that both providers have is shown once, as the ids of their areas differ: the final count goes
-- before a provisional one, then valg.dk, which names municipality and number.
shown_sources as (
    select
        election_id,
        source_table
    from all_areas
    group by election_id, source_table
    qualify row_number() over (
        partition by election_id order by bool_or(is_provisional) asc, source_table desc
    ) = 1
),

candidates as (
    select
        all_areas.*,
        loads.data_origin,
        shares.non_western_share_pct,
        shares.reference_date as share_reference_date,
        shares.load_id as share_load_id,
        row_number() over (
            partition by all_areas.election_id, all_areas.area_id
            order by
                shares.reference_date > all_areas.election_date asc,
                abs(shares.reference_date - all_areas.election_date) asc,
                shares.period asc
        ) as share_preference
    from all_areas
    inner join shown_sources
        on
            all_areas.election_id = shown_sources.election_id
            and all_areas.source_table = shown_sources.source_table
    left join loads on all_areas.load_id = loads.load_id
    left join shares
        on
            all_areas.municipality_code = shares.municipality_code
            and all_areas.area_number = shares.area_number
),

-- Of several deliveries of background figures the newest that is not after the election, else the earliest.
final as (
    select * exclude (share_preference)
    from candidates
    where share_preference = 1
)

select * from final
