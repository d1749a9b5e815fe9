with
indicators as (
    select * from {{ ref('dim_indicator') }}
    where focus_area = 'demokrati'
),

municipalities as (
    select * from {{ ref('dim_municipality') }}
),

loads as (
    select * from {{ ref('stg_meta__loads') }}
),

counts as (
    select int_gap__counts.*
    from {{ ref('int_gap__counts') }} as int_gap__counts
    inner join indicators on int_gap__counts.indicator_id = indicators.indicator_id
),

hidden_groups as (
    select * from {{ ref('int_disclosure__hidden_groups') }}
),

final as (
    {{ gap_rows(hidden='hidden_groups') }}
)

select * from final
