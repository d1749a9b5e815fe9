-- A row that RAS201 leaves out counts as 0, so every status, sex, origin and age band of 16-64 must have been
-- asked for.
with
period_owners as (
    select * from {{ ref('stg_meta__period_owners') }}
    where dataset = 'ras201'
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where dataset = 'ras201' and is_selected
),

needed as (
    select
        unnest(['SOCIO', 'KØN', 'HERKOMST', 'ALDER']) as variable,
        unnest([
            ['00', '50', '55'],
            ['M', 'K'],
            ['999', '24', '25', '34', '35'],
            ['16-19', '20-24', '25-29', '30-34', '35-39', '40-44', '45-49', '50-54', '55-59', '60-64']
        ]) as needed_codes
),

needed_codes as (
    select
        variable,
        unnest(needed_codes) as code
    from needed
),

owning_loads as (
    select distinct load_id
    from period_owners
),

final as (
    select
        owning_loads.load_id,
        needed_codes.variable,
        needed_codes.code
    from owning_loads
    cross join needed_codes
    left join codes
        on
            owning_loads.load_id = codes.load_id
            and needed_codes.variable = codes.variable
            and needed_codes.code = codes.canonical_code
    where codes.load_id is null
)

select * from final
