-- Rates counted from RAS201 against those RAS200 publishes to one decimal, for the parts that are one code in
-- both. Missing values (`..`) and rows left out apart. EFK is the activity rate: the unemployed count too.
with
status_counts as (
    select * from {{ ref('int_employment__status_counts') }}
    where age_group = '16-64' and population > 0
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where dataset = 'ras200'
),

origin_codes as (
    select * from {{ ref('origin_codes') }}
),

loads as (
    select * from {{ ref('stg_meta__loads') }}
),

published as (
    select * from {{ ref('stg_statbank__ras200') }}
),

parts as (
    {{ origin_parts('origin_codes', 'RAS200') }}
),

sexes as (
    {{ sexes() }}
),

decoded as (
    {{ decoded('published', 'codes', {
        'published_area_code': 'OMRÅDE', 'published_origin_code': 'HERKOMST', 'published_age_code': 'ALDER',
        'published_sex_code': 'KØN', 'published_rate_code': 'BEREGNING',
    }) }}
),

published_rates as (
    select
        decoded.area_code as municipality_code,
        decoded.year,
        sexes.sex,
        parts.part,
        decoded.rate_code,
        decoded.rate_pct,
        loads.data_origin
    from decoded
    inner join loads on decoded.load_id = loads.load_id
    inner join sexes on decoded.sex_code = sexes.sex_code
    inner join parts on decoded.origin_code = parts.origin_code
    where decoded.age_code = '16-64' and decoded.rate_pct is not null and parts.part <> 'western'
),

compared as (
    select
        published_rates.*,
        status_counts.population,
        100.0 * if(
            published_rates.rate_code = 'BFK',
            status_counts.employed,
            status_counts.employed + status_counts.unemployed
        ) / status_counts.population as counted_rate_pct
    from published_rates
    inner join status_counts
        on
            published_rates.municipality_code = status_counts.municipality_code
            and published_rates.year = status_counts.year
            and published_rates.sex = status_counts.sex
            and published_rates.part = status_counts.part
    inner join loads
        on
            status_counts.load_ids[1] = loads.load_id
            and published_rates.data_origin = loads.data_origin
),

final as (
    select * from compared
    where abs(counted_rate_pct - rate_pct) > 0.05 + 0.000001
)

select * from final
