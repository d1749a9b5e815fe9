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

breaks as (
    select * from {{ ref('series_breaks') }}
),

rate_gaps as (
    {{ gap_rows(hidden='hidden_groups') }}
),

index_gaps as (
    {{ index_rows('dissimilarity', 'residential_dissimilarity', 'dissimilarity', ['KMSTA001']) }}
),

index_with_breaks as (
    {{ counts_with_breaks('index_gaps', 'breaks') }}
),

index_warned as (
    select
        * replace (
            if(
                is_series_break, list_sort(list_append(usage_warnings, 'series_break')), usage_warnings
            ) as usage_warnings
        )
    from index_with_breaks
),

final as (
    select * from rate_gaps
    union all by name
    select * from index_warned
)

select {{ gap_columns() | join(', ') }} from final
