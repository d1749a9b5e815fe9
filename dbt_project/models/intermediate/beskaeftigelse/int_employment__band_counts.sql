with
period_owners as (
    select * from {{ ref('stg_meta__period_owners') }}
    where dataset = 'ras201'
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where dataset = 'ras201'
),

origin_codes as (
    select * from {{ ref('origin_codes') }}
),

published as (
    select * rename (year as period)
    from {{ ref('stg_statbank__ras201') }}
),

-- RAS201 has no totals of age and sex: what is summed later is written out here.
sexes as (
    {{ sexes_apart() }}
),

counted as (
    {{ labour_status_counts('RAS201', age_groups=bands_apart(age_bands(16, 64))) }}
),

final as (
    select * rename (period as year, age_group as age_band)
    from counted
)

select * from final
