with
indicators as (
    select * from {{ ref('dim_indicator') }}
    where focus_area = 'beskaeftigelse'
),

municipalities as (
    select * from {{ ref('dim_municipality') }}
),

loads as (
    select * from {{ ref('stg_meta__loads') }}
),

age_effects as (
    select * from {{ ref('int_gap__age_effects') }}
),

counts as (
    select int_gap__counts.*
    from {{ ref('int_gap__counts') }} as int_gap__counts
    inner join indicators on int_gap__counts.indicator_id = indicators.indicator_id
),

final as (
    {{ gap_rows(standardised='age_effects') }}
)

select * from final
