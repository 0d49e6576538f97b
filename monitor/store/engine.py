"""Connections to the database, and the rules they keep.

SQLite before 3.51.3 can corrupt a WAL when two connections checkpoint at once, so only
the writer ever does: readers are read-only and closed first. synchronous=FULL puts each
commit on the disk before anyone is told.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.event import listen

from monitor.faults import cause_of
from monitor.store.errors import StoreError

BUSY_MS = 5000
CHAIN_LOCK = 8440
"""Key of PostgreSQL's advisory lock: the audit chain has one writer at a time, whatever their number."""

_LET_GO = "-c idle_in_transaction_session_timeout=10000"
"""Milliseconds: a process that is stopped amid a transaction would else keep the chain's lock for ever."""


@dataclass(frozen=True, slots=True)
class Engines:
    writer: sa.Engine
    reader: sa.Engine

    def close(self) -> None:
        self.reader.dispose()
        self.writer.dispose()


def open_engines(url: str, password_file: Path | None = None) -> Engines:
    """Engines for ``sqlite:PATH`` or ``postgresql://…``.

    Raises
    ------
    StoreError
        If the place of the database cannot be used.
    ValueError
        If there is no store of that kind.
    """
    scheme, _, rest = url.partition(":")
    match scheme:
        case "sqlite":
            return _open_sqlite(Path(rest))
        case "postgresql":
            server = server_url(url, password_file)
            writer = sa.create_engine(
                server, pool_size=1, max_overflow=0, pool_pre_ping=True, connect_args={"options": _LET_GO}
            )
            listen(writer, "begin", _lock_chain)
            read_only = {"postgresql_readonly": True}
            return Engines(
                writer,
                sa.create_engine(server, pool_size=4, pool_pre_ping=True, execution_options=read_only),
            )
        case _:
            raise ValueError(f"no store of kind '{scheme}:' (sqlite: or postgresql:)")


def server_url(url: str, password_file: Path | None) -> sa.URL:
    """Raises `StoreError` if the password cannot be read."""
    return sa.make_url(url).set(drivername="postgresql+psycopg", password=_password(password_file))


def _password(file: Path | None) -> str | None:
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise StoreError(f"{file}: the password cannot be read: {cause_of(error)}") from error


def _open_sqlite(path: Path) -> Engines:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{path.parent}: {error.strerror or error}") from error
    arguments = {"check_same_thread": False, "timeout": BUSY_MS / 1000}
    location = sa.URL.create("sqlite", database=str(path))
    writer = sa.create_engine(location, pool_size=1, max_overflow=0, connect_args=arguments)
    reader = sa.create_engine(location, pool_size=4, max_overflow=4, connect_args=arguments)
    listen(writer, "connect", _prepare_writer)
    listen(reader, "connect", _prepare_reader)
    listen(writer, "begin", _begin_at_once)
    return Engines(writer, reader)


def _prepare_writer(connection: Any, _record: object) -> None:
    # pysqlite's own BEGIN comes late and never for DDL; ours is in `_begin_at_once`.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_reader(connection: Any, _record: object) -> None:
    for pragma in ("wal_autocheckpoint=0", "query_only=ON", f"busy_timeout={BUSY_MS}"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_at_once(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _lock_chain(connection: sa.Connection) -> None:
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({CHAIN_LOCK})")
