with
level_counts as (
    select * from {{ ref('int_education__level_counts') }}
    where age_group = '25-64'
),

final as (
    {{ count_rows(
        'level_counts', 'qualifying_education', 'qualifying', 'basic_school + preparing + qualifying',
        ['LIGEUB1'], unknown='unknown_level'
    ) }}
)

select * from final
