"""``python -m warehouse.airflow_database POOL SLOTS DESCRIPTION``: Airflow's database up to date, with the writer pool.

Two commands of the Airflow command line in one process: starting it costs more than either of them.
"""

from __future__ import annotations

import sys


def main(pool: list[str]) -> None:
    """Run ``airflow db migrate`` and ``airflow pools set``; each ends the process when it fails."""
    from airflow.cli import cli_parser

    parser = cli_parser.get_parser()
    for arguments in (["db", "migrate"], ["pools", "set", *pool]):
        asked = parser.parse_args(arguments)
        asked.func(asked)


if __name__ == "__main__":
    main(sys.argv[1:])
