"""Writes and reads the fault matrix, ``docs/faults.md``: rows faults, columns datasets, each cell what happened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from fault_bench import ALL, LONGEST_SECONDS, Outcome

from sample_providers import FAULTS
from sample_providers.faults import DATASETS
from sample_providers.file_faults import KINDS
from warehouse.settings import REPOSITORY

PAGE = REPOSITORY / "docs" / "faults.md"

_HEAD = """# The fault matrix

What happens when a provider misbehaves. Every fault was let happen to every dataset of the catalogue, on a home that
holds an earlier version of the dataset; each cell says what the warehouse made of it. `make faults` runs all {cells}
cells and writes this page; the suite runs a sample of them, and a test fails when a cell does not say what happened.

- **recovered** and **loaded**: the load was promoted. Where the fault passes by itself, raw shows the same figures as
  an undisturbed load. *At try n*: so often was the provider asked in all, with growing waits.
- **rejected** and **failed**: nothing got in, and the message says what to do next. Raw, the owners of its periods, the
  landed bytes and the current release are byte for byte as before. Names in code are expectations. A load that failed
  is tried again by the next run; what came with a rejected one is kept aside in the landing.
- **does not apply**: the fault cannot happen to this dataset.

Nothing waits for ever: an exchange with a provider ends after 30 minutes however slowly its bytes come, a wait that it
asks for is cut at 30 seconds, the tries of a request end after three minutes (a second try is always made), and all
requests of a step together after two hours. By the clock of the test no cell took longer than {hours:.0f} hours.

Faults are had on request: `python -m sample_providers --fault cut_always:folk1e`, several times if need be; `--help`
lists them. `--inbox FOLDER` writes the hand-delivered files, spoilt likewise.

## The faults

"""

# Faults that a load takes in, and why that is right. Everything else that does not pass is refused.
_BY_CODE = "an area is known by its code; its new text is kept with the load"
_OLD_STAYS = "the period is not in the delivery, and stays as it was delivered before"
_ONCE = "rows that say the same count once"
TAKEN: dict[tuple[str, str], str] = {
    ("relabelled_code", "fvkom"): _BY_CODE,
    ("relabelled_code", "kvres"): _BY_CODE,
    ("relabelled_code", "dst_elections"): "a polling area is known by its id; its new name is taken",
    ("short_body", "ras200"): "a rate may be left out where a group is tiny; RAS200 only checks RAS201",
    ("missing_period", "education_grades"): "the period stays as it was, and `no_period_withdrawn` tells of it",
    ("duplicate_rows", "education_grades"): _ONCE,
    ("duplicate_rows", "jobindsats_support"): _ONCE,
    ("totals_off", "kmsta001"): "parishes may differ from the population by 1 per cent, and ten persons are less",
    ("missing_period", "danish_tests"): _OLD_STAYS,
    ("missing_period", "turnout_by_origin"): _OLD_STAYS,
    ("missing_period", "interviews"): _OLD_STAYS,
    ("short_body", "interviews"): "an answer may be withdrawn, and nobody says how many there are",
    ("short_body", "valg_dk"): "a count of the day is provisional, and marked so; the final count is another file",
    ("duplicate_rows", "valg_dk"): "the largest of an area's cumulative counts is taken",
}


def said(fault: str, dataset: str, outcome: Outcome) -> str:
    """What the cell says."""
    taken = TAKEN.get((fault, dataset), "")
    if taken and outcome.kind == "loaded":
        return f"loaded: {taken}"
    if outcome.kind == "loaded" and FAULTS[fault].name.startswith("revision") and outcome.figures:
        return "recovered: fetched again" if dataset in DATASETS else "loaded: what lay there when it was landed"
    if outcome.kind == "loaded" and FAULTS[fault].name.startswith("skew") and outcome.figures:
        return "loaded: the same figures; times are compared for being equal, never for order"
    return outcome.cell


def render(cells: Mapping[tuple[str, str], str]) -> str:
    """The page of a whole matrix."""
    head = _HEAD.format(cells=len(FAULTS) * len(ALL), hours=LONGEST_SECONDS / 3600)
    faults = [[f"`{fault.name}`", fault.words, "yes" if fault.passes else "no"] for fault in FAULTS.values()]
    parts = [head + _table(["fault", "what the provider does", "passes by itself"], faults)]
    for title, datasets in _groups().items():
        rows = [[f"`{fault}`", *(cells.get((fault, dataset), "") for dataset in datasets)] for fault in FAULTS]
        parts.append(f"## {title}\n\n" + _table(["fault", *(f"`{dataset}`" for dataset in datasets)], rows))
    return "\n".join(parts)


def read() -> dict[tuple[str, str], str]:
    """The cells of the page as it lies in the repository."""
    cells: dict[tuple[str, str], str] = {}
    head: list[str] = []
    if not PAGE.exists():
        return cells
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        row = [part.replace("\\|", "|").strip() for part in line.replace("\\|", "\0").split("|")[1:-1]]
        row = [part.replace("\0", "\\|").strip(" `") if place == 0 else part.replace("\0", "\\|")
               for place, part in enumerate(row)]  # fmt: skip
        if row[:1] == ["fault"]:
            head = [name.strip("`") for name in row]
        elif row and row[0] in FAULTS and head[1] in ALL:
            cells |= {(row[0], dataset): text for dataset, text in zip(head[1:], row[1:], strict=True)}
    return cells


def _groups() -> dict[str, Sequence[str]]:
    statbank = [name for name, provider in DATASETS.items() if provider == "statbank"]
    return {
        "StatBank, population and labour market": statbank[:6],
        "StatBank, education, benefits, parishes and elections": statbank[6:],
        "Election XML, the education ministry and Jobindsats": [n for n, p in DATASETS.items() if p != "statbank"],
        "Hand-delivered files": KINDS,
    }


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
