with
period_owners as (
    select * from {{ ref('stg_meta__period_owners') }}
    where dataset = 'folk1e'
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where dataset = 'folk1e' and is_selected
),

origin_codes as (
    select * from {{ ref('origin_codes') }}
    where table_id = 'FOLK1E' and variable = 'HERKOMST' and not cast(is_total as boolean)
),

persons_of_all_ages as (
    select * from {{ ref('stg_statbank__folk1e') }}
    where published_sex_code = 'TOT' and published_age_code = 'IALT'
),

areas as (
    select
        load_id,
        published_code,
        canonical_code as municipality_code
    from codes
    where variable = 'OMRÅDE'
),

origins as (
    select
        codes.load_id,
        codes.published_code,
        origin_codes.origin,
        origin_codes.ancestry
    from codes
    inner join origin_codes on codes.canonical_code = origin_codes.code
    where codes.variable = 'HERKOMST'
),

-- Everything that was asked for: the published table leaves rows that are 0 out.
asked_for as (
    select
        period_owners.load_id,
        period_owners.period as quarter,
        areas.municipality_code,
        areas.published_code as published_area_code,
        origins.published_code as published_origin_code,
        origins.origin,
        origins.ancestry
    from period_owners
    inner join areas on period_owners.load_id = areas.load_id
    inner join origins on period_owners.load_id = origins.load_id
),

final as (
    select
        asked_for.municipality_code,
        asked_for.quarter,
        asked_for.origin,
        asked_for.ancestry,
        asked_for.load_id,
        if(persons_of_all_ages.load_id is null, 0, persons_of_all_ages.persons) as persons,
        persons_of_all_ages.load_id is null as is_implicit_zero
    from asked_for
    left join persons_of_all_ages
        on
            asked_for.load_id = persons_of_all_ages.load_id
            and asked_for.quarter = persons_of_all_ages.quarter
            and asked_for.published_area_code = persons_of_all_ages.published_area_code
            and asked_for.published_origin_code = persons_of_all_ages.published_origin_code
)

select * from final
