with
polling_areas as (
    select * from {{ ref('int_elections__polling_areas') }}
),

final as (
    select
        election_id,
        election_date,
        area_id,
        municipality_code,
        area_number,
        area_name,
        eligible_voters,
        votes_cast,
        is_provisional,
        non_western_share_pct,
        share_reference_date,
        data_origin,
        load_id,
        100 * cast(votes_cast as double) / nullif(eligible_voters, 0) as turnout_pct
    from polling_areas
)

select * from final
