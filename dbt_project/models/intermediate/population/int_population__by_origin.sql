with
period_owners as (
    select * from {{ ref('stg_meta__period_owners') }}
    where dataset = 'folk1e'
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where dataset = 'folk1e'
),

origin_codes as (
    select * from {{ ref('origin_codes') }}
    where table_id = 'FOLK1E' and variable = 'HERKOMST' and not cast(is_total as boolean)
),

published as (
    select * from {{ ref('stg_statbank__folk1e') }}
),

decoded as (
    {{ decoded('published', 'codes', {
        'published_area_code': 'OMRÅDE', 'published_sex_code': 'KØN', 'published_age_code': 'ALDER',
        'published_origin_code': 'HERKOMST',
    }) }}
),

all_ages as (
    select * from decoded
    where sex_code = 'TOT' and age_code = 'IALT'
),

asked_for as (
    {{ asked_for('period_owners', 'codes', {
        'published_area_code': 'OMRÅDE', 'published_origin_code': 'HERKOMST',
    }) }}
),

final as (
    select
        asked_for.area_code as municipality_code,
        asked_for.period as quarter,
        origin_codes.origin,
        origin_codes.ancestry,
        asked_for.load_id,
        if(all_ages.load_id is null, 0, all_ages.persons) as persons,
        all_ages.load_id is null as is_implicit_zero
    from asked_for
    inner join origin_codes on asked_for.origin_code = origin_codes.code
    left join all_ages
        on
            asked_for.load_id = all_ages.load_id
            and asked_for.period = all_ages.quarter
            and asked_for.area_code = all_ages.area_code
            and asked_for.origin_code = all_ages.origin_code
)

select * from final
