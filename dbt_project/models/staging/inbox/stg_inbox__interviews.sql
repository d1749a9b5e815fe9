with
source as (
    select * from {{ source('raw', 'interviews') }}
),

final as (
    select
        load_id,
        wave_id,
        municipality_code,
        community_id,
        respondent_id,
        item_id,
        community_name,
        origin_group,
        file_name,
        cast(score as bigint) as score,
        cast(wave_date as date) as wave_date,
        coalesce(lower(consent) = 'true', false) as has_consent
    from source
)

select * from final
