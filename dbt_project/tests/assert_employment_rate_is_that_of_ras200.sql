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
    where table_id = 'RAS200' and variable = 'HERKOMST' and not cast(is_total as boolean)
),

loads as (
    select * from {{ ref('stg_meta__loads') }}
),

published as (
    select * from {{ ref('stg_statbank__ras200') }}
    where published_age_code = '16-64' and rate_pct is not null
),

published_rates as (
    select
        area_codes.canonical_code as municipality_code,
        published.year,
        case published.published_sex_code
            when 'TOT' then 'total'
            when 'M' then 'men'
            when 'K' then 'women'
        end as sex,
        {{ origin_part('origin_codes.origin', 'origin_codes.ancestry') }} as part,
        published.published_rate_code as rate_code,
        published.rate_pct,
        loads.data_origin
    from published
    inner join loads on published.load_id = loads.load_id
    inner join codes as area_codes
        on
            published.load_id = area_codes.load_id
            and area_codes.variable = 'OMRÅDE'
            and published.published_area_code = area_codes.published_code
    inner join codes as published_origin_codes
        on
            published.load_id = published_origin_codes.load_id
            and published_origin_codes.variable = 'HERKOMST'
            and published.published_origin_code = published_origin_codes.published_code
    inner join origin_codes on published_origin_codes.canonical_code = origin_codes.code
    where origin_codes.origin <> 'western'
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
