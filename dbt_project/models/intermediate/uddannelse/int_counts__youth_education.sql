with
level_counts as (
    select * from {{ ref('int_education__level_counts') }}
    where age_group = '20-24'
),

final as (
    {{ count_rows(
        'level_counts', 'youth_education', 'preparing + qualifying', 'basic_school + preparing + qualifying',
        ['LIGEUB1'], unknown='unknown_level'
    ) }}
)

select * from final
