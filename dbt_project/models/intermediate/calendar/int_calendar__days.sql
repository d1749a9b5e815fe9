{{ config(materialized='view') }}

with

days as (
    select unnest(generate_series(date '2000-01-01', date '2050-12-31', interval 1 day)) as moment
),

final as (
    select cast(moment as date) as calendar_day from days
)

select * from final
