with
source as (
    {{ corrected('dst_election_areas') }}
),

final as (
    select
        load_id,
        election_id,
        district_id,
        area_id,
        district_name,
        area_name,
        status_code,
        status_text,
        file_name,
        cast(eligible_voters as bigint) as eligible_voters,
        cast(votes_cast as bigint) as votes_cast,
        cast(valid_votes as bigint) as valid_votes,
        cast(invalid_votes as bigint) as invalid_votes,
        cast(blank_votes as bigint) as blank_votes,
        cast(other_invalid_votes as bigint) as other_invalid_votes,
        cast(turnout_pct_published as double) as published_turnout_pct,
        cast(election_date as date) as election_date
    from source
)

select * from final
