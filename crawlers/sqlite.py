"""SQLite behind `crawlers.database`: WAL and synchronous=FULL, so an answer is on the disk."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path


class SqliteConnection:
    """`Connection` to a file."""

    def __init__(self, path: Path, schema: str, upgrades: Sequence[str] = ()) -> None:
        """`schema` is that of the first version; each of `upgrades` makes the next one of it."""
        self._connection = _open(path, schema, upgrades)
        self.execute = self._connection.execute
        self.close = self._connection.close

    def begin(self) -> None:
        self.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self.execute("COMMIT")

    def rollback(self) -> None:
        if self._connection.in_transaction:
            self.execute("ROLLBACK")


class SqliteReader:
    """A second look at a file that somebody else writes to."""

    def __init__(self, path: Path) -> None:
        connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        connection.execute("PRAGMA busy_timeout=5000")
        self.execute = connection.execute
        self.close = connection.close


def _open(path: Path, schema: str, upgrades: Sequence[str]) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA busy_timeout=5000")
    found = connection.execute("PRAGMA user_version").fetchone()[0]
    newest = 1 + len(upgrades)
    if found > newest:
        connection.close()
        raise OSError(f"{path}: written by a newer version (schema {found})")
    if found == 0:
        connection.executescript(schema)
    for version, step in enumerate(upgrades[max(found, 1) - 1 :], max(found, 1) + 1):
        # One transaction a step: a kill in between leaves a whole version.
        connection.executescript(f"BEGIN;{step};PRAGMA user_version={version};COMMIT;")
    connection.execute(f"PRAGMA user_version={newest}")
    return connection
