{#-
    Writes down of which state of the ledger the marts are built: while they are, and until they are published, further
    loads may be judged and promoted. Called at the start of a run.
-#}
{% macro remember_build() %}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- if target.name != 'lake' -%}
            {%- do run_query('create schema if not exists meta') -%}
            {%- do run_query('create table if not exists meta.journal (seq bigint, line varchar)') -%}
            {%- do run_query(
                'create table if not exists meta.period_owner (dataset varchar, period varchar, load_id varchar,'
                ~ ' primary key (dataset, period))'
            ) -%}
        {%- endif -%}
        {%- set ledger = source_database() ~ '.meta.' -%}
        {%- do run_query(
            'create or replace table meta.build as select coalesce(max(seq), 0) as journal_seq,'
            ~ ' cast(null as bigint) as judged_seq from ' ~ ledger ~ 'journal'
        ) -%}
        {%- do run_query('create or replace table meta.built_owner as select * from ' ~ ledger ~ 'period_owner') -%}
    {%- endif -%}
{% endmacro %}
