with
band_counts as (
    select * from {{ ref('int_employment__band_counts') }}
),

age_groups as (
    {{ working_age_bands() }}
),

sexes as (
    {{ sex_strata() }}
),

-- A sum with a missing member is not known.
final as (
    select
        band_counts.municipality_code,
        band_counts.year,
        sexes.sex,
        age_groups.age_group,
        band_counts.part,
        bool_or(band_counts.has_missing) as has_missing,
        cast({{ sum_known('band_counts.employed') }} as bigint) as employed,
        cast({{ sum_known('band_counts.unemployed') }} as bigint) as unemployed,
        cast({{ sum_known('band_counts.outside') }} as bigint) as outside,
        cast({{ sum_known('band_counts.population') }} as bigint) as population,
        band_counts.load_ids
    from band_counts
    inner join age_groups on band_counts.age_band = age_groups.age_code
    inner join sexes on band_counts.sex = sexes.stratum_sex
    group by all
)

select * from final
