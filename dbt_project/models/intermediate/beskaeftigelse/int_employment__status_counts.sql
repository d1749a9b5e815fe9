with
period_owners as (
    select * from {{ ref('stg_meta__period_owners') }}
    where dataset = 'ras201'
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where dataset = 'ras201' and is_selected
),

origin_codes as (
    select * from {{ ref('origin_codes') }}
    where table_id = 'RAS201' and variable = 'HERKOMST' and not cast(is_total as boolean)
),

published as (
    select * from {{ ref('stg_statbank__ras201') }}
),

-- RAS201 has no totals of age and sex: both are summed here, over bands and codes written out.
age_bands as (
    select
        '16-64' as age_group,
        unnest([
            '16-19', '20-24', '25-29', '30-34', '35-39', '40-44', '45-49', '50-54', '55-59', '60-64'
        ]) as age_code
    union all
    select
        '25-64' as age_group,
        unnest(['25-29', '30-34', '35-39', '40-44', '45-49', '50-54', '55-59', '60-64']) as age_code
),

sexes as (
    select
        unnest(['total', 'total', 'men', 'women']) as sex,
        unnest(['M', 'K', 'M', 'K']) as sex_code
),

areas as (
    select
        load_id,
        published_code,
        canonical_code as municipality_code
    from codes
    where variable = 'OMRÅDE'
),

statuses as (
    select
        load_id,
        published_code,
        canonical_code as status_code
    from codes
    where variable = 'SOCIO'
),

parts as (
    select
        codes.load_id,
        codes.published_code,
        {{ origin_part('origin_codes.origin', 'origin_codes.ancestry') }} as part
    from codes
    inner join origin_codes on codes.canonical_code = origin_codes.code
    where codes.variable = 'HERKOMST'
),

summed as (
    select
        published.load_id,
        areas.municipality_code,
        published.year,
        sexes.sex,
        age_bands.age_group,
        parts.part,
        coalesce(sum(published.persons) filter (where statuses.status_code = '00'), 0) as employed,
        coalesce(sum(published.persons) filter (where statuses.status_code = '50'), 0) as unemployed,
        coalesce(sum(published.persons) filter (where statuses.status_code = '55'), 0) as outside,
        coalesce(sum(published.persons), 0) as population,
        bool_or(published.persons is null) as has_missing
    from published
    inner join areas
        on published.load_id = areas.load_id and published.published_area_code = areas.published_code
    inner join parts
        on published.load_id = parts.load_id and published.published_origin_code = parts.published_code
    inner join statuses
        on published.load_id = statuses.load_id and published.published_status_code = statuses.published_code
    inner join sexes on published.published_sex_code = sexes.sex_code
    inner join age_bands on published.published_age_code = age_bands.age_code
    group by all
),

-- Everything that was asked for: the published table leaves rows that are 0 out.
asked_for as (
    select distinct
        period_owners.load_id,
        areas.municipality_code,
        period_owners.period as year,
        sexes.sex,
        age_bands.age_group,
        parts.part
    from period_owners
    inner join areas on period_owners.load_id = areas.load_id
    inner join parts on period_owners.load_id = parts.load_id
    cross join sexes
    cross join age_bands
),

filled as (
    select
        asked_for.*,
        coalesce(summed.employed, 0) as employed,
        coalesce(summed.unemployed, 0) as unemployed,
        coalesce(summed.outside, 0) as outside,
        coalesce(summed.population, 0) as population,
        coalesce(summed.has_missing, false) as has_missing
    from asked_for
    left join summed
        on
            asked_for.load_id = summed.load_id
            and asked_for.municipality_code = summed.municipality_code
            and asked_for.year = summed.year
            and asked_for.sex = summed.sex
            and asked_for.age_group = summed.age_group
            and asked_for.part = summed.part
),

-- A sum with a missing member is not known.
final as (
    select
        municipality_code,
        year,
        sex,
        age_group,
        part,
        has_missing,
        cast(if(has_missing, null, employed) as bigint) as employed,
        cast(if(has_missing, null, unemployed) as bigint) as unemployed,
        cast(if(has_missing, null, outside) as bigint) as outside,
        cast(if(has_missing, null, population) as bigint) as population,
        [load_id] as load_ids
    from filled
)

select * from final
