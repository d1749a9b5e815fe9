-- Every indicator of every area has its row, and a reason in both languages wherever a figure is not there or
-- is only a proxy.
with
coverage as (
    select * from {{ ref('coverage') }}
),

indicators as (
    select * from {{ ref('dim_indicator') }}
),

areas as (
    select * from {{ ref('dim_municipality') }}
    where area_level in ('country', 'region', 'municipality')
),

final as (
    select
        indicators.indicator_id,
        areas.municipality_code,
        coverage.value_status,
        coverage.periods_present,
        coverage.reason_da,
        coverage.reason_en
    from indicators
    cross join areas
    left join coverage
        on
            indicators.indicator_id = coverage.indicator_id
            and areas.municipality_code = coverage.municipality_code
    where
        coverage.indicator_id is null
        or (coverage.value_status = 'observed') <> (coverage.periods_present > 0)
        or (
            (coverage.value_status <> 'observed' or coverage.measurability = 'proxy')
            and (coalesce(trim(coverage.reason_da), '') = '' or coalesce(trim(coverage.reason_en), '') = '')
        )
)

select * from final
