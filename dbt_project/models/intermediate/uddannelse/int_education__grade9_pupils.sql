with
period_owners as (
    select * from {{ ref('stg_meta__period_owners') }}
    where dataset = 'uddakt20'
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where dataset = 'uddakt20'
),

origin_codes as (
    select * from {{ ref('origin_codes') }}
    where table_id = 'UDDAKT20' and variable = 'HERKOMST1' and not cast(is_total as boolean)
),

published as (
    select * from {{ ref('stg_statbank__uddakt20') }}
),

sexes as (
    {{ sexes(total='10') }}
),

decoded as (
    {{ decoded('published', 'codes', {
        'published_grade_code': 'UDDANNELSE', 'published_age_code': 'ALDER', 'published_ancestry_code': 'HERKOMST',
        'published_origin_code': 'HERKOMST1', 'published_sex_code': 'KØN', 'published_school_code': 'GRUNDSKOL',
        'published_area_code': 'BOPOMR', 'published_pupil_status_code': 'FSTATUS',
    }) }}
),

-- Every variable that is not a dimension of ours stays at its total.
ninth_grade as (
    select * from decoded
    where grade_code = 'U29' and age_code = 'TOT' and ancestry_code = 'TOT' and school_code = '0'
),

-- A status that a year has no row of has not been counted yet; within one that has, a row left out is 0.
counted_statuses as (
    select distinct
        load_id,
        year,
        pupil_status_code
    from ninth_grade
),

asked_for as (
    {{ asked_for('period_owners', 'codes', {
        'published_area_code': 'BOPOMR', 'published_origin_code': 'HERKOMST1',
    }) }}
),

final as (
    select
        asked_for.area_code as municipality_code,
        asked_for.period as year,
        counted_statuses.pupil_status_code,
        sexes.sex,
        origin_codes.origin,
        asked_for.load_id,
        if(ninth_grade.load_id is null, 0, ninth_grade.pupils) as pupils
    from asked_for
    inner join origin_codes on asked_for.origin_code = origin_codes.code
    inner join counted_statuses
        on asked_for.load_id = counted_statuses.load_id and asked_for.period = counted_statuses.year
    cross join sexes
    left join ninth_grade
        on
            asked_for.load_id = ninth_grade.load_id
            and asked_for.period = ninth_grade.year
            and asked_for.area_code = ninth_grade.area_code
            and asked_for.origin_code = ninth_grade.origin_code
            and counted_statuses.pupil_status_code = ninth_grade.pupil_status_code
            and sexes.sex_code = ninth_grade.sex_code
)

select * from final
