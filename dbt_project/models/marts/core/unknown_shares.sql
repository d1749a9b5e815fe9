with
counts as (
    select * from {{ ref('int_gap__counts') }}
),

pupils as (
    select * from {{ ref('int_education__grade9_pupils') }}
    where pupil_status_code = 'B'
),

recipients as (
    select * from {{ ref('int_benefits__recipients') }}
),

group_variants as (
    {{ group_variants() }}
),

-- Persons whose outcome is unknown, within each group.
outcomes as (
    select
        counts.indicator_id,
        counts.municipality_code,
        counts.period,
        counts.sex,
        counts.age_group,
        group_variants.group_id,
        {{ sum_known('counts.unknown_persons') }} as unknown_persons,
        {{ sum_known('counts.unknown_persons + counts.denominator') }} as persons,
        list_sort(list_distinct(flatten(list(counts.load_ids)))) as load_ids
    from counts
    inner join group_variants on counts.part = group_variants.part
    where counts.indicator_id in ('youth_education', 'qualifying_education')
    group by all
),

-- Persons whose origin is unknown: they are in no group. The 9th grade is that of the year before, as in its
-- gap.
pupils_of_unknown_origin as (
    select
        'grade9_completion' as indicator_id,
        municipality_code,
        cast(cast(year as integer) + 1 as varchar) as period,
        sex,
        'total' as age_group,
        'all' as group_id,
        {{ sum_known('pupils', "origin = 'unknown'") }} as unknown_persons,
        {{ sum_known('pupils') }} as persons,
        list_sort(list(distinct load_id)) as load_ids
    from pupils
    group by all
),

recipients_of_unknown_origin as (
    select
        'cash_benefit_share' as indicator_id,
        municipality_code,
        year as period,
        'total' as sex,
        '18-66' as age_group,
        'all' as group_id,
        {{ sum_known('full_year_recipients', "origin = 'unknown'") }} as unknown_persons,
        {{ sum_known('full_year_recipients') }} as persons,
        list_sort(list(distinct load_id)) as load_ids
    from recipients
    group by all
),

all_shares as (
    select
        *,
        'outcome' as unknown_of
    from outcomes
    union all by name
    select
        *,
        'origin' as unknown_of
    from pupils_of_unknown_origin
    union all by name
    select
        *,
        'origin' as unknown_of
    from recipients_of_unknown_origin
),

judged as (
    select
        *,
        case
            when unknown_persons is null or persons is null then 'suppressed'
            when persons = 0 then 'empty_group'
            when {{ is_small('unknown_persons') }} or {{ is_small('persons') }} then 'suppressed'
            when {{ is_small('persons - unknown_persons') }} then 'suppressed'
            else 'observed'
        end as value_status
    from all_shares
),

final as (
    select
        indicator_id,
        municipality_code,
        period,
        sex,
        age_group,
        group_id,
        unknown_of,
        value_status,
        load_ids,
        if(value_status = 'observed', cast(unknown_persons as double), null) as unknown_persons,
        if(value_status = 'observed', cast(persons as double), null) as persons,
        if(value_status = 'observed', 100.0 * unknown_persons / persons, null) as unknown_share_pct
    from judged
)

select * from final
