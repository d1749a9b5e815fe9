with
classification as (
    select * from {{ ref('country_origin_classification') }}
),

typed as (
    select
        country_id,
        name_da as label_da,
        name_en as label_en,
        origin,
        basis,
        cast(is_menapt as boolean) as is_menapt,
        cast(valid_from as date) as valid_from,
        cast(valid_to as date) as valid_to,
        nullif(code, '') as country_code,
        nullif(basis_note, '') as basis_note,
        coalesce(string_split(nullif(aliases, ''), '|'), []) as aliases
    from classification
),

numbered as (
    select
        *,
        row_number() over (partition by country_id order by valid_from desc nulls last) as version_from_newest
    from typed
),

final as (
    select
        country_id,
        country_code,
        label_da,
        label_en,
        origin,
        basis,
        basis_note,
        aliases,
        is_menapt,
        valid_from,
        valid_to,
        version_from_newest = 1 as is_current
    from numbered
)

select * from final
