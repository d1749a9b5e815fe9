with
status_counts as (
    select * from {{ ref('int_employment__quarterly_status_counts') }}
),

final as (
    {{ count_rows(
        'status_counts', 'employment_rate_quarterly', 'employed', 'population', ['KAS201'],
        period='quarter', frequency='quarter', period_start=quarter_start('quarter')
    ) }}
)

select * from final
