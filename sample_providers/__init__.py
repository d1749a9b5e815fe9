"""Stand-ins for the public providers on the loopback, with sample figures: a StatBank and an election server.

Strict where the real ones are strict; the figures are invented and deterministic, and agree with each other.
Imports nothing of the other packages. Use `start`; `python -m sample_providers --port N` for the same alone.
"""

from __future__ import annotations

from sample_providers.faults import FAULTS, Fault, Misbehaviour
from sample_providers.http import Answer, Request
from sample_providers.inbox import write_inbox
from sample_providers.server import Running, start
from sample_providers.table import MISSING, Table, Value, Variable

__all__ = [
    "FAULTS",
    "MISSING",
    "Answer",
    "Fault",
    "Misbehaviour",
    "Request",
    "Running",
    "Table",
    "Value",
    "Variable",
    "start",
    "write_inbox",
]
