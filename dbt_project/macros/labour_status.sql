{#-
    Population by labour-market status, summed to age groups, for everything that was asked for.

    table_id    RAS201 or KAS201, for the origin codes
    age_groups  which age bands make up an age group; those of employment, if not said otherwise
    sexes       CTE of sex and sex_code: which published codes make up a sex
    The caller's CTEs: period_owners, codes, origin_codes, published. `published` carries `period`.
-#}
{% macro labour_status_counts(table_id, owners='period_owners', age_groups=none) -%}
    with
    age_bands as (
        {{ age_groups or working_age_bands() }}
    ),

    parts as (
        {{ origin_parts('origin_codes', table_id) }}
    ),

    decoded as (
        {{ decoded('published', 'codes', {
            'published_area_code': 'OMRÅDE', 'published_status_code': 'SOCIO', 'published_origin_code': 'HERKOMST',
            'published_age_code': 'ALDER', 'published_sex_code': 'KØN',
        }) }}
    ),

    asked_for as (
        {{ asked_for(owners, 'codes', {'published_area_code': 'OMRÅDE', 'published_origin_code': 'HERKOMST'}) }}
    ),

    strata as (
        select distinct
            asked_for.load_id,
            asked_for.period,
            asked_for.area_code,
            sexes.sex,
            age_bands.age_group,
            parts.part
        from asked_for
        inner join parts on asked_for.origin_code = parts.origin_code
        cross join sexes
        cross join age_bands
    ),

    summed as (
        select
            decoded.load_id,
            decoded.period,
            decoded.area_code,
            sexes.sex,
            age_bands.age_group,
            parts.part,
            {{ sum_known('decoded.persons', "decoded.status_code = '00'") }} as employed,
            {{ sum_known('decoded.persons', "decoded.status_code = '50'") }} as unemployed,
            {{ sum_known('decoded.persons', "decoded.status_code = '55'") }} as outside,
            {{ sum_known('decoded.persons') }} as population
        from decoded
        inner join parts on decoded.origin_code = parts.origin_code
        inner join sexes on decoded.sex_code = sexes.sex_code
        inner join age_bands on decoded.age_code = age_bands.age_code
        where decoded.status_code <> 'TOT'
        group by all
    )

    {#- A sum with a missing member is not known; a row left out is 0. #}
    select
        strata.area_code as municipality_code,
        strata.period,
        strata.sex,
        strata.age_group,
        strata.part,
        summed.load_id is not null and summed.population is null as has_missing,
        {%- for status in ['employed', 'unemployed', 'outside', 'population'] %}
        cast(if(summed.load_id is null, 0, summed.{{ status }}) as bigint) as {{ status }},
        {%- endfor %}
        [strata.load_id] as load_ids
    from strata
    left join summed
        on
            strata.load_id = summed.load_id
            and strata.period = summed.period
            and strata.area_code = summed.area_code
            and strata.sex = summed.sex
            and strata.age_group = summed.age_group
            and strata.part = summed.part
{%- endmacro %}
