"""The common ground of the integration gap warehouse.

Settings, errors, the DuckDB connection with its one writer, the load ledger, catalogue records, releases,
the Airflow runner and the command line. Knows nothing of any provider: that is ``ingestion``'s.
"""

__version__ = "0.1.0"
