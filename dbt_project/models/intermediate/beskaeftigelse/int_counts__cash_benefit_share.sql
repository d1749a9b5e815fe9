with
recipients as (
    select * from {{ ref('int_benefits__recipients') }}
),

population as (
    select * from {{ ref('int_population__aged_18_66') }}
),

-- A year whose population lacks a quarter makes no row; `coverage` names it.
shares as (
    select
        recipients.municipality_code,
        recipients.year,
        recipients.origin as part,
        recipients.full_year_recipients,
        population.mean_persons,
        list_sort(list_distinct(list_append(population.load_ids, recipients.load_id))) as load_ids
    from recipients
    inner join population
        on
            recipients.municipality_code = population.municipality_code
            and recipients.year = population.year
            and recipients.origin = population.part
),

final as (
    {{ count_rows(
        'shares', 'cash_benefit_share', 'full_year_recipients', 'mean_persons', ['FOLK1E', 'KY038'],
        sex="'total'", age_group="'18-66'"
    ) }}
)

select * from final
