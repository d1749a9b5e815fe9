{%- set row_keys = ['indicator_id', 'period', 'sex', 'age_group', 'target_group', 'reference_group'] -%}

with
gaps as (
    select * from {{ ref('gaps') }}
    where subarea_code = 'total' and value_status = 'observed'
),

municipalities as (
    select * from {{ ref('dim_municipality') }}
),

peer_groups as (
    select * from {{ ref('peer_groups') }}
),

placed as (
    select
        gaps.*,
        municipalities.area_level,
        municipalities.region_code,
        not list_contains(gaps.usage_warnings, 'small_base') as is_ranked
    from gaps
    inner join municipalities on gaps.municipality_code = municipalities.municipality_code
),

compared as (
    select * from placed
    where area_level = 'municipality'
),

-- A gap from few persons is shown, but takes no rank and moves no quartile.
ranked as (
    select
        municipality_code,
        {{ row_keys | join(', ') }},
        rank() over (partition by {{ row_keys | join(', ') }} order by gap_pp) as gap_rank
    from compared
    where is_ranked
),

spread as (
    select
        {{ row_keys | join(', ') }},
        cast(count(*) as integer) as ranked_of,
        quantile_cont(gap_pp, 0.25) as quartile_1_pp,
        quantile_cont(gap_pp, 0.5) as median_pp,
        quantile_cont(gap_pp, 0.75) as quartile_3_pp
    from compared
    where is_ranked
    group by all
),

own_groups as (
    select distinct
        municipality_code,
        peer_group
    from peer_groups
),

peer_medians as (
    select
        peer_groups.municipality_code,
        {% for key in row_keys -%}
        compared.{{ key }},
        {% endfor -%}
        quantile_cont(compared.gap_pp, 0.5) as peer_median_pp
    from peer_groups
    inner join compared on peer_groups.member_code = compared.municipality_code
    where compared.is_ranked
    group by all
),

with_neighbours as (
    select
        compared.*,
        country.gap_pp as national_gap_pp,
        region.gap_pp as region_gap_pp,
        spread.quartile_1_pp,
        spread.median_pp,
        spread.quartile_3_pp,
        own_groups.peer_group,
        peer_medians.peer_median_pp,
        cast(ranked.gap_rank as integer) as rank,
        coalesce(spread.ranked_of, 0) as ranked_of
    from compared
    left join ranked
        on
            compared.municipality_code = ranked.municipality_code
            {% for key in row_keys -%}
            and compared.{{ key }} = ranked.{{ key }}
            {% endfor %}
    left join spread
        on
            compared.indicator_id = spread.indicator_id
            {% for key in row_keys if key != 'indicator_id' -%}
            and compared.{{ key }} = spread.{{ key }}
            {% endfor %}
    left join placed as country
        on
            country.area_level = 'country'
            {% for key in row_keys -%}
            and compared.{{ key }} = country.{{ key }}
            {% endfor %}
    left join placed as region
        on
            region.area_level = 'region'
            and compared.region_code = region.municipality_code
            {% for key in row_keys -%}
            and compared.{{ key }} = region.{{ key }}
            {% endfor %}
    left join own_groups on compared.municipality_code = own_groups.municipality_code
    left join peer_medians
        on
            compared.municipality_code = peer_medians.municipality_code
            {% for key in row_keys -%}
            and compared.{{ key }} = peer_medians.{{ key }}
            {% endfor %}
),

final as (
    select
        indicator_id,
        focus_area,
        period,
        sex,
        age_group,
        target_group,
        reference_group,
        municipality_code,
        municipality_name,
        gap_pp,
        rank,
        ranked_of,
        national_gap_pp,
        region_gap_pp,
        quartile_1_pp,
        median_pp,
        quartile_3_pp,
        peer_group,
        peer_median_pp,
        usage_warnings
    from with_neighbours
)

select * from final
