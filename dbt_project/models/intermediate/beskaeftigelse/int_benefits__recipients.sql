with
period_owners as (
    select * from {{ ref('stg_meta__period_owners') }}
    where dataset = 'ky038'
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where dataset = 'ky038'
),

origin_codes as (
    select * from {{ ref('origin_codes') }}
    where table_id = 'KY038' and variable = 'HERKOMST1' and not cast(is_total as boolean)
),

published as (
    select * from {{ ref('stg_statbank__ky038') }}
),

decoded as (
    {{ decoded('published', 'codes', {
        'published_area_code': 'OMRÅDE', 'published_benefit_code': 'YDELSESTYPE',
        'published_origin_code': 'HERKOMST1', 'published_ancestry_code': 'HERKOMST',
    }) }}
),

asked_for as (
    {{ asked_for('period_owners', 'codes', {
        'published_area_code': 'OMRÅDE', 'published_origin_code': 'HERKOMST1',
    }) }}
),

-- All benefits together. The two origin variables are views of the same persons: the other one stays at its
-- total.
all_benefits as (
    select * from decoded
    where benefit_code = '10000' and ancestry_code = '0'
),

final as (
    select
        asked_for.area_code as municipality_code,
        asked_for.period as year,
        origin_codes.origin,
        asked_for.load_id,
        if(all_benefits.load_id is null, 0, all_benefits.full_year_recipients) as full_year_recipients
    from asked_for
    inner join origin_codes on asked_for.origin_code = origin_codes.code
    left join all_benefits
        on
            asked_for.load_id = all_benefits.load_id
            and asked_for.period = all_benefits.year
            and asked_for.area_code = all_benefits.area_code
            and asked_for.origin_code = all_benefits.origin_code
)

select * from final
