with
population as (
    select * from {{ ref('int_population__by_origin') }}
),

municipalities as (
    select * from {{ ref('dim_municipality') }}
),

loads as (
    select * from {{ ref('stg_meta__loads') }}
),

final as (
    select
        population.municipality_code,
        municipalities.label_da as municipality_name,
        population.quarter,
        {{ quarter_start('population.quarter') }} as quarter_start,
        population.origin,
        population.ancestry,
        population.persons,
        loads.data_origin,
        population.load_id
    from population
    left join municipalities on population.municipality_code = municipalities.municipality_code
    left join loads on population.load_id = loads.load_id
)

select * from final
