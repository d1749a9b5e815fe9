"""Elections, after the quarterly release: DST's XML of general elections, and hand-delivered files.

Of the inbox it takes valg.dk's turnout and the background figures of DST's election database.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG
from dataset_chain import COPENHAGEN, DEFAULT_ARGS, chains, looks

from warehouse.records import records_of

with DAG(
    dag_id="ingest_elections",
    doc_md=__doc__,
    schedule=looks("0 9"),
    start_date=pendulum.datetime(2025, 1, 1, tz=COPENHAGEN),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["ingest", "elections"],
):
    chains(records_of("ingest_elections"))
