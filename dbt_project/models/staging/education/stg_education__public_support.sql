with
source as (
    {{ corrected('jobindsats_support') }}
),

final as (
    select
        load_id,
        period as quarter,
        municipality_code,
        area as area_name,
        origin_text,
        origin,
        ancestry,
        population_basis,
        value_status,
        cast(full_time_persons as double) as full_time_persons,
        cast(population as double) as population,
        cast(share_pct as double) as published_share_pct
    from source
)

select * from final
