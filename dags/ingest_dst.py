"""StatBank tables of Statistics Denmark, the morning after DST's quarterly release of the population figures.

DST publishes at 08:00 Copenhagen time about the 11th of February, May, August and November.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG
from dataset_chain import COPENHAGEN, DEFAULT_ARGS, chains, looks

from warehouse.records import records_of

with DAG(
    dag_id="ingest_dst",
    doc_md=__doc__,
    schedule=looks("30 8"),
    start_date=pendulum.datetime(2025, 1, 1, tz=COPENHAGEN),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["ingest", "statbank"],
):
    chains(records_of("ingest_dst"))
