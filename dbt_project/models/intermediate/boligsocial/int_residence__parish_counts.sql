with
period_owners as (
    select * from {{ ref('stg_meta__period_owners') }}
    where dataset = 'kmsta001'
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where dataset = 'kmsta001'
),

parts as (
    {{ origin_parts(ref('origin_codes'), 'KMSTA001') }}
),

-- The table of parishes is fetched whole; the municipalities that the settings ask for are those asked of the
-- tables that have them.
municipalities_asked_for as (
    select distinct canonical_code
    from {{ ref('stg_statbank__codes') }}
    where variable in ('OMRÅDE', 'BOPOMR') and is_selected
),

municipalities as (
    select
        area_code as municipality_code,
        year(valid_to) as last_year,
        {{ folded_name('name_da') }} as name_key
    from {{ ref('areas') }}
    where
        level = 'municipality'
        and (
            area_code in (select asked.canonical_code from municipalities_asked_for as asked)
            or not exists (select 1 from municipalities_asked_for)
        )
),

published as (
    select * from {{ ref('stg_statbank__kmsta001') }}
),

-- A parish is its municipality's by its published text, "7001 Vor Frue (Københavns Kommune)": the name may be
-- in the genitive. A text that names none leaves the parish out.
named as (
    select
        load_id,
        published_code,
        canonical_code,
        {{ folded_name("regexp_extract(published_text, '\\(([^()]+?) (regions)?kommune\\)\\s*$', 1, 'i')") }}
            as name_key
    from codes
    where variable = 'SOGN' and is_selected
),

parishes as (
    select
        named.load_id,
        named.published_code,
        named.canonical_code as parish_code,
        municipalities.municipality_code,
        municipalities.last_year
    from named
    inner join municipalities
        on municipalities.name_key in (named.name_key, regexp_replace(named.name_key, 's$', ''))
    qualify row_number() over (
        partition by named.load_id, named.published_code
        order by municipalities.name_key = named.name_key desc
    ) = 1
),

-- A text names one municipality for every year of its load. After a merger the texts of older loads tell
-- whose a parish was while that municipality existed.
earlier_municipalities as (
    select
        parish_code,
        last_year,
        any_value(municipality_code) as municipality_code
    from parishes
    where last_year is not null
    group by all
),

decoded as (
    {{ decoded('published', 'codes', {
        'published_origin_code': 'HERKOMST', 'published_membership_code': 'FKMED',
    }) }}
),

asked_for as (
    {{ asked_for('period_owners', 'codes', {'published_origin_code': 'HERKOMST'}) }}
),

-- Church membership is summed away here and goes no further.
persons as (
    select
        decoded.load_id,
        decoded.year,
        decoded.published_parish_code,
        decoded.origin_code,
        {{ sum_known('decoded.persons') }} as persons
    from decoded
    where decoded.membership_code in ('F', 'U')
    group by all
),

final as (
    select
        coalesce(earlier_municipalities.municipality_code, parishes.municipality_code) as municipality_code,
        parishes.parish_code,
        asked_for.period as year,
        parts.part,
        {{ sum_known('if(persons.load_id is null, 0, persons.persons)') }} as persons,
        asked_for.load_id
    from asked_for
    inner join parts on asked_for.origin_code = parts.origin_code
    inner join parishes on asked_for.load_id = parishes.load_id
    asof left join earlier_municipalities
        on
            parishes.parish_code = earlier_municipalities.parish_code
            and cast(asked_for.period as integer) <= earlier_municipalities.last_year
    left join persons
        on
            asked_for.load_id = persons.load_id
            and asked_for.period = persons.year
            and asked_for.origin_code = persons.origin_code
            and parishes.published_code = persons.published_parish_code
    group by all
)

select * from final
