-- Nobody votes twice: votes cast lie from 0 to the number of eligible voters.
with
turnout as (
    select * from {{ ref('polling_area_turnout') }}
),

final as (
    select
        election_id,
        area_id,
        area_name,
        votes_cast,
        eligible_voters
    from turnout
    where votes_cast < 0 or eligible_voters < 0 or votes_cast > eligible_voters
)

select * from final
