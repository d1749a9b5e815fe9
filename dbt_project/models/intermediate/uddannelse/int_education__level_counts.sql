with
period_owners as (
    select * from {{ ref('stg_meta__period_owners') }}
    where dataset = 'ligeub1'
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where dataset = 'ligeub1'
),

parts as (
    {{ origin_parts(ref('origin_codes'), 'LIGEUB1') }}
),

published as (
    select * from {{ ref('stg_statbank__ligeub1') }}
),

age_bands as (
    select
        '20-24' as age_group,
        unnest([{{ age_bands(20, 24) }}]) as age_code
    union all
    select
        '25-64' as age_group,
        unnest([{{ age_bands(25, 64) }}]) as age_code
    union all
    {{ bands_apart(age_bands(25, 64)) }}
),

sexes as (
    {{ sexes() }}
),

decoded as (
    {{ decoded('published', 'codes', {
        'published_area_code': 'BOPOMR', 'published_origin_code': 'HERKOMST', 'published_education_code': 'HFUDD',
        'published_age_code': 'ALDER', 'published_sex_code': 'KØN',
    }) }}
),

asked_for as (
    {{ asked_for('period_owners', 'codes', {
        'published_area_code': 'BOPOMR', 'published_origin_code': 'HERKOMST',
    }) }}
),

strata as (
    select distinct
        asked_for.load_id,
        asked_for.area_code,
        asked_for.period as year,
        sexes.sex,
        age_bands.age_group,
        parts.part
    from asked_for
    inner join parts on asked_for.origin_code = parts.origin_code
    cross join sexes
    cross join age_bands
),

summed as (
    select
        decoded.load_id,
        decoded.area_code,
        decoded.year,
        sexes.sex,
        age_bands.age_group,
        parts.part,
        {{ sum_known('decoded.persons', "decoded.education_code = 'H10'") }} as basic_school,
        {{ sum_known('decoded.persons', "decoded.education_code in ('H20', 'H35')") }} as preparing,
        {{ sum_known(
            'decoded.persons', "decoded.education_code in ('H30', 'H40', 'H50', 'H60', 'H70', 'H80')"
        ) }} as qualifying,
        {{ sum_known('decoded.persons', "decoded.education_code = 'H90'") }} as unknown_level
    from decoded
    inner join parts on decoded.origin_code = parts.origin_code
    inner join sexes on decoded.sex_code = sexes.sex_code
    inner join age_bands on decoded.age_code = age_bands.age_code
    group by all
),

final as (
    select
        strata.area_code as municipality_code,
        strata.year,
        strata.sex,
        strata.age_group,
        strata.part,
        {%- for level in ['basic_school', 'preparing', 'qualifying', 'unknown_level'] %}
        cast(if(summed.load_id is null, 0, summed.{{ level }}) as bigint) as {{ level }},
        {%- endfor %}
        [strata.load_id] as load_ids
    from strata
    left join summed
        on
            strata.load_id = summed.load_id
            and strata.area_code = summed.area_code
            and strata.year = summed.year
            and strata.sex = summed.sex
            and strata.age_group = summed.age_group
            and strata.part = summed.part
)

select * from final
