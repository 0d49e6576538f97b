"""Stored documents: what was delivered is read back whole, also from a memory of the first version."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from crawlers import stored
from crawlers.document import Attachment, Document
from crawlers.memory import Memory, Version

NOW = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
POST = Document(
    id="b",
    source="board",
    url="http://board.test/b",
    author="gk2026",
    title="标题",
    text="正文",
    published_at=NOW - timedelta(minutes=3),
    first_seen_at=NOW,
    fetched_at=NOW,
    digest="sha256:1",
    attachments=(Attachment("http://board.test/p.png", "sha256:2", "image/png", "图中文字", ("qr",), "ab"),),
    placeholder=True,
    n_reposts=2,
    repost_of="a",
)


async def keep(memory: Memory, document: Document) -> None:
    await memory.sight(document.id, document.source, "k", document.url, document.first_seen_at)
    version = Version(
        document.version,
        document.digest,
        document.title,
        document.text,
        document.fetched_at,
        stored.beside(document),
    )
    await memory.remember(document.id, version, published_at=document.published_at)


async def test_a_document_comes_back_as_it_was_delivered(tmp_path):
    plain = replace(POST, id="a", author=None, attachments=(), placeholder=False, n_reposts=0, repost_of=None)
    edited = replace(POST, version=2, text="改过", digest="sha256:3")
    place = stored.Place(f"sqlite:{tmp_path / 'm.db'}")
    async with Memory(tmp_path / "m.db") as memory:
        for document in (POST, edited, plain):
            await keep(memory, document)
        assert list(stored.documents(place, "", "b")) == [plain, POST, edited]
        assert list(stored.documents(place, "a", "b")) == [POST, edited]
        assert list(stored.documents(place, "", "b", NOW + timedelta(seconds=1))) == []


@pytest.mark.parametrize(
    ("n", "n_between", "ends"), [(0, 3, []), (2, 3, ["1"]), (6, 3, ["2", "5"]), (7, 3, ["2", "5", "6"])]
)
async def test_the_pieces_hold_every_document_once(tmp_path, n, n_between, ends):
    async with Memory(tmp_path / "m.db") as memory:
        for i in range(n):
            await keep(memory, replace(POST, id=str(i)))
    assert stored.bounds(stored.Place(f"sqlite:{tmp_path / 'm.db'}"), n_between) == ends


async def test_a_memory_of_the_first_version_is_taken_over_with_all_it_holds(tmp_path):
    path = tmp_path / "m.db"
    async with Memory(path) as memory:
        await keep(memory, POST)
    with sqlite3.connect(path) as db:
        db.execute("ALTER TABLE versions DROP COLUMN beside")
        db.execute("PRAGMA user_version=1")
    async with Memory(path) as memory:
        assert (await memory.known(["b"]))["b"].digest == "sha256:1"
        (bare,) = stored.documents(stored.Place(f"sqlite:{path}"), "", "b")
        assert (bare.text, bare.attachments, bare.author) == ("正文", (), None)


async def test_a_memory_of_a_newer_version_is_refused(tmp_path):
    path = tmp_path / "m.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    with pytest.raises(OSError, match="newer version"):
        async with Memory(path):
            pass
