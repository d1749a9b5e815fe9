with
status_counts as (
    select * from {{ ref('int_employment__status_counts') }}
    where age_group = '16-64'
),

final as (
    {{ count_rows('status_counts', 'unemployment_share', 'unemployed', 'employed + unemployed', ['RAS201']) }}
)

select * from final
