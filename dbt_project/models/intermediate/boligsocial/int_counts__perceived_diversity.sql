with
answers as (
    select * from {{ ref('stg_inbox__interviews') }}
    where has_consent
),

-- An undisclosed origin counts in neither group; every answer counts in its community and over all.
graded as (
    select
        load_id,
        municipality_code,
        wave_id,
        wave_date,
        score,
        case origin_group
            when 'non_western' then 'non_western'
            when 'other' then 'others'
        end as part,
        unnest(['total', community_id]) as subarea_code,
        unnest(['total', community_name]) as subarea_name
    from answers
),

strata as (
    select
        municipality_code,
        wave_id,
        wave_date,
        subarea_code,
        subarea_name,
        list_sort(list(distinct load_id)) as load_ids
    from graded
    group by all
),

-- A group without an answer in a community has a row of 0: it was asked for, and is empty.
counted as (
    select
        strata.municipality_code,
        strata.wave_id,
        strata.wave_date,
        strata.subarea_code,
        strata.subarea_name,
        parts.part,
        strata.load_ids,
        count(graded.score) filter (where graded.score >= 4) as agreeing,
        count(graded.score) as answers
    from strata
    cross join (values ('non_western'), ('others')) as parts (part)
    left join graded
        on
            strata.municipality_code = graded.municipality_code
            and strata.wave_id = graded.wave_id
            and strata.subarea_code = graded.subarea_code
            and parts.part = graded.part
    group by all
),

final as (
    {{ count_rows(
        'counted', 'perceived_diversity', 'agreeing', 'answers', ['INTERVIEWS'],
        period='wave_id', frequency='wave', period_start='wave_date', sex="'total'", age_group="'total'",
        subarea_code='subarea_code', subarea_name='subarea_name', warnings=['self_reported']
    ) }}
)

select * from final
