with
source as (
    select * from {{ source('raw', 'statbank_codes') }}
),

final as (
    select
        load_id,
        dataset,
        published_code,
        published_text,
        cast(position as integer) as code_position,
        cast(selected as boolean) as is_selected,
        upper(variable) as variable,
        coalesce(canonical_code, published_code) as canonical_code
    from source
)

select * from final
