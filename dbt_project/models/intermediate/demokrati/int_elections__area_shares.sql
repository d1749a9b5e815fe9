{#- The origin groups of the election database that are approximately non-western. -#}
{%- set non_western = "topic = 'origin' and group_code in ('03', '04', '07', '08', '10', '11')" -%}

with
background as (
    select * from {{ ref('stg_elections__valgdatabase') }}
),

reference_dates as (
    select
        cast(reference_date as date) as reference_date,
        coalesce(label, '') as reference_label
    from {{ ref('valgdatabase_reference_dates') }}
),

-- The published groups are not western and non-western: Turkey, the former Yugoslavia, the rest of Europe,
-- Africa, South and Central America, and Asia with Oceania come nearest. Unrounded, as DST splits persons
-- over areas.
summed as (
    select
        load_id,
        period,
        municipality_code,
        area_number,
        coalesce(published_label, '') as reference_label,
        {{ exact_sum('if(' ~ non_western ~ ', persons, null)') }} as non_western_persons,
        {{ exact_sum("if(topic = 'citizenship', persons, null)") }} as persons
    from background
    group by all
),

final as (
    select
        summed.load_id,
        summed.period,
        summed.municipality_code,
        summed.area_number,
        summed.non_western_persons,
        summed.persons,
        reference_dates.reference_date,
        100 * summed.non_western_persons / nullif(summed.persons, 0) as non_western_share_pct
    from summed
    inner join reference_dates on summed.reference_label = reference_dates.reference_label
    where summed.non_western_persons is not null and summed.persons > 0
)

select * from final
