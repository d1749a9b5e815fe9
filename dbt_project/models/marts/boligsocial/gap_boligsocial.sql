with
indicators as (
    select * from {{ ref('dim_indicator') }}
    where focus_area = 'boligsocial'
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

dissimilarity as (
    select * from {{ ref('int_residence__dissimilarity') }}
),

hidden_groups as (
    select * from {{ ref('int_disclosure__hidden_groups') }}
),

rate_gaps as (
    {{ gap_rows(hidden='hidden_groups') }}
),

index_gaps as (
    {{ index_rows('dissimilarity', 'residential_dissimilarity', 'dissimilarity', ['KMSTA001']) }}
),

final as (
    select * from rate_gaps
    union all by name
    select * from index_gaps
)

select {{ gap_columns() | join(', ') }} from final
