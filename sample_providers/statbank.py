"""The StatBank's functions: subjects, tables, tableinfo and data, by GET or POST.

Strict where Statistics Denmark's API is: error texts, statuses and content types are the documented ones.
Out of scope: XML metadata, the DCAT catalogue, the formats other than BULK, CSV and JSONSTAT.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from typing import Any

from sample_providers import metadata
from sample_providers.formats import delimited, jsonstat
from sample_providers.http import JSON_TYPE, Answer, Request, json_answer
from sample_providers.query import FORMATS, PRESENTATIONS, ApiError, DataRequest, broken_body, extract
from sample_providers.table import Table

_DELIMITERS = {"SEMICOLON": ";", "TAB": "\t", "COMMA": ","}
# Names in a GET query of /data that are not variables.
_OPTIONS = {"lang", "valuepresentation", "timeorder", "delimiter", "format", "table"}


class StatBank:
    """Answers StatBank requests from tables; `find` gives a table by id or None, `listed` gives all."""

    def __init__(self, find: Callable[[str], Table | None], listed: Callable[[], Iterable[Table]]) -> None:
        self._find, self._listed = find, listed
        self._ids = count(1)

    def answer(self, request: Request, path: str) -> Answer:
        """The answer to a request; `path` is what follows the API root, such as `tableinfo`."""
        lang = "da"
        try:
            options = _options(request)
            lang = "en" if str(options.get("lang", "")).lower() == "en" else "da"
            answer = self._function(request, path.strip("/"), options, lang)
        except ApiError as error:
            answer = json_answer(error.body(lang), error.status)
        answer.headers["Cache-Control"] = "no-cache"
        answer.headers["Statbankapi-Request-Id"] = f"{next(self._ids):032x}"
        return answer

    def _function(self, request: Request, path: str, options: dict[str, Any], lang: str) -> Answer:
        match [request.method, *path.split("/")]:
            case [_, "subjects", *rest] if len(rest) <= 1:
                return self._subjects(rest, options, lang)
            case [_, "tables"]:
                return self._tables(options, lang)
            case [_, "tableinfo", *rest] if len(rest) <= 1:
                return self._tableinfo(request, rest, options, lang)
            case ["POST", "data"]:
                return self._data(_from_post(options), lang)
            case ["GET", "data", table, form]:
                return self._data(_from_get(table, form, options), lang)
        raise ApiError("REQUEST-NOTFOUND", "Siden kan ikke findes. / Page not found.", status=404)

    def _subjects(self, rest: list[str], options: dict[str, Any], lang: str) -> Answer:
        wanted = _names(options.get("subjects")) or [name for part in rest for name in part.split(",")]
        recursive, with_tables = _flag(options.get("recursive")), _flag(options.get("includetables"))
        tree = metadata.subjects(self._listed(), wanted, lang, recursive=recursive, with_tables=with_tables)
        return json_answer(tree)

    def _tables(self, options: dict[str, Any], lang: str) -> Answer:
        days = options.get("pastdays")
        inactive = _flag(options.get("includeinactive"))
        wanted = _names(options.get("subjects"))
        if days and not str(days).isdigit():
            raise broken_body()
        past_days = int(days) if days else None
        return json_answer(metadata.table_list(self._listed(), wanted, lang, past_days=past_days, inactive=inactive))

    def _tableinfo(self, request: Request, rest: list[str], options: dict[str, Any], lang: str) -> Answer:
        named = options.get("id") if request.method == "GET" else options.get("table")
        table = self._table(rest[0] if rest else named)
        if str(options.get("format", "JSON")).upper() != "JSON":
            raise _no_format()
        return json_answer(metadata.tableinfo(table, lang))

    def _data(self, request: DataRequest, lang: str) -> Answer:
        table = self._table(request.table)
        found = extract(table, request)
        if request.format == "JSONSTAT":
            body, kind, ending = iter([jsonstat(found, request)]), JSON_TYPE, "json"
        else:
            body, kind, ending = delimited(found, request), "text/csv; charset=utf-8", "csv"
        disposition = f"attachment; filename={table.id}.{ending}"
        return Answer(200, {"Content-Type": kind, "Content-Disposition": disposition}, body)

    def _table(self, name: Any) -> Table:
        if not name:
            missing = "Der er ikke angivet nogen tabel-id."
            raise ApiError("REQUEST-MISSING", missing, "No table id was given.")
        table = self._find(str(name))
        if table is None:
            raise ApiError("EXTRACT-NOTFOUND", f"Tabel findes ikke: {name}", f"Table does not exist: {name}")
        return table


def named_in(request: Request, path: str) -> tuple[str | None, str | None]:
    """The table and the format a request names, as far as they can be read, for the request log."""
    name, *rest = path.strip("/").split("/")
    try:
        options = _options(request)
    except ApiError:
        options = {}
    table = rest[0] if rest else options.get("table") or options.get("id")
    if name not in ("data", "tableinfo"):
        return None, None
    form = (rest[1] if len(rest) > 1 else options.get("format")) if name == "data" else None
    return (str(table).upper() if table else None), (str(form).upper() if form else None)


def _options(request: Request) -> dict[str, Any]:
    """The options of a request by lower-case name: the JSON body of a POST, the query of a GET."""
    if request.method != "POST":
        return dict(request.query)
    try:
        content = request.json()
    except ValueError:
        raise broken_body() from None
    if not isinstance(content, dict):
        raise broken_body()
    return {key.lower(): value for key, value in content.items()}


def _names(given: Any) -> list[str]:
    listed = given.split(",") if isinstance(given, str) else (given or [])
    return [str(name).strip() for name in listed if str(name).strip()]


def _flag(given: Any) -> bool:
    return given is True or str(given).lower() == "true"


def _no_format() -> ApiError:
    text = "Format ikke angivet, eller ikke gyldigt."
    return ApiError("REQUEST-MISSING", text, "Format missing or not valid.")


def _from_get(table: str, form: str, options: dict[str, Any]) -> DataRequest:
    chosen = [(name, _split_values(values)) for name, values in options.items() if name not in _OPTIONS]
    return _checked(table, form, options, chosen)


def _split_values(values: str) -> list[str]:
    """Values of a GET query: commas part them; a `+` that became a blank (`(-n+3)`) is put back."""
    return [value.replace("n ", "n+") for value in values.split(",") if value]


def _from_post(options: dict[str, Any]) -> DataRequest:
    chosen = []
    variables = options.get("variables") or []
    if not isinstance(variables, list):
        raise broken_body()
    for entry in variables:
        if not isinstance(entry, dict):
            raise broken_body()
        named = {key.lower(): value for key, value in entry.items()}
        values = named.get("values") or []
        if not isinstance(named.get("code"), str) or not isinstance(values, list):
            raise broken_body()
        chosen.append((named["code"], [str(value) for value in values]))
    return _checked(options.get("table"), options.get("format"), options, chosen)


def _checked(table: Any, form: Any, options: dict[str, Any], chosen: list[tuple[str, list[str]]]) -> DataRequest:
    if str(form or "").upper() not in FORMATS:
        raise _no_format()
    presentation = str(options.get("valuepresentation") or "Default").upper()
    order = options.get("timeorder")
    if presentation not in PRESENTATIONS or str(order or "Ascending").upper() not in (
        "ASCENDING",
        "DESCENDING",
    ):
        raise broken_body()
    return DataRequest(
        table=str(table or ""),
        format=str(form).upper(),
        lang="en" if str(options.get("lang", "")).lower() == "en" else "da",
        presentation=presentation,
        time_order=str(order).upper() if order else None,
        delimiter=_DELIMITERS.get(str(options.get("delimiter") or "Semicolon").upper(), ";"),
        variables=chosen,
    )
