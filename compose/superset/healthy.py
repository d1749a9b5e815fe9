"""Health check of Superset's web server: `healthy.py ADDRESS` ends with exit code 0 when it answers."""

from __future__ import annotations

import sys
from urllib.request import urlopen

with urlopen(sys.argv[1], timeout=8) as answer:  # noqa: S310 -- the address is the stack's own
    raise SystemExit(0 if answer.status == 200 else 1)
