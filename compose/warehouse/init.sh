#!/bin/sh
# Brings Airflow's database, the writer pool and dbt's manifest up to date; the same after every run.
set -eu
warehouse airflow db migrate
warehouse airflow pools set duckdb_writer 1 "the one writer of the DuckDB build database"
