{#- A new indicator is one more counts model in this list. -#}
{%- set counts_models = [
    ref('int_counts__employment_rate'),
    ref('int_counts__employment_rate_quarterly'),
    ref('int_counts__unemployment_share'),
    ref('int_counts__outside_labour_force'),
    ref('int_counts__cash_benefit_share'),
    ref('int_counts__public_support_share'),
    ref('int_counts__grade9_completion'),
    ref('int_counts__youth_education'),
    ref('int_counts__qualifying_education'),
    ref('int_counts__grade9_grades'),
    ref('int_counts__perceived_diversity'),
    ref('int_counts__turnout_municipal'),
    ref('int_counts__turnout_by_area'),
    ref('int_counts__danish_tests'),
] -%}

with
counts as (
    {{ union_counts(counts_models) }}
),

breaks as (
    select * from {{ ref('series_breaks') }}
),

loads as (
    select * from {{ ref('stg_meta__loads') }}
),

named as (
    {{ counts_with_successors('counts', 'loads') }}
),

with_breaks as (
    {{ counts_with_breaks('named', 'breaks') }}
),

final as (
    select {{ count_columns() | join(', ') }}
    from with_breaks
)

select * from final
