{{ config(materialized='view') }}

{#- A new indicator is one more counts model in this list. -#}
{%- set counts_models = [
    ref('int_counts__employment_rate'),
] -%}

with
final as (
    {{ union_counts(counts_models) }}
)

select * from final
