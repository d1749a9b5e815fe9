with
polling_areas as (
    select * from {{ ref('int_elections__polling_areas') }}
    where municipality_code is not null
),

-- Only where every area of the municipality has a share: thirds of some of them would say nothing.
ranked as (
    select
        *,
        count(*) over municipality_election as areas,
        count(non_western_share_pct) over municipality_election as areas_with_share,
        row_number() over (
            partition by election_id, municipality_code
            order by non_western_share_pct desc, area_number asc, area_id asc
        ) as place_from_largest
    from polling_areas
    window municipality_election as (partition by election_id, municipality_code)
),

thirds as (
    select
        *,
        case
            when place_from_largest <= areas // 3 then 'non_western'
            when place_from_largest > areas - areas // 3 then 'others'
        end as part
    from ranked
    where areas >= 3 and areas = areas_with_share
),

summed as (
    select
        municipality_code,
        election_id,
        election_date,
        part,
        {{ sum_known('votes_cast') }} as votes_cast,
        {{ sum_known('eligible_voters') }} as eligible_voters,
        bool_or(is_provisional) as is_provisional,
        list_sort(list_distinct(flatten(list([source_table, 'VALGDATABASE'])))) as source_tables,
        list_sort(list_distinct(flatten(list([load_id, share_load_id])))) as load_ids
    from thirds
    where part is not null
    group by all
),

final as (
    {{ count_rows(
        'summed', 'turnout_by_area', 'votes_cast', 'eligible_voters', 'source_tables',
        period='election_id', frequency='election', period_start='election_date',
        sex="'total'", age_group="'total'", is_provisional='is_provisional', warnings=['ecological']
    ) }}
)

select * from final
