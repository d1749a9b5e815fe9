with
source as (
    select * from {{ source('raw', 'turnout_by_origin') }}
),

final as (
    select
        load_id,
        election_id,
        municipality_code,
        origin,
        ancestry,
        file_name,
        cast(eligible_voters as bigint) as eligible_voters,
        cast(votes_cast as bigint) as votes_cast,
        cast(election_date as date) as election_date
    from source
)

select * from final
