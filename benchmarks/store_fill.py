"""Fills a store with the rows of `benchmarks.store_made`: COPY into PostgreSQL, many at once into SQLite.

Up to a million alerts are made one by one. More are copies of those with names, numbers and
times of their own, made by PostgreSQL itself, which is ten times as fast.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

import psycopg
import sqlalchemy as sa

from benchmarks import store_made as made
from monitor.store import Store
from monitor.store.partitions import tend
from monitor.store.tables import metadata

BASE = 1_000_000
LETTERS = "ghijklmnopqrstuvwxyz"
SEQ_STEP = 10_000_000
NUMBERS = {"seq", "changed_seq"}
NAMES = {"fingerprint", "event_id", "newest_event_id", "cause", "case_id", "id", "digest"}
INSTANTS = {"at", "recorded_at", "starts_at", "updated_at", "ends_at", "opened_at", "due_at"}
COPIED = {"events": 3, "changes": 3}
"""So often at most: with bodies they take the most room, and a disk is shared."""
TABLES = [metadata.tables[name] for name in made.COLUMNS]


def fill_sqlite(path: Path, of: made.Sizes) -> None:
    """Into the empty store at `path`."""
    with sqlite3.connect(path) as db:
        for pragma in ("synchronous=OFF", "cache_size=-400000", "temp_store=MEMORY"):
            db.execute(f"PRAGMA {pragma}")
        for some in made.chunks(of):
            for table, rows in some.items():
                names = made.COLUMNS[table].split()
                marks = ",".join("?" * len(names))
                quoted = ",".join(f'"{name}"' for name in names)
                db.executemany(f"INSERT INTO {table} ({quoted}) VALUES ({marks})", rows)


def fill_postgresql(store: Store, connection: str, password: str, n_alerts: int, n_open: int | None) -> None:
    """Into the empty store at `connection`."""
    n_copies = max(1, n_alerts // BASE)
    of = made.sizes(n_alerts // n_copies, None if n_open is None else n_open // n_copies)
    tend(store.writer, made.LAST)
    with psycopg.connect(connection, password=password, autocommit=True) as db:
        db.execute("SET timezone = 'UTC'")
        db.execute("SET synchronous_commit = off")
        for some in made.chunks(of):
            for table, rows in some.items():
                columns = ",".join(f'"{name}"' for name in made.COLUMNS[table].split())
                with db.cursor().copy(f"COPY {table} ({columns}) FROM STDIN".encode()) as copy:
                    copy.write("".join(map(_line, rows)))
        if n_copies > 1:
            for table in made.COLUMNS:
                db.execute(_copies(table, min(n_copies, COPIED.get(table, n_copies) + 1)).encode())


def bare(store: Store) -> None:
    """Take keys and indexes away, which are made faster when all is there."""
    with store.writer.begin() as db:
        for table in TABLES:
            for index in table.indexes:
                index.drop(db)
            if db.dialect.name == "postgresql":
                db.execute(sa.text(f"ALTER TABLE {table.name} DROP CONSTRAINT pk_{table.name}"))


def dress(store: Store) -> Iterable[str]:
    """Put them back, one table after the other."""
    for table in TABLES:
        with store.writer.begin() as db:
            if db.dialect.name == "postgresql":
                key = ",".join(f'"{column.name}"' for column in table.primary_key)
                db.execute(
                    sa.text(f"ALTER TABLE {table.name} ADD CONSTRAINT pk_{table.name} PRIMARY KEY ({key})")
                )
            for index in table.indexes:
                index.create(db)
        yield table.name


def finish(store: Store) -> None:
    """What the daemon goes on from: the newest number, and a reader that is a little behind it."""
    with store.writer.begin() as db:
        numbered = {"changes": "seq", "case_events": "seq", "audit": "seq", "alerts": "changed_seq"}
        newest = max(
            db.execute(sa.text(f"SELECT max({column}) FROM {name}")).scalar_one()
            for name, column in numbered.items()
        )
        entry = made.entry(newest + 1, made.instant(0), "examwatch", "daemon.started", "", "low")
        db.execute(
            sa.text("INSERT INTO audit (seq, entry, hash) VALUES (:seq, :entry, :hash)"),
            {"seq": newest + 1, "entry": entry, "hash": "0" * 64},
        )
        db.execute(sa.text("INSERT INTO meta VALUES ('bench', :at)"), {"at": str(newest - 400)})
    with store.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as db:
        db.exec_driver_sql("ANALYZE" if db.dialect.name == "sqlite" else "VACUUM ANALYZE")


def _line(row: Sequence[object]) -> str:
    return "\t".join("\\N" if value is None else str(value) for value in row) + "\n"


def _copies(table: str, n: int) -> str:
    def value(name: str) -> str:
        quoted = f'"{name}"'
        if table == "cases" and name == "body":
            return "jsonb_set(body, '{id}', to_jsonb(letter || id))"
        if name in NUMBERS:
            return f"{quoted} + k * {SEQ_STEP}"
        if name in NAMES:
            return f"letter || {quoted}"
        return f"{quoted} + k * interval '0.2 s'" if name in INSTANTS else quoted

    names = made.COLUMNS[table].split()
    columns = ",".join(f'"{name}"' for name in names)
    return (
        f"INSERT INTO {table} ({columns}) SELECT {','.join(map(value, names))} FROM {table}, "
        f"(SELECT k, substr('{LETTERS}', k, 1) AS letter FROM generate_series(1, {n - 1}) AS k) AS copies"
    )
