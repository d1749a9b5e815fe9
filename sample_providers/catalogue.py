"""Which tables the sample StatBank has: id -> the function that describes it."""

from __future__ import annotations

from collections.abc import Callable

from sample_providers.benefits import ky038
from sample_providers.countries import folk1c
from sample_providers.education import ligeub1, uddakt20
from sample_providers.labour import ras200, ras201
from sample_providers.labour_quarterly import kas201
from sample_providers.local_votes import kvres
from sample_providers.parishes import kmsta001
from sample_providers.population import folk1e
from sample_providers.table import Table
from sample_providers.votes import fvkom

TABLES: dict[str, Callable[[], Table]] = {
    "FOLK1E": folk1e,
    "FOLK1C": folk1c,
    "RAS201": ras201,
    "RAS200": ras200,
    "FVKOM": fvkom,
    "KAS201": kas201,
    "LIGEUB1": ligeub1,
    "UDDAKT20": uddakt20,
    "KY038": ky038,
    "KMSTA001": kmsta001,
    "KVRES": kvres,
}
