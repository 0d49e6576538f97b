"""Documents as memory keeps them, read back whole for whoever asks something new of old posts.

Reading is blocking and on a connection of its own, so that a long hunt through a million posts
never stands in the way of the crawler. Documents go by (id, version): the order in which the
table lies on the disk, and a place from which one can go on.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from crawlers.document import Attachment, Document, recorded
from crawlers.postgres import PostgresConnection
from crawlers.sqlite import SqliteReader
from crawlers.tables import SHARED, SHARED_UPGRADES

_COLUMNS = (
    "d.id, d.source, d.url, v.title, v.text, d.published_at, d.first_seen_at, v.fetched_at, v.digest,"
    " v.version, v.beside"
)


def beside(document: Document) -> str:
    """What a stored version needs beside its text to be a `Document` again."""
    rest: dict[str, Any] = {
        "author": document.author,
        # Where each line stood is of use beside the picture alone, which memory does not keep.
        "attachments": [asdict(replace(part, picture=None)) for part in recorded(document).attachments],
        "placeholder": document.placeholder,
        "n_reposts": document.n_reposts,
        "repost_of": document.repost_of,
    }
    return json.dumps({name: value for name, value in rest.items() if value}, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a memory is: a file, or a database that a crew shares."""

    url: str
    """``sqlite:PATH`` or ``postgresql://…``."""
    password_file: Path | None = None

    def __str__(self) -> str:
        return self.url.removeprefix("sqlite:")

    @property
    def file(self) -> Path | None:
        scheme, _, rest = self.url.partition(":")
        return Path(rest) if scheme == "sqlite" else None


def bounds(place: Place, n_between: int, since: datetime | None = None) -> list[str]:
    """Ids that cut the documents first seen `since` then into pieces of `n_between`, the last id at the end.

    Raises
    ------
    sqlite3.Error, OSError
        If there is no such memory.
    """
    with closing(_open(place)) as db:
        rows = db.execute("SELECT id FROM documents WHERE first_seen_at>=? ORDER BY id", (_seconds(since),))
        ids = [id for (id,) in rows]
    ends = ids[n_between - 1 :: n_between]
    return ends if not ids or (ends and ends[-1] == ids[-1]) else [*ends, ids[-1]]


def documents(place: Place, after: str, upto: str, since: datetime | None = None) -> Iterator[Document]:
    """Every version of the documents with ``after < id <= upto``, in the order of their ids."""
    with closing(_open(place)) as db:
        rows = db.execute(
            f"SELECT {_COLUMNS} FROM documents d JOIN versions v ON v.id = d.id"  # noqa: S608 - our own columns
            " WHERE d.id>? AND d.id<=? AND d.first_seen_at>=? ORDER BY v.id, v.version",
            (after, upto, _seconds(since)),
        )
        for row in rows:
            yield _document(row)


@dataclass(frozen=True, slots=True)
class Listed:
    """A document as a list names it: what it is, and not what it says."""

    id: str
    url: str
    title: str
    n_chars: int
    """Of its newest text."""
    version: int
    published_at: datetime | None
    first_seen_at: datetime
    fetched_at: datetime


def newest(place: Place, source: str, limit: int) -> list[Listed]:
    """The documents of `source` that were first seen last, the newest first.

    Raises
    ------
    sqlite3.Error, OSError
        If there is no such memory.
    """
    with closing(_open(place)) as db:
        rows = db.execute(
            "SELECT d.id, d.url, v.title, length(v.text), d.version, d.published_at,"
            " d.first_seen_at, v.fetched_at"
            " FROM documents d JOIN versions v ON v.id = d.id AND v.version = d.version"
            " WHERE d.source=? ORDER BY d.first_seen_at DESC LIMIT ?",
            (source, limit),
        ).fetchall()
    return [
        Listed(
            id,
            url,
            title,
            n_chars,
            version,
            published and _instant(published),
            _instant(first),
            _instant(fetched),
        )
        for id, url, title, n_chars, version, published, first, fetched in rows
    ]


def _open(place: Place) -> SqliteReader | PostgresConnection:
    if place.file is not None:
        return SqliteReader(place.file)
    return PostgresConnection(place.url, place.password_file, SHARED, SHARED_UPGRADES)


def _seconds(since: datetime | None) -> float:
    return since.timestamp() if since is not None else 0.0


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _document(row: tuple[Any, ...]) -> Document:
    id, source, url, title, text, published_at, first_seen_at, fetched_at, digest, version, rest = row
    known: dict[str, Any] = json.loads(rest) if rest != "{}" else {}
    return Document(
        id=id,
        source=source,
        url=url,
        author=known.get("author"),
        title=title,
        text=text,
        published_at=None if published_at is None else _instant(published_at),
        first_seen_at=_instant(first_seen_at),
        fetched_at=_instant(fetched_at),
        digest=digest,
        version=version,
        attachments=msgspec.convert(known.get("attachments", ()), tuple[Attachment, ...]),
        placeholder=bool(known.get("placeholder")),
        n_reposts=int(known.get("n_reposts", 0)),
        repost_of=known.get("repost_of"),
    )
