"""The audit chain: each entry's hash covers the one before, so nothing changes unnoticed.

    hash(n) = sha256( hash(n-1) + "\\n" + entry(n) )       entry(n) is canonical JSON
    hash(0) = 64 zeros

An edit, a deletion or a swap breaks the chain where it happened. A cut tail, or a chain
rewritten from the start, only shows against a head (number and hash) that was kept elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from monitor.alert import wire
from monitor.store.errors import AuditError
from monitor.store.tables import ACTION, ACTOR, BY_PEOPLE, DAEMON, NOT_RAISED, RAISED, SUBJECT, audit

# ruff: noqa: SIM300 - columns, no constants

GENESIS = "0" * 64
_HEAD = sa.select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry of a chain: enough to prove later that it was there."""

    seq: int
    hash: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done, by whom, to what."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which entries to read; None does not restrict."""

    before: int | None = None
    actor: str | None = None
    action: str | None = None
    """The whole name, or its beginning with a dot: ``case.``."""
    subject: str | None = None
    limit: int = 100


def read_entries(connection: sa.Connection, query: AuditQuery) -> list[Entry]:
    """Entries, the newest first."""
    wanted: list[sa.ColumnElement[bool]] = []
    if query.before is not None:
        wanted.append(audit.c.seq < query.before)
    if query.subject is not None:
        wanted.append(SUBJECT == query.subject)
    if query.actor is not None:
        wanted.append(ACTOR == query.actor)
        # Said again as the index says it, which is no larger than what people did.
        wanted += [BY_PEOPLE] if query.actor != DAEMON else []
    newest = (audit.c.seq.desc(),)
    if query.action is None:
        rows = sa.select(audit.c.entry).where(*wanted).order_by(*newest).limit(query.limit)
        return [msgspec.json.decode(text, type=Entry) for text in connection.execute(rows).scalars()]
    # A beginning is looked up as the few actions that begin so: each has its place in the index, in order.
    parts = [
        sa.select(
            sa.select(audit.c.seq, audit.c.entry)
            .where(*wanted, *one)
            .order_by(*newest)
            .limit(query.limit)
            .subquery()
        )
        for one in _of_action(connection, query.action)
    ]
    if not parts:
        return []
    found = sa.union_all(*parts).subquery()
    rows = sa.select(found.c.entry).order_by(found.c.seq.desc()).limit(query.limit)
    return [msgspec.json.decode(text, type=Entry) for text in connection.execute(rows).scalars()]


def _of_action(connection: sa.Connection, asked: str) -> list[list[sa.ColumnElement[bool]]]:
    if not asked.endswith("."):
        return [[ACTION == asked, *([NOT_RAISED] if asked not in RAISED else [])]]
    end = asked[:-1] + "/"
    named = [[ACTION == one] for one in RAISED if one.startswith(asked)]
    last = asked
    while True:
        following = sa.select(ACTION).where(NOT_RAISED, ACTION > last, ACTION < end).order_by(ACTION).limit(1)
        found = connection.execute(following).scalar_one_or_none()
        if found is None:
            return named
        named.append([ACTION == found, NOT_RAISED])
        last = found


def link(previous: str, entry: str) -> str:
    return hashlib.sha256(f"{previous}\n{entry}".encode()).hexdigest()


class Chain:
    """Appends entries within the caller's transaction; read the head inside it, after the lock."""

    def __init__(self, connection: sa.Connection) -> None:
        self._db = connection
        self._head = read_head(connection)
        self._rows: list[dict[str, Any]] = []

    @property
    def next_seq(self) -> int:
        return self._head.seq + 1

    def append(self, at: datetime, actor: str, action: str, subject: str, body: Mapping[str, Any]) -> int:
        """Add an entry; it is written by `flush`. Returns its number."""
        entry = wire.canonical(Entry(self.next_seq, at, actor, action, subject, body))
        self._head = Head(self.next_seq, link(self._head.hash, entry))
        self._rows.append({"seq": self._head.seq, "entry": entry, "hash": self._head.hash})
        return self._head.seq

    def flush(self) -> None:
        if self._rows:
            self._db.execute(sa.insert(audit), self._rows)
            self._rows = []


def read_head(connection: sa.Connection) -> Head:
    row = connection.execute(_HEAD).one_or_none()
    return Head(row.seq, row.hash) if row else Head(0, GENESIS)


def check_chain(
    rows: Iterable[tuple[int, str, str]],
    heads: Iterable[Head] = (),
) -> Iterable[Entry]:
    """Yield every entry of `rows` (number, entry, hash; in order) as it proves to fit.

    Raises
    ------
    AuditError
        At the first entry that does not fit, or when a kept head is not in the chain.
    """
    kept = {head.seq: head.hash for head in heads}
    previous = Head(0, GENESIS)
    for seq, text, stored in rows:
        if seq != previous.seq + 1:
            raise AuditError(f"entry {previous.seq + 1} is missing")
        if link(previous.hash, text) != stored:
            raise AuditError(f"entry {seq} was changed: its hash does not fit")
        try:
            entry = msgspec.json.decode(text, type=Entry)
        except msgspec.DecodeError as error:
            raise AuditError(f"entry {seq} cannot be read: {error}") from error
        if entry.seq != seq:
            raise AuditError(f"entry {seq} says that it is entry {entry.seq}")
        if kept.pop(seq, stored) != stored:
            raise AuditError(f"entry {seq} is not the one whose head was kept: the chain was rewritten")
        previous = Head(seq, stored)
        yield entry
    if kept:
        raise AuditError(f"the chain ends at entry {previous.seq}, but a head of entry {max(kept)} was kept")
