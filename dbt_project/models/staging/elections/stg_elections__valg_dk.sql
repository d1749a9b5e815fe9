with
source as (
    {{ corrected('valg_dk_turnout') }}
),

final as (
    select
        load_id,
        election_id,
        municipality_code,
        area_id,
        election_kind,
        municipality_name,
        area_name,
        result_kind,
        file_name,
        cast(area_number as integer) as area_number,
        cast(eligible_voters as bigint) as eligible_voters,
        cast(votes_cast as bigint) as votes_cast,
        cast(election_date as date) as election_date,
        cast(released_at_utc as varchar) as released_at_utc,
        cast(counted_at as varchar) as counted_at
    from source
)

select * from final
