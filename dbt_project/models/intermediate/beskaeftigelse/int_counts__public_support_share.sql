with
published as (
    select * from {{ ref('stg_education__public_support') }}
),

-- A count without a population to hold it against gives no part, so its group counts as not delivered.
usable as (
    select
        *,
        {{ origin_part('origin', 'ancestry') }} as part
    from published
    where value_status = 'suppressed' or population is not null
),

summed as (
    select
        municipality_code,
        quarter,
        part,
        {{ sum_known('full_time_persons') }} as full_time_persons,
        {{ sum_known('population') }} as population,
        list_sort(list(distinct load_id)) as load_ids
    from usable
    where part is not null
    group by all
),

final as (
    {{ count_rows(
        'summed', 'public_support_share', 'full_time_persons', 'population', ['JOBINDSATS'],
        period='quarter', frequency='quarter', period_start=quarter_start('quarter'),
        sex="'total'", age_group="'16-66'"
    ) }}
)

select * from final
