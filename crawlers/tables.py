"""The crawlers' tables: memory's in SQLite and in PostgreSQL, and what only a crew needs.

    documents  one row a post: its newest version's digest, and when we first saw it
    versions   every text it ever had, with what stood beside it (`crawlers.stored`)
    pages      validators of each URL, and where the page led to
    marks      threads, posts and files that were read to the end
    sources    each source's state, and whether its last sweep was cut short

    workers    who is alive, and until when if nothing more is heard
    leases     which worker polls the sources of a host, and since which take-over (`token`)
    hosts      whose turn it is at a host, when it was last asked, how long it wants silence
    robots     the robots.txt of each origin

The memory's types are read by both databases. The crew's times are PostgreSQL's own: workers' clocks differ.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from crawlers.database import MAX_BATCH, Worker
from crawlers.postgres import PostgresConnection
from crawlers.sqlite import SqliteConnection

MEMORY = """
CREATE TABLE IF NOT EXISTS documents (
    id TEXT PRIMARY KEY, source TEXT NOT NULL, key TEXT NOT NULL, url TEXT NOT NULL, version BIGINT NOT NULL,
    digest TEXT NOT NULL, simhash BIGINT, first_seen_at DOUBLE PRECISION NOT NULL,
    published_at DOUBLE PRECISION
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS documents_by_source ON documents (source, first_seen_at);
CREATE INDEX IF NOT EXISTS documents_by_time ON documents (first_seen_at);
CREATE TABLE IF NOT EXISTS versions (
    id TEXT NOT NULL, version BIGINT NOT NULL, digest TEXT NOT NULL, title TEXT NOT NULL, text TEXT NOT NULL,
    fetched_at DOUBLE PRECISION NOT NULL, PRIMARY KEY (id, version)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pages (
    source TEXT NOT NULL, url TEXT NOT NULL, reader TEXT NOT NULL, etag TEXT, last_modified TEXT,
    digest TEXT NOT NULL, next_url TEXT, settled_at DOUBLE PRECISION NOT NULL, PRIMARY KEY (source, url)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marks (
    source TEXT NOT NULL, url TEXT NOT NULL, reader TEXT NOT NULL, mark TEXT NOT NULL,
    first_seen_at DOUBLE PRECISION NOT NULL, read_at DOUBLE PRECISION NOT NULL, PRIMARY KEY (source, url)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS marks_by_age ON marks (source, first_seen_at);
CREATE TABLE IF NOT EXISTS sources (
    source TEXT PRIMARY KEY, sweeping BIGINT NOT NULL DEFAULT 0, state TEXT
) WITHOUT ROWID;
"""
MEMORY_UPGRADES = ("ALTER TABLE versions ADD COLUMN beside TEXT NOT NULL DEFAULT '{}'",)

_FLEET = """
CREATE TABLE workers (worker TEXT PRIMARY KEY, until TIMESTAMPTZ NOT NULL);
CREATE TABLE leases (
    key TEXT PRIMARY KEY, worker TEXT, token BIGINT NOT NULL DEFAULT 0,
    freed_at TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(), asked_by TEXT
);
CREATE TABLE hosts (
    host TEXT PRIMARY KEY, turn BIGINT NOT NULL DEFAULT 0, turn_of TEXT,
    turn_until TIMESTAMPTZ NOT NULL DEFAULT 'epoch', last_at TIMESTAMPTZ NOT NULL DEFAULT 'epoch',
    quiet_until TIMESTAMPTZ NOT NULL DEFAULT 'epoch', n_refusals BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE robots (
    origin TEXT PRIMARY KEY, body TEXT, allows_all BOOLEAN NOT NULL, until TIMESTAMPTZ NOT NULL
);
"""
SHARED = MEMORY.replace(" WITHOUT ROWID", "")
SHARED_UPGRADES = (*MEMORY_UPGRADES, _FLEET)
"""In the order in which they were made; SQLite's later ones are appended here as well."""


def file_worker(path: Path) -> Worker:
    """The memory in a file of one's own."""
    return Worker(partial(SqliteConnection, path, MEMORY, MEMORY_UPGRADES))


def shared_worker(url: str, password_file: Path | None = None, max_batch: int = MAX_BATCH) -> Worker:
    """A connection to what a crew shares, at ``postgresql://…``."""
    return Worker(partial(PostgresConnection, url, password_file, SHARED, SHARED_UPGRADES), max_batch)
