"""The oracle of the end-to-end tests is the oracle of the decade."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "end_to_end"))
