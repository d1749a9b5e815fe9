"""The election database of the sample: background of the polling areas, in the form in which it is exported.

Semicolons, decimal commas, ``-`` for nothing, names of columns with the label of the election. Every figure is
invented; areas with a low turnout have a larger share of the six groups that stand for non-western origin.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from sample_providers.arithmetic import apportion, half_up

LABEL = "EV2024"
ORIGIN = "Indvandrere og efterkommere fordelt efter oprindelsesland køn og aldersgrupper"
CITIZENSHIP = "Antal personer opgjort efter statsborgerskab køn og aldersgrupper"
GROUPS = (
    "01. Danmark",
    "02. Nordiske lande",
    "03. Tyrkiet",
    "04. Tidligere Jugoslavien",
    "05. Gamle EU-lande",
    "06. Nye EU-lande",
    "07. Øvrige Europa",
    "08. Afrika",
    "09. Nordamerika",
    "10. Syd- og Mellemamerika",
    "11. Asien og Oceanien",
    "12. Uoplyst",
)
_STARTS = (0, 5, 10, 15, 18, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70)
_BANDS = (*(f"{start}-{end - 1}" for start, end in pairwise(_STARTS)), "70-")
SEX_AGES = tuple(f"{sex} {band} år" for sex in ("Kvinder", "Mænd") for band in _BANDS)
_NON_WESTERN = np.array([0, 0, 24, 12, 0, 0, 4, 13, 0, 2, 45, 0], dtype=float)
_WESTERN = np.array([0, 22, 0, 0, 26, 44, 0, 0, 5, 0, 0, 3], dtype=float)
_FOREIGN = {"non_western": 46, "western": 78}  # per cent of a group that are no Danish citizens
_YOUNG = np.array([7, 7, 7, 4, 3, 7, 8, 9, 9, 8, 7, 6, 5, 5, 4, 4], dtype=float)
_OLD = np.array([5, 6, 6, 4, 2, 5, 5, 6, 6, 7, 7, 8, 7, 6, 6, 14], dtype=float)
_SPLIT = {(151, 3): 38, (151, 9): 62}  # areas whose borders cut persons: per cent of what is counted

Area = tuple[int, int, int, int]
"""Municipality, number, eligible voters, turnout in per mille."""


def files(areas: list[Area]) -> Iterator[tuple[str, bytes]]:
    """The two exports by their place in the inbox."""
    tables = {ORIGIN: GROUPS[1:], CITIZENSHIP: GROUPS}
    for name, (topic, groups) in zip(("oprindelse", "statsborgerskab"), tables.items(), strict=True):
        names = [f"{LABEL} - {topic}_{sex_age}_{group}" for sex_age in SEX_AGES for group in groups]
        header = ["Gruppe", "ValgstedId", "KredsNr", "StorKredsNr", "LandsdelsNr", *(f'"{name}"' for name in names)]
        lines = [";".join(header), *(_line(area, topic) for area in areas)]
        yield f"valgdatabase/{LABEL}-{name}.csv", ("\r\n".join(lines) + "\r\n").encode()


def _line(area: Area, topic: str) -> str:
    municipality, number, _, _ = area
    cells = figures(area)[topic]
    split = _SPLIT.get((municipality, number))
    written = [_written(int(cell), split) for cell in cells.ravel()]
    return ";".join(["A", f"{municipality}{number:03d}", "39", "3", "1", *written])


def _written(cell: int, split: int | None) -> str:
    if cell == 0:
        return "-"
    return str(cell) if split is None else f"{cell * split // 100},{cell * split % 100:02d}"


def figures(area: Area) -> Mapping[str, np.ndarray]:
    """Whole persons by topic, shape (32 sexes and ages, groups)."""
    _, _, eligible, turnout = area
    everybody = eligible * 118 // 100
    non_western = everybody * max(40, 900 - turnout) // 1600
    western = everybody * 38 // 1000
    by_group = apportion(np.array([non_western]), _NON_WESTERN[None])[0]
    western_groups = apportion(np.array([western]), _WESTERN[None])[0]
    origin = by_group + western_groups
    foreign = half_up(by_group * _FOREIGN["non_western"] / 100 + western_groups * _FOREIGN["western"] / 100)
    citizens = foreign.copy()
    citizens[0] = everybody - foreign.sum()
    return {ORIGIN: _by_age(origin[1:], _YOUNG), CITIZENSHIP: _by_age(citizens, _OLD)}


def _by_age(groups: np.ndarray, ages: np.ndarray) -> np.ndarray:
    return apportion(groups, np.concatenate([ages, ages * 0.99])[None, :]).T
