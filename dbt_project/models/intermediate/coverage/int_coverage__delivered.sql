with
indicators as (
    select * from {{ ref('dim_indicator') }}
),

owners as (
    select distinct
        dataset,
        load_id
    from {{ ref('stg_meta__period_owners') }}
),

codes as (
    select * from {{ ref('stg_statbank__codes') }}
    where variable in ('OMRÅDE', 'BOPOMR')
),

-- The dataset of each source, and the sources that stand in for one another.
sources as (
    select
        indicator_id,
        unnest(source_tables) as source_table
    from indicators
),

datasets as (
    select
        indicator_id,
        case source_table
            when 'JOBINDSATS' then 'jobindsats_support'
            when 'UDDANNELSESSTATISTIK' then 'education_grades'
            else lower(source_table)
        end as dataset,
        if(source_table in ('VALG_DK', 'DST_ELECTIONS'), 'elections', source_table) as source_need
    from sources
),

needs as (
    select
        datasets.indicator_id,
        datasets.source_need,
        bool_or(owners.dataset is not null) as is_met
    from datasets
    left join owners on datasets.dataset = owners.dataset
    group by all
),

met as (
    select
        indicator_id,
        bool_and(is_met) as is_delivered
    from needs
    group by all
),

-- What the provider offers and nobody asked for, since the settings name other municipalities.
left_out as (
    select
        datasets.indicator_id,
        list(distinct codes.canonical_code) filter (where not codes.is_selected) as areas_left_out,
        bool_or(codes.canonical_code = '000') as has_regions
    from datasets
    inner join codes on datasets.dataset = codes.dataset
    group by all
),

-- A source by parish or polling area cannot say which municipalities nobody asked for; the others can.
left_out_everywhere as (
    select coalesce(list(area_code), []) as areas_left_out
    from (
        select canonical_code as area_code
        from codes
        where canonical_code is not null
        group by canonical_code
        having not bool_or(is_selected)
    ) as never_asked_for
),

final as (
    select
        indicators.indicator_id,
        indicators.indicator_id in ('perceived_diversity', 'turnout_municipal', 'danish_tests')
            as is_own_data,
        coalesce(met.is_delivered, false) as is_delivered,
        coalesce(left_out.has_regions, false) as has_regions,
        if(
            left_out.indicator_id is null,
            left_out_everywhere.areas_left_out,
            coalesce(left_out.areas_left_out, [])
        ) as areas_left_out
    from indicators
    cross join left_out_everywhere
    left join met on indicators.indicator_id = met.indicator_id
    left join left_out on indicators.indicator_id = left_out.indicator_id
)

select * from final
