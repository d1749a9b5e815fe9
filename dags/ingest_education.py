"""The education ministry's API and Jobindsats, each with a token, after the quarterly release of Statistics Denmark.

Without its token, or where a source does not split by western and non-western origin, a dataset is not delivered; that
is no failure.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG
from dataset_chain import COPENHAGEN, DEFAULT_ARGS, chains, looks

from warehouse.records import records_of

with DAG(
    dag_id="ingest_education",
    doc_md=__doc__,
    schedule=looks("30 9"),
    start_date=pendulum.datetime(2025, 1, 1, tz=COPENHAGEN),
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=["ingest", "education", "jobindsats"],
):
    chains(records_of("ingest_education"))
