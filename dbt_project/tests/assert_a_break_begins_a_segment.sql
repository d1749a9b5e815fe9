-- Which periods `counts_with_breaks` marks: the first one after a break, only where an earlier one exists,
-- only of the indicator, table, area and kind of election that it names, and not where it does not cut.
with
counts (
    example, municipality_code, subarea_code, indicator_id, period, period_start, source_tables,
    is_series_break
) as (
    select
        *,
        false as is_series_break
    from (
        values
        ('before', '151', 'total', 'share', '2013', date '2013-01-01', ['KY038', 'FOLK1E']),
        ('after', '151', 'total', 'share', '2015', date '2015-01-01', ['KY038', 'FOLK1E']),
        ('later', '151', 'total', 'share', '2016', date '2016-01-01', ['KY038', 'FOLK1E']),
        ('starts after', '161', 'total', 'share', '2014', date '2014-01-01', ['KY038']),
        ('goes on', '161', 'total', 'share', '2015', date '2015-01-01', ['KY038']),
        ('other table', '151', 'total', 'rate', '2013', date '2013-01-01', ['RAS201']),
        ('other table', '151', 'total', 'rate', '2014', date '2014-01-01', ['RAS201']),
        ('before', '151', 'total', 'turnout', 'KV2017', date '2017-11-21', ['X']),
        ('general election', '151', 'total', 'turnout', 'FV2019', date '2019-06-05', ['X']),
        ('after', '151', 'total', 'turnout', 'KV2021', date '2021-11-16', ['X']),
        ('general election', '151', 'total', 'turnout', 'FV2022', date '2022-11-01', ['X']),
        ('later', '151', 'total', 'turnout', 'KV2025', date '2025-11-18', ['X']),
        ('before', '084', 'total', 'rate', '2026K4', date '2026-10-01', ['RAS201']),
        ('after', '084', 'total', 'rate', '2027K1', date '2027-01-01', ['RAS201']),
        ('other area', '151', 'total', 'quarters', '2026K4', date '2026-10-01', ['RAS201']),
        ('other area', '151', 'total', 'quarters', '2027K1', date '2027-01-01', ['RAS201'])
    )
),

breaks (indicator_id, table_id, municipality_code, first_period_after, cuts_trend) as (
    values
    (null, 'KY038', null, '2014', true),
    ('turnout', null, null, 'KV2021', true),
    (null, null, '084', '2027', true),
    (null, null, null, '2016', false),
    (null, null, null, null, true)
),

marked as (
    {{ counts_with_breaks('counts', 'breaks') }}
),

final as (
    select
        example,
        municipality_code,
        indicator_id,
        period,
        is_series_break
    from marked
    where is_series_break <> (example = 'after')
)

select * from final
