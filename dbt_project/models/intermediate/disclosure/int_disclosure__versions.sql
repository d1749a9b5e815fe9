with
turnout as (
    select * from {{ source('raw_loads', 'turnout_by_origin') }}
    where starts_with(election_id, 'KV')
),

interviews as (
    select * from {{ source('raw_loads', 'interviews') }}
    where lower(consent) = 'true'
),

danish_tests as (
    select * from {{ source('raw_loads', 'danish_tests') }}
),

loads as (
    select * from {{ ref('stg_meta__loads') }}
),

owners as (
    select * from {{ ref('stg_meta__period_owners') }}
),

-- As in the counts of the indicators: a complete split goes first, then the whole, and never both.
turnout_rows as (
    select
        *,
        count(*) filter (where ancestry in ('immigrant', 'descendant')) over origin_rows = 2 as is_split,
        count(*) filter (where ancestry = 'total') over origin_rows > 0 as has_whole
    from turnout
    window origin_rows as (partition by load_id, election_id, municipality_code, origin)
),

turnout_counts as (
    select
        load_id,
        'turnout_by_origin' as dataset,
        'turnout_municipal' as indicator_id,
        municipality_code,
        'total' as subarea_code,
        election_id as period,
        {{ origin_part('origin', 'ancestry') }} as part,
        sum(votes_cast) as numerator,
        sum(eligible_voters) as denominator,
        cast([] as bigint[]) as persons,
        1 as answers_per_person
    from turnout_rows
    where
        case
            when is_split then ancestry in ('immigrant', 'descendant')
            when has_whole then ancestry = 'total'
            else true
        end
    group by all
),

-- The Danish origin and the western are never told apart here: both are others.
danish_test_counts as (
    select
        load_id,
        'danish_tests' as dataset,
        'danish_tests' as indicator_id,
        municipality_code,
        'total' as subarea_code,
        year as period,
        if(origin = 'non_western', 'non_western', 'others') as part,
        sum(passed_within_five_years) as numerator,
        sum(course_takers) as denominator,
        cast([] as bigint[]) as persons,
        1 as answers_per_person
    from danish_tests
    group by all
),

-- One person gives several answers, so the persons behind the answers are counted as well.
respondents as (
    select
        load_id,
        municipality_code,
        wave_id,
        community_id,
        respondent_id,
        case origin_group
            when 'non_western' then 'non_western'
            when 'other' then 'others'
        end as part,
        count(*) filter (where score >= 4) as agreeing,
        count(*) as answers
    from interviews
    group by all
),

respondent_places as (
    select
        *,
        unnest(['total', community_id]) as subarea_code,
        max(answers) over (partition by load_id, municipality_code, wave_id) as answers_per_person
    from respondents
),

places as (
    select
        load_id,
        municipality_code,
        wave_id,
        subarea_code,
        any_value(answers_per_person) as answers_per_person
    from respondent_places
    group by all
),

-- A group without an answer in a community has a row of 0, as it has in the counts of the indicator.
interview_counts as (
    select
        places.load_id,
        'interviews' as dataset,
        'perceived_diversity' as indicator_id,
        places.municipality_code,
        places.subarea_code,
        places.wave_id as period,
        parts.part,
        coalesce(sum(respondent_places.agreeing), 0) as numerator,
        coalesce(sum(respondent_places.answers), 0) as denominator,
        [
            count(respondent_places.answers),
            count(*) filter (where respondent_places.agreeing > 0),
            count(*) filter (where respondent_places.agreeing < respondent_places.answers)
        ] as persons,
        places.answers_per_person
    from places
    cross join (values ('non_western'), ('others')) as parts (part)
    left join respondent_places
        on
            places.load_id = respondent_places.load_id
            and places.municipality_code = respondent_places.municipality_code
            and places.wave_id = respondent_places.wave_id
            and places.subarea_code = respondent_places.subarea_code
            and parts.part = respondent_places.part
    group by all
),

counts as (
    select * from turnout_counts
    union all by name
    select * from danish_test_counts
    union all by name
    select * from interview_counts
),

-- Versions of the kind that is shown now: sample figures say nothing about official ones.
final as (
    select
        counts.indicator_id,
        counts.municipality_code,
        counts.subarea_code,
        counts.period,
        counts.part,
        counts.load_id,
        counts.persons,
        versions.promoted_at,
        cast(counts.numerator as bigint) as numerator,
        cast(counts.denominator as bigint) as denominator,
        cast(counts.answers_per_person as bigint) as answers_per_person,
        versions.load_id = owners.load_id as is_current
    from counts
    inner join owners on counts.dataset = owners.dataset and counts.period = owners.period
    inner join loads as versions on counts.load_id = versions.load_id
    inner join loads as current_versions on owners.load_id = current_versions.load_id
    where versions.data_origin = current_versions.data_origin
)

select * from final
