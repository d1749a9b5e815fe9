{#-
    Direct standardisation and Kitagawa's decomposition over strata by age and sex. docs/methods.md has the formulas,
    the sources, the rule for empty strata and worked examples.

    A relation of strata to compare has: the columns of `keys` (one compared pair), `stratum_sex`, `age_from`,
    `first_numerator`, `first_denominator`, `second_numerator`, `second_denominator`, `standard_persons` (of the standard
    population: the weight of the stratum) and `has_missing`. First and second are target and reference, or one group then and now.
-#}

{#-
    Strata that both sides have persons in. One without persons on either side joins the next older one of its sex
    that has persons on both, or, where none is older, the next younger. Sums of persons and weights stay the same:
    none is dropped. `stratum_from` is null where a sex has no stratum with persons on both sides.
-#}
{% macro merge_strata(strata, keys) -%}
    select
        {{ keys | join(', ') }},
        stratum_sex,
        stratum_from,
        sum(first_numerator) as first_numerator,
        sum(first_denominator) as first_denominator,
        sum(second_numerator) as second_numerator,
        sum(second_denominator) as second_denominator,
        if(bool_or(standard_persons is null), null, sum(standard_persons)) as standard_persons,
        bool_or(has_missing) as has_missing
    from (
        select
            *,
            coalesce(
                min(if(first_denominator > 0 and second_denominator > 0, age_from, null)) over (
                    partition by {{ keys | join(', ') }}, stratum_sex
                    order by age_from rows between current row and unbounded following
                ),
                max(if(first_denominator > 0 and second_denominator > 0, age_from, null)) over (
                    partition by {{ keys | join(', ') }}, stratum_sex
                )
            ) as stratum_from
        from {{ strata }}
    ) as assigned_strata
    group by all
{%- endmacro %}

{#-
    What `keys` have in one row, from the strata of `merge_strata`, as proportions:

    first_rate, second_rate                                 sum of the numerators / sum of the denominators
    first_standardised_rate, second_standardised_rate       sum of weight * rate / sum of the weights
    rate_effect, composition_effect                         Kitagawa 1955; their sum is second_rate - first_rate
    strata                                                  how many strata were compared
    strata_above, strata_below                              in how many the second rate is above, below the first
    first_persons, first_persons_above, ..._below           persons of the first side: in all, and in those

    All are null where a count is missing, where a sex has no stratum with persons on both sides, and where fewer than
    two age bands are left of a sex: that would be a comparison of the raw rates under another name. The standardised
    rates are null too where the standard population is not known.
-#}
{% macro strata_effects(merged, keys) -%}
    select
        {{ keys | join(', ') }},
        if(is_usable, first_rate, null) as first_rate,
        if(is_usable, second_rate, null) as second_rate,
        if(is_usable and not lacks_weight, first_standardised_rate, null) as first_standardised_rate,
        if(is_usable and not lacks_weight, second_standardised_rate, null) as second_standardised_rate,
        if(is_usable, rate_effect, null) as rate_effect,
        if(is_usable, composition_effect, null) as composition_effect,
        if(is_usable, strata, null) as strata,
        if(is_usable, strata_above, null) as strata_above,
        if(is_usable, strata_below, null) as strata_below,
        if(is_usable, first_persons, null) as first_persons,
        if(is_usable, first_persons_above, null) as first_persons_above,
        if(is_usable, first_persons_below, null) as first_persons_below
    from (
        select
            {{ keys | join(', ') }},
            sum(first_numerator) / nullif(sum(first_denominator), 0) as first_rate,
            sum(second_numerator) / nullif(sum(second_denominator), 0) as second_rate,
            {{ exact_sum('standard_persons * first_stratum_rate') }} / nullif(sum(standard_persons), 0) as first_standardised_rate,
            {{ exact_sum('standard_persons * second_stratum_rate') }} / nullif(sum(standard_persons), 0) as second_standardised_rate,
            {{ mean_over_both_compositions('second_stratum_rate - first_stratum_rate') }} as rate_effect,
            {{ difference_of_compositions('(first_stratum_rate + second_stratum_rate) / 2') }} as composition_effect,
            cast(count(*) filter (where stratum_from is not null) as integer) as strata,
            cast(count(*) filter (where second_stratum_rate > first_stratum_rate) as integer) as strata_above,
            cast(count(*) filter (where second_stratum_rate < first_stratum_rate) as integer) as strata_below,
            sum(first_denominator) as first_persons,
            coalesce(
                sum(first_denominator) filter (where second_stratum_rate > first_stratum_rate), 0
            ) as first_persons_above,
            coalesce(
                sum(first_denominator) filter (where second_stratum_rate < first_stratum_rate), 0
            ) as first_persons_below,
            coalesce(bool_or(standard_persons is null), true) as lacks_weight,
            not bool_or(has_missing)
            and not coalesce(bool_or(is_empty and has_persons), false)
            and coalesce(min(bands_of_sex) filter (where not is_empty) >= 2, false) as is_usable
        from (
            select
                *,
                first_numerator / nullif(first_denominator, 0) as first_stratum_rate,
                second_numerator / nullif(second_denominator, 0) as second_stratum_rate,
                stratum_from is null as is_empty,
                coalesce(
                    first_denominator > 0 or second_denominator > 0 or standard_persons > 0, true
                ) as has_persons,
                count(*) over (partition by {{ keys | join(', ') }}, stratum_sex) as bands_of_sex
            from {{ merged }}
        ) as stratum_rates
        group by {{ keys | join(', ') }}
    ) as effects
{%- endmacro %}

{#- Sum over strata of value * (share of the first + share of the second) / 2. -#}
{% macro mean_over_both_compositions(value) -%}
    (
        {{ exact_sum('(' ~ value ~ ') * first_denominator') }} / nullif(sum(first_denominator), 0)
        + {{ exact_sum('(' ~ value ~ ') * second_denominator') }} / nullif(sum(second_denominator), 0)
    ) / 2
{%- endmacro %}

{#- Sum over strata of value * (share of the second - share of the first). -#}
{% macro difference_of_compositions(value) -%}
    (
        {{ exact_sum('(' ~ value ~ ') * second_denominator') }} / nullif(sum(second_denominator), 0)
        - {{ exact_sum('(' ~ value ~ ') * first_denominator') }} / nullif(sum(first_denominator), 0)
    )
{%- endmacro %}
