"""Health check of one part of Airflow: `healthy.py metadatabase|scheduler|triggerer|dag_processor`.

Airflow's API server tells of every part whether its last heartbeat is recent. Asking it costs a hundredth of starting
`airflow jobs check`. Exit code 0 when the part is healthy, else 1 with what was answered.
"""

from __future__ import annotations

import json
import os
import sys
from urllib.parse import urljoin
from urllib.request import urlopen


def main(part: str) -> int:
    """Ask the API server that the tasks talk to, too."""
    address = urljoin(os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"], "/api/v2/monitor/health")
    try:
        with urlopen(address, timeout=8) as answer:  # noqa: S310 -- the address is the stack's own
            state = json.load(answer)[part]
    except (OSError, ValueError, KeyError) as error:
        print(f"{part}: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    if state["status"] != "healthy":
        print(f"{part}: {state}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
