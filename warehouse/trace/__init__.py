"""Trace: one published cell walked back to the bytes it came from.

``warehouse trace`` works from a release and the landing folder alone, offline. Two engines say where a number comes
from: the staging rows that went into it, added up in plain Python (``rows``), and the release's own SQL, run again on
what the landing gives (``again``). Out of scope: rebuilding a whole release (``warehouse rebuild``).
"""
