with
status_counts as (
    select * from {{ ref('int_employment__status_counts') }}
),

final as (
    {{ count_rows('status_counts', 'employment_rate', 'employed', 'population', ['RAS201']) }}
)

select * from final
