"""Poisons of generic tests, made by rule: which values to spoil, and a small fixed search over rows.

A rule gives candidates in a fixed order; the first that trips its guard and only it proves the guard. What a rule says
in words does not depend on the row, so the page stays the same when the sample figures change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from guard_scratch import Guard, Poison, Scratch

SPREAD_ROWS = 6
ROWS_PER_VALUE = 2
FEW_VALUES = 24
UNKNOWN = "no such code"


@dataclass
class Proof:
    """What was found: the poison's words, and what is missing or wrong (empty: proved)."""

    words: str
    fault: str = ""


@dataclass
class Rules:
    """The search, with what it has learnt about each relation's rows.

    ``clean`` gives values (SQL) of a clean row of a table that is empty, where its generic tests do not say enough.
    """

    scratch: Scratch
    clean: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rows: dict[str, list[str]] = {}
        self._kinds: dict[str, Callable[[Guard], Proof]] = {
            "filled": self._filled,
            "not_null": self._filled,
            "not_blank": self._not_blank,
            "accepted_values": self._accepted_values,
            "accepted_items": self._accepted_items,
            "relationships": self._relationships,
            "unique": self._unique,
            "unique_combination": self._unique,
        }

    def prove(self, guard: Guard) -> Proof:
        """Find the poisoned case of a generic test."""
        if guard.kind not in self._kinds:
            return Proof("", f"no rule makes a poisoned case of a {guard.kind} test")
        return self._kinds[guard.kind](guard)

    def _first(self, guard: Guard, words: str, candidates: Iterator[tuple[str, ...]]) -> Proof:
        """The first candidate that trips the guard and only it; else which other guards stood in the way."""
        partners: set[str] | None = None
        for statements in candidates:
            poison = Poison(words, (*self._prepared(guard.relation), *statements))
            with self.scratch.poisoned(poison.statements):
                if not self.scratch.fails(guard):
                    continue
                others = self.scratch.others_tripped(guard, poison.relations)
            if not others:
                return Proof(words)
            partners = set(others) if partners is None else partners | set(others)
        if partners is None:
            return Proof(words, "nothing trips it")
        return Proof(words, "always trips too: " + " or ".join(sorted(partners)))

    def _filled(self, guard: Guard) -> Proof:
        """Every column must trip it; one of them only it."""
        columns, rows = guard.columns, self._where(guard.relation)
        words = (
            f"`{columns[0]}` is null in one row" if len(columns) == 1 else "a null in one row, in each column in turn"
        )
        prepared = self._prepared(guard.relation)
        for column in columns:
            poison = Poison(words, (*prepared, f"update {guard.relation} set {column} = null where {rows[0]}"))
            if not self.scratch.trips(guard, poison):
                return Proof(words, f"a null in {column} does not trip it")
        found = [(f"update {guard.relation} set {c} = null where {row}",) for row in rows for c in columns]
        return self._first(guard, words, iter(found))

    def _not_blank(self, guard: Guard) -> Proof:
        words = f"`{guard.column}` is only spaces, or null, in one row"
        return self._first(guard, words, self._changed(guard, ["'  '", "null"]))

    def _accepted_values(self, guard: Guard) -> Proof:
        accepted = {str(value) for value in guard.arguments["values"]}
        strange = [*(v for v in self._parent_values(guard) if v not in accepted), UNKNOWN]
        words = f"`{guard.column}` holds in one row a value that is not in the list"
        return self._first(guard, words, self._changed(guard, [f"'{value}'" for value in strange]))

    def _accepted_items(self, guard: Guard) -> Proof:
        words = f"`{guard.column}` holds in one row an item that is not in the list"
        return self._first(guard, words, self._changed(guard, [f"['{UNKNOWN}']"]))

    def _relationships(self, guard: Guard) -> Proof:
        """A value that the other table lacks: an accepted one where the column has a list of its own."""
        known = set(self._parent_values(guard))
        lists = [other for other in self._beside(guard) if other.kind == "accepted_values"]
        strange = [str(value) for other in lists for value in other.arguments["values"] if str(value) not in known]
        words = f"`{guard.column}` holds in one row a value that `{parent_of(guard)}` lacks"
        return self._first(guard, words, self._changed(guard, [f"'{value}'" for value in (*strange, UNKNOWN)]))

    def _unique(self, guard: Guard) -> Proof:
        """A row again, other unique columns made new; the same with its figures at 0, so that sums stand."""
        own = self.scratch.columns(guard.relation)
        figures = {c: "0" for c, kind in own.items() if kind in ("BIGINT", "DOUBLE") and c not in guard.columns}
        rows = self._where(guard.relation)
        candidates = [(self._copy(guard, row, values),) for row in rows for values in ({}, figures)]
        if guard.column in own:
            first = f"(select {guard.column} from {guard.relation} where {rows[0]})"
            candidates += [(f"update {guard.relation} set {guard.column} = {first} where {row}",) for row in rows[1:]]
        return self._first(guard, "two rows with the same key", iter(candidates))

    def _copy(self, guard: Guard, row: str, values: dict[str, str]) -> str:
        """A row again with other values, and new ones where another test would see that it comes twice."""
        relation = guard.relation
        for other in self.scratch.guards:
            twice = other.relation == relation and other.kind in ("unique", "unique_combination")
            if not twice or other.name == guard.name or set(other.columns) & set(values):
                continue
            column = next((c for c in other.columns if self._is_free(relation, c) and c not in guard.columns), None)
            if column:
                text = self.scratch.columns(relation)[column] == "VARCHAR"
                values = {**values, column: f"{column} || ' again'" if text else f"{column} + 1000"}
        changed = ", ".join(f"{value} as {column}" for column, value in values.items())
        return (
            f"insert into {relation} select *{f' replace ({changed})' if changed else ''} from {relation} where {row}"
        )

    def _is_free(self, relation: str, column: str) -> bool:
        """Whether a column may hold any text or whole number."""
        known = self.scratch.columns(relation).get(column) in ("VARCHAR", "INTEGER", "BIGINT")
        held = ("accepted_values", "relationships")
        return known and not any(
            (other.relation, other.column) == (relation, column) and other.kind in held for other in self.scratch.guards
        )

    def _changed(self, guard: Guard, values: list[str]) -> Iterator[tuple[str, ...]]:
        """One row changed to each value; or, so that no row goes missing, a copy of a row with that value."""
        for value in values:
            for row in self._where(guard.relation):
                yield (f"update {guard.relation} set {guard.column} = {value} where {row}",)
                yield (self._copy(guard, row, {guard.column: value}),)

    def _beside(self, guard: Guard) -> list[Guard]:
        """The other generic tests on the same column."""
        return [
            other
            for other in self.scratch.guards
            if (other.relation, other.column) == (guard.relation, guard.column) and other.name != guard.name
        ]

    def _parent_values(self, guard: Guard) -> list[str]:
        """What the tables that this column refers to hold, in order."""
        found: list[str] = []
        for other in [guard, *self._beside(guard)]:
            if other.kind == "relationships":
                parent, key = parent_of(other), other.arguments["field"]
                found += [str(v) for (v,) in self.scratch.rows(f"select distinct {key} from {parent} order by all")]
        return found

    def _where(self, relation: str) -> list[str]:
        """Conditions that each pick one row: some spread over the table, some for each value of a short list."""
        if relation not in self._rows:
            self._rows[relation] = self._pick(relation)
        return self._rows[relation]

    def _pick(self, relation: str) -> list[str]:
        [(count,)] = self.scratch.rows(f"select count(*) from {relation}")
        if not count:
            return ["true"]
        picked = [index * count // SPREAD_ROWS for index in range(SPREAD_ROWS)]
        for column, kind in self.scratch.columns(relation).items():
            if kind not in ("VARCHAR", "BOOLEAN"):
                continue
            values = self.scratch.rows(
                f"select list(rowid order by rowid)[:{ROWS_PER_VALUE}] as rows from {relation} group by {column} "
                f"order by min(rowid) limit {FEW_VALUES + 1}"
            )
            if len(values) <= FEW_VALUES:
                picked += [row for (rows,) in values for row in rows]
        return [f"rowid = {row}" for row in dict.fromkeys(picked)]

    def _prepared(self, relation: str) -> tuple[str, ...]:
        """A clean row for a table that the sample leaves empty, made of what its other guards want."""
        if not relation or self._where(relation) != ["true"]:
            return ()
        given = self.clean.get(relation, {})
        columns = self.scratch.columns(relation).items()
        values = [given.get(name) or self._clean(relation, name, kind) for name, kind in columns]
        return (f"insert into {relation} values ({', '.join(values)})",)

    def _clean(self, relation: str, column: str, kind: str) -> str:
        for guard in self.scratch.guards:
            if (guard.relation, guard.column) == (relation, column) and guard.kind == "accepted_values":
                return f"'{guard.arguments['values'][0]}'"
            if (guard.relation, guard.column) == (relation, column) and guard.kind == "relationships":
                return f"(select min({guard.arguments['field']}) from {parent_of(guard)})"
        plain = {"VARCHAR": "'x'", "DATE": "date '2020-01-01'", "BOOLEAN": "false"}
        if kind.endswith("[]"):
            return "[]"
        return plain.get(kind, "timestamp '2020-01-01'" if kind.startswith("TIMESTAMP") else "1")


def parent_of(guard: Guard) -> str:
    """The table that a relationships test looks a value up in; its own where it refers to itself."""
    return next(iter(guard.reads - {guard.relation}), guard.relation)
