{{ config(materialized='view') }}

with
target_group as (
    select * from {{ ref('target_group') }}
),

-- A column holds 0 where the origin has no such ancestry, and null where a count is missing.
by_origin as (
    select
        municipality_code,
        municipality_name,
        quarter,
        quarter_start,
        origin,
        data_origin,
        load_id,
        if(bool_or(persons is null), null, sum(persons)) as total,
        sum(if(ancestry = 'danish_origin', persons, 0)) as danish_origin,
        sum(if(ancestry = 'immigrant', persons, 0)) as immigrants,
        sum(if(ancestry = 'descendant', persons, 0)) as descendants,
        bool_or(ancestry = 'immigrant' and persons is null) as lacks_immigrants,
        bool_or(ancestry = 'descendant' and persons is null) as lacks_descendants,
        bool_or(ancestry = 'danish_origin' and persons is null) as lacks_danish_origin
    from target_group
    group by all
),

labelled as (
    select
        *,
        cast(total as bigint) as total_persons,
        cast(if(lacks_danish_origin, null, danish_origin) as bigint) as known_danish_origin,
        cast(if(lacks_immigrants, null, immigrants) as bigint) as known_immigrants,
        cast(if(lacks_descendants, null, descendants) as bigint) as known_descendants,
        case origin
            when 'danish' then 'Danmark'
            when 'western' then 'Vestlige lande'
            when 'non_western' then 'Ikke-vestlige lande'
        end as label_da,
        case origin
            when 'danish' then 'Denmark'
            when 'western' then 'Western countries'
            when 'non_western' then 'Non-western countries'
        end as label_en
    from by_origin
),

final as (
    select
        municipality_code,
        municipality_name,
        quarter,
        quarter_start,
        origin,
        label_da,
        total_persons as total,
        known_danish_origin as danish_origin,
        known_immigrants as immigrants,
        known_descendants as descendants,
        label_en,
        data_origin,
        load_id
    from labelled
)

select * from final
