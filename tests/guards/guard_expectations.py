"""The expectations as guards: which there are, and the poisoned cases that the tests of the expectations hold.

A module of ``tests/expectations`` names its poisoned cases in ``POISONED``; its own tests show that each case trips
its expectation and only it. Here they are collected, and compared with every expectation that there is.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from guard_words import words_of

from expectations import statbank
from expectations.checks import BLOCKING, severity_of
from warehouse.records import Record
from warehouse.settings import REPOSITORY

TESTS = REPOSITORY / "tests" / "expectations"
_NAME = re.compile(r"[a-z]+(_[a-z0-9]+)+")
_SENTENCE = re.compile(r"^[^_ ]+ |^\w+ \w")


@dataclass(frozen=True, order=True)
class Case:
    """A poisoned case: the expectation it trips, on which dataset or mart, what is wrong, and which test runs it."""

    expectation: str
    dataset: str
    words: str
    module: str


def cases(datasets: Iterable[str]) -> list[Case]:
    """Every poisoned case that a test module names.

    Raises:
        ValueError: for a registry of an unknown shape, or a poison of which nobody says what it does.
    """
    found: set[Case] = set()
    for path in sorted(TESTS.glob("test_*.py")):
        if re.search(r"^POISONED\b", path.read_text(encoding="utf-8"), re.M):
            module = importlib.import_module(path.stem)
            for registry in (module.POISONED, getattr(module, "ELSEWHERE", {})):
                found.update(_case(entry, path.name, set(datasets)) for entry in _entries(registry))
    return sorted(found)


def _entries(registry: Any) -> Iterator[list[Any]]:
    """(key, value, …) of a mapping, one for each value of a list; the items of a list."""
    if isinstance(registry, Mapping):
        for key, values in registry.items():
            yield from ([*_flat(key), *_flat(value)] for value in (values if isinstance(values, list) else [values]))
    else:
        yield from (_flat(entry) for entry in registry)


def _flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, tuple) else [value]


def _case(entry: list[Any], module: str, datasets: set[str]) -> Case:
    """Out of an entry: a dataset or `marts.…`, the name of the expectation (a snake-case text), the poison."""
    texts = [part for part in entry if isinstance(part, str)]
    about = next((text for text in texts if text in datasets or text.startswith("marts.")), "")
    names = [text for text in texts if text != about and _NAME.fullmatch(text)]
    poison: Callable[..., object] | None = next((part for part in entry if callable(part)), None)
    words = " ".join((poison.__doc__ or "").split()) if poison else ""
    if names and not (words and about):
        about, said = words_of(names[-1], about)
        words = said or words
    if not words or not names:
        raise ValueError(f"{module}: nobody says what the poisoned case {texts} does; give its poison a docstring")
    return Case(names[-1], about, words[0].lower() + words[1:].rstrip("."), module)


def possible(records: Mapping[str, Record]) -> set[str]:
    """Every expectation that the suites can build: those named in their code, and the totals of the records."""
    named: set[str] = set()
    for path in sorted((REPOSITORY / "expectations").glob("*.py")):
        named |= set(_named(ast.parse(path.read_text(encoding="utf-8"))))
    return named | {name for record in records.values() for name in totals_of(record)}


def severity(case: Case, records: Mapping[str, Record]) -> str:
    """How severe an expectation is on a dataset: a total's severity stands in its record."""
    totals = totals_of(records[case.dataset]) if case.dataset in records else {}
    return totals.get(case.expectation, severity_of(case.expectation))


def _named(tree: ast.Module) -> Iterator[str]:
    """Names of checks in code: what ``name`` or ``NAMES`` is, a name before its sentence, a key of the cross checks."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").lower() in ("name", "names"):
            yield from _names(part for part in ast.walk(node.value) if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Call) and re.search(r"^_|[cC]heck$", _called(node)):
            yield from _before_sentence(node.args)
        elif isinstance(node, ast.Tuple):
            yield from _before_sentence(node.elts)
        elif isinstance(node, ast.Dict):
            crossing = zip(node.keys, node.values, strict=True)
            yield from _names(k for k, v in crossing if k and isinstance(v, ast.Call) and _called(v) == "Cross")


def _called(node: ast.Call) -> str:
    return str(getattr(node.func, "id", getattr(node.func, "attr", "")))


def _names(nodes: Iterable[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _NAME.fullmatch(node.value):
            yield node.value


def _before_sentence(nodes: list[ast.expr]) -> Iterator[str]:
    """A name directly before its description: a text with spaces, or a variable that holds it."""
    for node, following in pairwise(nodes):
        a_text = isinstance(following, ast.Constant) and _SENTENCE.search(str(following.value))
        if a_text or isinstance(following, ast.JoinedStr) or getattr(following, "id", "") in ("text", "description"):
            yield from _names([node])


def totals_of(record: Record) -> dict[str, str]:
    """What the totals of a StatBank record are called in its suite, and how severe each is."""
    names: dict[str, str] = {}
    for total in record.expect.totals:
        if isinstance(total.parts, str) and total.parts in statbank._AREA_NAMES:
            name = statbank._AREA_NAMES[total.parts]
            names |= {name: total.severity, name.replace("equal", "not_above"): BLOCKING}
            continue
        role = record.variable(total.variable).role
        name = statbank._TOTAL_NAMES.get(role, f"{role}_parts_equal_total")
        name = name if name not in names else f"{name}_{re.sub(r'[^a-z0-9]+', '_', total.total.lower())}"
        names[name] = total.severity
    return names
