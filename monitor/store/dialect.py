"""What the tables are made of where SQLite and PostgreSQL differ: instants, JSON, texts within JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC datetime. SQLite keeps it as text that sorts as the instants do."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Json = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")

Seq = sa.BigInteger().with_variant(sa.Integer, "sqlite")
"""SQLite's own row number is only spelt INTEGER."""


class Said(FunctionElement[str]):
    """The text under a name of a JSON column, or of a text that holds JSON.

    Spelt out, because an index on it is not found by a query that binds the name.
    """

    inherit_cache = True
    name = "said"
    type = sa.Text()

    def __init__(self, column: sa.ColumnElement[Any], name: str) -> None:
        super().__init__(column, sa.literal_column(f"'{name}'"))


@compiles(Said, "sqlite")
def _said_in_sqlite(element: Said, compiler: SQLCompiler, **options: Any) -> str:
    column, name = (compiler.process(part, **options) for part in element.clauses)
    return f"json_extract({column}, '$.{name[1:-1]}')"


@compiles(Said, "postgresql")
def _said_in_postgresql(element: Said, compiler: SQLCompiler, **options: Any) -> str:
    column, name = (compiler.process(part, **options) for part in element.clauses)
    if isinstance(next(iter(element.clauses)).type, sa.Text):
        # Names of ours, in the order of their bytes: what begins alike lies side by side.
        return f'((CAST({column} AS jsonb) ->> {name}) COLLATE "C")'
    return f"({column} ->> {name})"


class CaseText(FunctionElement[str]):
    """What a case is found by: its id and its titles, in small letters. Of the columns id and body."""

    inherit_cache = True
    name = "case_text"
    type = sa.Text()


@compiles(CaseText, "sqlite")
def _case_text_in_sqlite(element: CaseText, compiler: SQLCompiler, **options: Any) -> str:
    name, body = (compiler.process(part, **options) for part in element.clauses)
    titles = (f"json_extract({body}, '$.title.{language}')" for language in ("en", "zh"))
    return f"lower({' || char(10) || '.join((name, *titles))})"


@compiles(CaseText, "postgresql")
def _case_text_in_postgresql(element: CaseText, compiler: SQLCompiler, **options: Any) -> str:
    name, body = (compiler.process(part, **options) for part in element.clauses)
    titles = (f"({body} -> 'title' ->> '{language}')" for language in ("en", "zh"))
    return f"lower({' || chr(10) || '.join((name, *titles))})"


class SaidNumber(Said):
    """A number there."""

    inherit_cache = True
    name = "said_number"
    type = sa.Float()


@compiles(SaidNumber, "sqlite")
def _number_in_sqlite(element: SaidNumber, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({_said_in_sqlite(element, compiler, **options)} AS FLOAT)"


@compiles(SaidNumber, "postgresql")
def _number_in_postgresql(element: SaidNumber, compiler: SQLCompiler, **options: Any) -> str:
    return f"({_said_in_postgresql(element, compiler, **options)}::float8)"


def partial(name: str, *columns: Any, where: sa.ColumnElement[bool]) -> sa.Index:
    return sa.Index(name, *columns, sqlite_where=where, postgresql_where=where)


def column(
    name: str, kind: Any, *, nullable: bool = False, primary_key: bool = False, autoincrement: bool = False
) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=nullable, primary_key=primary_key, autoincrement=autoincrement)
