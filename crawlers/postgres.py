"""PostgreSQL behind `crawlers.database`: what several workers share, in the schema ``crawl``.

A connection that broke is opened anew by the next transaction; what was under way is told as
`SharedError`, and whoever asked asks again.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import psycopg

from crawlers.errors import SharedError

CONNECT_S = 5
_SETTINGS = (
    # Waiting longer than a lease lasts for anything would be for nothing.
    "-c search_path=crawl -c lock_timeout=15000 -c statement_timeout=60000"
    " -c idle_in_transaction_session_timeout=60000 -c tcp_user_timeout=15000"
)
_LOCK = 8441
"""Key of the advisory lock under which tables are made: workers may start at the same moment."""


class PostgresConnection:
    """`Connection` to ``postgresql://…``; makes the tables where there are none."""

    def __init__(
        self, url: str, password_file: Path | None, schema: str, upgrades: Sequence[str] = ()
    ) -> None:
        """`schema` is that of the first version; each of `upgrades` makes the next one of it.

        Raises
        ------
        SharedError
            If there is no connection.
        OSError
            If the password cannot be read, or the tables are of a newer version.
        """
        self._url = url
        self._password = (
            None if password_file is None else password_file.read_text("utf-8").rstrip("\r\n") or None
        )
        self._connection = self._connect()
        try:
            self._prepare(schema, upgrades)
        except BaseException:
            self.close()
            raise

    def execute(self, statement: str, values: Sequence[Any] = (), /) -> psycopg.Cursor[tuple[Any, ...]]:
        # PostgreSQL has no NUL in texts; a page may.
        sound = [value.replace("\0", "") if isinstance(value, str) else value for value in values]
        try:
            return self._connection.execute(cast("Any", statement.replace("?", "%s")), sound or None)
        except psycopg.Error as error:
            raise _told(error) from error

    def begin(self) -> None:
        if self._connection.closed:
            self._connection = self._connect()
        self.execute("BEGIN")

    def commit(self) -> None:
        self.execute("COMMIT")

    def rollback(self) -> None:
        with suppress(SharedError):
            self.execute("ROLLBACK")

    def close(self) -> None:
        self._connection.close()

    def _connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        try:
            return psycopg.connect(
                self._url,
                password=self._password,
                autocommit=True,
                connect_timeout=CONNECT_S,
                options=_SETTINGS,
                application_name="examwatch crawler",
            )
        except psycopg.Error as error:
            raise _told(error) from error

    def _prepare(self, schema: str, upgrades: Sequence[str]) -> None:
        self.execute("BEGIN")
        self.execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
        self.execute("CREATE SCHEMA IF NOT EXISTS crawl")
        self.execute("CREATE TABLE IF NOT EXISTS version (version INTEGER NOT NULL)")
        row = self.execute("SELECT version FROM version").fetchone()
        found, newest = row[0] if row else 0, 1 + len(upgrades)
        if found > newest:
            raise OSError(f"{self._where}: written by a newer version (schema {found})")
        for step in (schema, *upgrades)[found:]:
            self.execute(step)
        if found < newest:
            self.execute("DELETE FROM version")
            self.execute("INSERT INTO version VALUES (?)", (newest,))
        self.execute("COMMIT")

    @property
    def _where(self) -> str:
        info = self._connection.info
        return f"postgresql://{info.host}:{info.port}/{info.dbname}"


def _told(error: psycopg.Error) -> SharedError:
    return SharedError(f"PostgreSQL: {' '.join(str(error).split()) or type(error).__name__}")
