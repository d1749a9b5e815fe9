"""Which readers there are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import fuzz_apis
import fuzz_readers
from fuzz_harness import Reader
from fuzz_readers import Bench, inbox_kind
from inbox_files import GOOD, text_of

READERS: dict[str, Callable[[Bench], Reader]] = {
    "bulk_count": partial(fuzz_readers.bulk, name="RAS201"),
    "bulk_decimal": partial(fuzz_readers.bulk, name="RAS200"),
    "csv": fuzz_readers.csv,
    "jsonstat": fuzz_readers.jsonstat,
    "tableinfo": fuzz_readers.tableinfo,
    "xml_index": fuzz_readers.xml_index,
    "xml_result": fuzz_readers.xml_result,
    "valg_dk": fuzz_readers.valg_dk,
    "valgdatabase": fuzz_readers.background_of,
    **{f"inbox_{kind}": inbox_kind(kind, text_of([row()]).encode()) for kind, row in GOOD.items()},
    "education_page": fuzz_apis.education_page,
    "education_skema": fuzz_apis.education_skema,
    "jobindsats_data": fuzz_apis.jobindsats_data,
    "jobindsats_table": fuzz_apis.jobindsats_table_of,
}
