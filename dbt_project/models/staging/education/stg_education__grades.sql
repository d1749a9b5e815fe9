with
source as (
    {{ corrected('education_grades') }}
),

final as (
    select
        load_id,
        period as school_year,
        municipality_code,
        municipality_name,
        municipality_basis,
        origin_text,
        origin,
        ancestry,
        value_status,
        cast(pupils as bigint) as pupils,
        cast(passed as bigint) as published_passed,
        cast(share_pct as double) as published_share_pct,
        cast(coalesce(passed, round(pupils * share_pct / 100)) as bigint) as passed,
        passed is null and share_pct is not null as is_passed_derived
    from source
)

select * from final
