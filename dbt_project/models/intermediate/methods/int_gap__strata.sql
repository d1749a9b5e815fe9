{{ config(materialized='view') }}

{#- A new indicator whose source has age bands is one more strata model in this list. -#}
{%- set strata_models = [
    ref('int_strata__employment'),
    ref('int_strata__employment_quarterly'),
    ref('int_strata__education'),
] -%}

with
final as (
    {{ union_strata(strata_models) }}
)

select * from final
