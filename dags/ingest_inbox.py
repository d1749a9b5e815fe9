"""Hand-delivered files: turnout by origin, interviews and Danish tests, after the other sources have been asked.

Whatever lies in the inbox by then is taken; a kind of which nothing was delivered is no failure.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG
from dataset_chain import COPENHAGEN, DEFAULT_ARGS, chains, looks

from warehouse.records import records_of

with DAG(
    dag_id="ingest_inbox",
    doc_md=__doc__,
    schedule=looks("0 10"),
    start_date=pendulum.datetime(2025, 1, 1, tz=COPENHAGEN),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["ingest", "inbox"],
):
    chains(records_of("ingest_inbox"))
