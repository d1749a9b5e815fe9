-- A revision has two values that differ, and its difference is theirs. Nothing is of the municipality's own
-- data.
with
revisions as (
    select * from {{ ref('revisions') }}
),

final as (
    select
        object_name,
        key,
        period,
        old_value,
        new_value,
        difference,
        old_load_id,
        new_load_id
    from revisions
    where
        old_value is not distinct from new_value
        or difference is distinct from new_value - old_value
        or object_name in ('raw.turnout_by_origin', 'raw.interviews', 'raw.danish_tests')
        or (
            object_name = 'marts.gaps'
            and {{ is_own_data("json_extract_string(key, '$.indicator_id')") }}
        )
)

select * from final
