{#-
    KAS201 by quarter, as the CTEs that `labour_status_counts` asks for: owners, codes, origin_codes, published,
    period_owners. The caller adds `sexes`. Code 1 of PERIODE is the average of the year, not a quarter; the newest
    year may still lack quarters, and one without any row is not there, it is not 0.
-#}
{% macro quarters_of_kas201() -%}
owners as (
    select * from {{ ref('stg_meta__period_owners') }}
    where dataset = 'kas201'
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where dataset = 'kas201'
),

origin_codes as (
    select * from {{ ref('origin_codes') }}
),

kas201 as (
    select * from {{ ref('stg_statbank__kas201') }}
),

part_of_year as (
    {{ decoded('kas201', 'codes', {'published_part_of_year_code': 'PERIODE'}) }}
),

published as (
    select
        * exclude (year, part_of_year_code),
        year || part_of_year_code as period
    from part_of_year
    where part_of_year_code in ('K1', 'K2', 'K3', 'K4')
),

quarters as (
    select distinct
        load_id,
        period
    from published
),

period_owners as (
    select quarters.*
    from quarters
    inner join owners on quarters.load_id = owners.load_id and left(quarters.period, 4) = owners.period
)
{%- endmacro %}
