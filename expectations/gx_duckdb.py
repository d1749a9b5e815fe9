"""Great Expectations on DuckDB: the few classes that GX 1.24 lacks.

Importing this module imports GX, which takes seconds: import it inside functions only (``engine`` does).
GX's own SQL engine closes the connection before it fetches, which loses DuckDB's open result; the engine here keeps
one connection open for a whole suite. What is checked is said in ``suites``.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Literal

os.environ["GX_ANALYTICS_ENABLED"] = "false"  # before the import: nothing calls home

import duckdb
import great_expectations as gx
import sqlalchemy as sa
from duckdb_sqlalchemy import ConnectionWrapper
from great_expectations.compatibility import pydantic
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
)
from great_expectations.data_context import EphemeralDataContext
from great_expectations.data_context.types.base import (
    DataContextConfig,
    InMemoryStoreBackendDefaults,
)
from great_expectations.datasource.fluent import SQLDatasource
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations import UnexpectedRowsExpectation
from great_expectations.render import LegacyRendererType, RenderedStringTemplateContent
from great_expectations.render.renderer.renderer import renderer

from warehouse.db import cursor_of

EngineType = type[SqlAlchemyExecutionEngine]
_BIND = re.compile(r"(?<![:\w\\]):(?=\w)")


class KeptConnectionEngine(SqlAlchemyExecutionEngine):
    """Keeps one SQLAlchemy connection open from the first query to the last."""

    _connection: Any

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        """The one connection."""
        if self._connection is None:
            self._connection = self.engine.connect()
        yield self._connection


class DuckDBDatasource(SQLDatasource):
    """A datasource on a DuckDB connection that the caller holds open."""

    type: Literal["duckdb"] = "duckdb"
    connection_string: str = "duckdb://"

    _given: Any = pydantic.PrivateAttr(None)
    _kept: Any = pydantic.PrivateAttr(None)

    @property
    def execution_engine_type(self) -> EngineType:
        """The engine that keeps its connection."""
        return KeptConnectionEngine

    def use(self, engine: sa.Engine) -> DuckDBDatasource:
        """Take the SQLAlchemy engine that wraps the caller's connection."""
        self._given = engine
        return self

    def _create_engine(self) -> sa.Engine:
        return self._given

    def get_execution_engine(self) -> SqlAlchemyExecutionEngine:
        """The execution engine, made once."""
        if self._kept is None:
            self._kept = KeptConnectionEngine(engine=self.get_engine(), create_temp_table=False)
        engine: SqlAlchemyExecutionEngine = self._kept
        return engine


class ExpectNoOffendingKeys(UnexpectedRowsExpectation):
    """Expects that a query finds no offending key, in one scan.

    The query answers with one row: ``failures`` (how many keys offend), ``keys`` (JSON list, the first ten) and
    ``observed`` (text). GX's parent class would run the query a second time to count its rows.
    """

    check: str = ""
    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.table",)

    @classmethod
    @renderer(renderer_type=LegacyRendererType.PRESCRIPTIVE)
    def _prescriptive_renderer(
        cls,
        configuration: Any = None,
        result: Any = None,
        runtime_configuration: Any = None,
        **_: Any,
    ) -> list[RenderedStringTemplateContent]:
        meta = configuration.meta or {}
        return [
            _text(
                "$label ($severity): $description",
                meta,
                cls._styling(runtime_configuration),
            )
        ]

    @staticmethod
    def _styling(runtime_configuration: Any) -> Any:
        return (runtime_configuration or {}).get("styling")

    @classmethod
    @renderer(renderer_type="renderer.diagnostic.observed_value")
    def _diagnostic_observed_value_renderer(
        cls,
        configuration: Any = None,
        result: Any = None,
        runtime_configuration: Any = None,
        **_: Any,
    ) -> str:
        """What was observed; the keys that offend are beside it in the result."""
        return str((result.result or {}).get("observed_value", "--"))

    @classmethod
    @renderer(renderer_type="renderer.diagnostic.unexpected_statement")
    def _diagnostic_unexpected_statement_renderer(cls, **_: Any) -> list[Any]:
        """Nothing more: GX's own wants the share of rows, which a count of keys does not have."""
        return []

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: Any = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        row = metrics["unexpected_rows_query.table"][0]
        failures = int(row["failures"])
        keys = [json.dumps(key, ensure_ascii=False) for key in json.loads(row["keys"] or "[]")]
        observed = row["observed"] or f"{failures} offending"
        return {
            "success": failures == 0,
            "result": {
                "observed_value": observed,
                "unexpected_count": failures,
                "keys": keys,
            },
        }


def _text(template: str, params: dict[str, Any], styling: Any) -> RenderedStringTemplateContent:
    return RenderedStringTemplateContent(
        content_block_type="string_template",
        string_template={"template": template, "params": params, "styling": styling},
    )


def bound(sql: str) -> str:
    """A query as GX wants it: braces doubled, ``$batch`` for the batch, no colon taken for a bind parameter."""
    if "$batch" not in sql:  # GX grumbles on the standard output about a query that does not name its batch
        sql += "\n/* of $batch */"
    escaped = sql.replace("{", "{{").replace("}", "}}").replace("$batch", "{batch}")
    return _BIND.sub(r"\\:", escaped)


def context() -> EphemeralDataContext:
    """A data context in memory: no files, no progress bars, no telemetry."""
    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        progress_bars={"globally": False},
    )
    made = gx.get_context(mode="ephemeral", project_config=config)
    made.variables.analytics_enabled = False
    return made


def validate_table(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    asset: str,
    expectations: list[Any],
) -> ExpectationSuiteValidationResult:
    """Run expectations against one table, on a cursor of the caller's own connection.

    ``table`` is a quoted, qualified name. The caller must not be inside a transaction: a cursor sees what is committed.
    """
    engine = sa.create_engine(
        "duckdb://",
        creator=lambda: ConnectionWrapper(cursor_of(connection)),
        poolclass=sa.pool.StaticPool,
        isolation_level="AUTOCOMMIT",
    )
    try:
        source = DuckDBDatasource(name="build_database").use(engine)
        source._data_context = context()
        batch = (
            source.add_query_asset(name=asset, query=f"SELECT * FROM {table}").add_batch_definition(asset).get_batch()
        )
        suite = gx.ExpectationSuite(name=asset, expectations=expectations)
        return batch.validate(suite, result_format="COMPLETE")
    finally:
        engine.dispose()
