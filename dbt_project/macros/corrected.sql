{#-
    The corrections ledger (seed `corrections`): staging reads raw through `corrected`, which puts the value of an entry
    in the place of the published one, or null where the entry drops it. raw itself stays as published. Only a cell
    that holds the value that its entry expects is touched. A municipality's own data are not here: they are delivered
    again instead.
-#}

{#-
    Table of raw → its dataset, its key, and its columns that hold published values, by type. A test compares this
    with the catalogue.
-#}
{% macro correctable_tables() -%}
    {{- return({
        'dst_election_areas': {
            'dataset': 'dst_elections',
            'key': ['election_id', 'area_id'],
            'varchar': [
                'election_date', 'district_id', 'district_name', 'area_name', 'status_code', 'status_text',
            ],
            'bigint': [
                'eligible_voters', 'valid_votes', 'blank_votes', 'other_invalid_votes', 'invalid_votes',
                'votes_cast',
            ],
            'double': ['turnout_pct_published'],
        },
        'dst_election_districts': {
            'dataset': 'dst_elections',
            'key': ['election_id', 'district_id'],
            'varchar': ['district_name', 'status_code'],
            'bigint': ['eligible_voters', 'valid_votes', 'invalid_votes', 'votes_cast'],
        },
        'education_grades': {
            'dataset': 'education_grades',
            'key': ['period', 'municipality_code', 'origin_text'],
            'varchar': ['municipality_name', 'municipality_basis', 'origin', 'ancestry', 'value_status'],
            'bigint': ['pupils', 'passed'],
            'double': ['share_pct'],
        },
        'folk1c': {
            'dataset': 'folk1c',
            'key': ['OMRÅDE', 'KØN', 'ALDER', 'HERKOMST', 'IELAND', 'TID'],
            'bigint': ['INDHOLD'],
        },
        'folk1e': {
            'dataset': 'folk1e',
            'key': ['OMRÅDE', 'KØN', 'ALDER', 'HERKOMST', 'TID'],
            'bigint': ['INDHOLD'],
        },
        'fvkom': {
            'dataset': 'fvkom',
            'key': ['VALRES', 'OMRÅDE', 'TID'],
            'bigint': ['INDHOLD'],
        },
        'jobindsats_support': {
            'dataset': 'jobindsats_support',
            'key': ['period', 'municipality_code', 'origin_text'],
            'varchar': ['area', 'origin', 'ancestry', 'population_basis', 'value_status'],
            'double': ['full_time_persons', 'population', 'share_pct'],
        },
        'kas201': {
            'dataset': 'kas201',
            'key': ['OMRÅDE', 'SOCIO', 'HERKOMST', 'ALDER', 'KØN', 'PERIODE', 'TID'],
            'bigint': ['INDHOLD'],
        },
        'kmsta001': {
            'dataset': 'kmsta001',
            'key': ['SOGN', 'HERKOMST', 'FKMED', 'TID'],
            'bigint': ['INDHOLD'],
        },
        'kvres': {
            'dataset': 'kvres',
            'key': ['OMRÅDE', 'VALRES', 'TID'],
            'bigint': ['INDHOLD'],
        },
        'ky038': {
            'dataset': 'ky038',
            'key': ['OMRÅDE', 'YDELSESTYPE', 'HERKOMST1', 'HERKOMST', 'TID'],
            'double': ['INDHOLD'],
        },
        'ligeub1': {
            'dataset': 'ligeub1',
            'key': ['BOPOMR', 'HERKOMST', 'HFUDD', 'ALDER', 'KØN', 'TID'],
            'bigint': ['INDHOLD'],
        },
        'ras200': {
            'dataset': 'ras200',
            'key': ['OMRÅDE', 'HERKOMST', 'ALDER', 'KØN', 'BEREGNING', 'TID'],
            'double': ['INDHOLD'],
        },
        'ras201': {
            'dataset': 'ras201',
            'key': ['OMRÅDE', 'SOCIO', 'HERKOMST', 'ALDER', 'KØN', 'TID'],
            'bigint': ['INDHOLD'],
        },
        'uddakt20': {
            'dataset': 'uddakt20',
            'key': ['UDDANNELSE', 'ALDER', 'HERKOMST', 'HERKOMST1', 'KØN', 'GRUNDSKOL', 'BOPOMR', 'FSTATUS', 'TID'],
            'bigint': ['INDHOLD'],
        },
        'valg_dk_turnout': {
            'dataset': 'valg_dk',
            'key': ['election_id', 'area_id'],
            'varchar': [
                'election_date', 'election_kind', 'municipality_code', 'municipality_name', 'area_name',
                'result_kind', 'released_at_utc', 'counted_at',
            ],
            'bigint': ['area_number', 'eligible_voters', 'votes_cast'],
        },
        'valgdatabase_background': {
            'dataset': 'valgdatabase',
            'key': ['period', 'valgsted_id', 'topic', 'sex_age', 'group_code'],
            'varchar': ['label', 'municipality_code', 'group_text'],
            'bigint': ['area_number'],
            'double': ['persons'],
        },
    }) -}}
{%- endmacro %}

{#- The type of each column of a table that may be corrected: [[column, type], ...]. -#}
{% macro correctable_columns(table) -%}
    {%- set found = [] -%}
    {%- for type in ['bigint', 'double', 'varchar'] -%}
        {%- for column in table.get(type, []) -%}
            {%- do found.append([column, type]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{%- endmacro %}

{#- A value of the ledger in the type of its column; `..` is a value published as missing. -#}
{% macro ledger_value(expression, type) -%}
    {%- if type == 'double' -%}
        cast(replace(nullif({{ expression }}, '..'), ',', '.') as double)
    {%- else -%}
        cast(nullif({{ expression }}, '..') as {{ type }})
    {%- endif -%}
{%- endmacro %}

{#-
    A table of raw, corrected: the same columns and rows. The entries stand in the SQL itself, so that a table without
    any is read as it is, at no cost, and the SQL that is kept of a model says what was corrected.
-#}
{% macro corrected(table_name) -%}
    {%- set changes = ledger_changes(table_name, correctable_tables()[table_name]) -%}
    {%- if not changes -%}
    select * from {{ source('raw', table_name) }}
    {%- else -%}
    select * replace (
        {%- for column, cases in changes.items() %}
        case
            {%- for case in cases %}
            {{ case }}
            {%- endfor %}
            else "{{ column }}"
        end as "{{ column }}"
        {{- ',' if not loop.last }}
        {%- endfor %}
    )
    from {{ source('raw', table_name) }}
    {%- endif -%}
{%- endmacro %}

{#- Column → the `when … then …` of each of its entries: those for figures of the origin that the dataset has now. -#}
{% macro ledger_changes(table_name, table) -%}
    {%- set ledger, loads, owners = ref('corrections'), source('meta', 'loads'), source('meta', 'period_owner') -%}
    {%- set changes = {} -%}
    {%- if execute and flags.WHICH in ['build', 'run', 'test'] -%}
        {%- set entries = run_query(
            "select column_name, key, expected_value, corrected_value from " ~ ledger
            ~ " where table_name = '" ~ table_name ~ "' and dataset = '" ~ table.dataset ~ "' and data_origin in ("
            ~ "select loads.data_origin from " ~ owners ~ " as owners inner join " ~ loads ~ " as loads "
            ~ "on owners.load_id = loads.load_id where owners.dataset = '" ~ table.dataset ~ "') "
            ~ "order by correction_id"
        ) -%}
        {%- for entry in entries.rows -%}
            {%- for column, type in correctable_columns(table) if column == entry.column_name -%}
                {%- set codes = fromjson(entry.key) -%}
                {%- set conditions = [] -%}
                {%- for name in table.key | reverse -%}
                    {%- do conditions.append('"' ~ name ~ '" = ' ~ sql_text(codes[name])) -%}
                {%- endfor -%}
                {%- set expected = ledger_value(sql_text(entry.expected_value), type) -%}
                {%- set new = ledger_value(sql_text(entry.corrected_value), type) -%}
                {%- do conditions.append('"' ~ column ~ '" is not distinct from ' ~ expected) -%}
                {%- do changes.setdefault(column, []).append(
                    'when ' ~ conditions | join(' and ') ~ ' then ' ~ new
                ) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{- return(changes) -}}
{%- endmacro %}

{#- A text as an SQL literal. -#}
{% macro sql_text(value) -%}
    {{- 'null' if value is none else "'" ~ value | replace("'", "''") ~ "'" -}}
{%- endmacro %}

{#-
    The cells of raw that entries name (correction_id, published_value, is_expected): none for an entry whose table,
    key or column is not there. `entries` is a CTE of the ledger.
-#}
{% macro published_cells(entries) -%}
    {%- for table_name, table in correctable_tables().items() %}
    select
        entries.correction_id,
        case entries.column_name
            {%- for column, type in correctable_columns(table) %}
            when '{{ column }}' then cast(published."{{ column }}" as varchar)
            {%- endfor %}
        end as published_value,
        case entries.column_name
            {%- for column, type in correctable_columns(table) %}
            when '{{ column }}'
                then (published."{{ column }}" is not distinct from {{ ledger_value('entries.expected_value', type) }})
            {%- endfor %}
        end as is_expected
    from {{ source('raw', table_name) }} as published
    inner join {{ entries }} as entries
        on
            entries.dataset = '{{ table.dataset }}'
            and entries.table_name = '{{ table_name }}'
            {%- for column in table.key %}
            and published."{{ column }}" = (entries.key ->> '{{ column }}')
            {%- endfor %}
    where
        list_contains(
            [
                {%- for column, type in correctable_columns(table) -%}
                '{{ column }}' {{- ', ' if not loop.last }}
                {%- endfor -%}
            ],
            entries.column_name
        )
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}
