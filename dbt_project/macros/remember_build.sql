{#-
    Writes down of which state of the ledger the marts are built: while they are, and until they are published, further
    loads may be judged and promoted. Called at the start of a run.
-#}
{% macro remember_build() %}
    {%- if execute and flags.WHICH in ('build', 'run') -%}
        {%- do run_query('create schema if not exists meta') -%}
        {%- do run_query('create table if not exists meta.journal (seq bigint, line varchar)') -%}
        {%- do run_query(
            'create table if not exists meta.period_owner (dataset varchar, period varchar, load_id varchar,'
            ~ ' primary key (dataset, period))'
        ) -%}
        {%- do run_query(
            'create or replace table meta.build as'
            ~ ' select coalesce(max(seq), 0) as journal_seq, cast(null as bigint) as judged_seq from meta.journal'
        ) -%}
        {%- do run_query('create or replace table meta.built_owner as select * from meta.period_owner') -%}
    {%- endif -%}
{% endmacro %}
