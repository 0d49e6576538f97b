"""Memory: what was answered is there after any end of the process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawlers.memory import Memory, PageRow, Version

NOW = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)


async def test_the_first_sight_of_a_document_stays(tmp_path):
    async with Memory(tmp_path / "m.db") as memory:
        first = await memory.sight("a", "s", "k", "u", NOW)
        again = await memory.sight("a", "s", "k", "u", NOW + timedelta(hours=1))
    assert (first.first_seen_at, first.version) == (NOW, 0)
    assert again == first


async def test_a_document_is_known_only_once_it_was_remembered(tmp_path):
    async with Memory(tmp_path / "m.db") as memory:
        await memory.sight("a", "s", "k", "u", NOW)
        assert await memory.known(["a"]) == {}
        await memory.remember("a", Version(1, "sha256:1", "t", "x", NOW))
    async with Memory(tmp_path / "m.db") as memory:
        assert (await memory.known(["a", "b"]))["a"].digest == "sha256:1"


async def test_every_version_is_kept_with_its_text(tmp_path):
    versions = [Version(n, f"sha256:{n}", f"t{n}", f"x{n}", NOW) for n in (1, 2, 3)]
    async with Memory(tmp_path / "m.db") as memory:
        await memory.sight("a", "s", "k", "u", NOW)
        for version in versions:
            await memory.remember("a", version)
        assert await memory.versions("a") == versions


async def test_pages_and_marks_of_other_selectors_are_not_ours(tmp_path):
    async with Memory(tmp_path / "m.db") as memory:
        row = PageRow('"e"', None, "d", "next")
        await memory.settle("s", "u", "old", row, NOW)
        await memory.mark("s", "old", "u", "7 replies", NOW)
        assert await memory.page("s", "u", "old") == row
        assert await memory.page("s", "u", "new") is None
        assert await memory.marks("s", "old", ["u", "v"]) == {"u": "7 replies"}
        assert await memory.marks("s", "new", ["u"]) == {}


async def test_threads_come_due_in_the_order_in_which_they_were_last_read(tmp_path):
    async with Memory(tmp_path / "m.db") as memory:
        for minutes, url in enumerate(["old", "b", "c"]):
            await memory.mark("s", "r", url, "", NOW + timedelta(minutes=minutes))
        await memory.mark("s", "r", "b", "", NOW + timedelta(minutes=9))
        assert await memory.due("s", NOW + timedelta(seconds=30), 10) == ["c", "b"]


async def test_a_sweep_left_open_is_seen_by_the_next(tmp_path):
    async with Memory(tmp_path / "m.db") as memory:
        assert await memory.sweep("s", open=True) is False
    async with Memory(tmp_path / "m.db") as memory:
        assert await memory.sweep("s", open=True) is True
        await memory.sweep("s", open=False)
        assert await memory.sweep("s", open=True) is False


async def test_forgetting_drops_the_old_and_keeps_the_new(tmp_path):
    async with Memory(tmp_path / "m.db") as memory:
        for id, at in (("old", NOW - timedelta(days=400)), ("new", NOW)):
            await memory.sight(id, "s", id, "u", at)
            await memory.remember(id, Version(1, "d", "t", "x", at))
        assert await memory.forget(NOW - timedelta(days=365)) == 1
        assert set(await memory.known(["old", "new"])) == {"new"}
        assert await memory.versions("old") == []


async def test_a_file_of_a_newer_program_is_refused_and_not_touched(tmp_path):
    import sqlite3

    path = tmp_path / "m.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")
    db.close()
    with pytest.raises(OSError, match="newer version"):
        async with Memory(path):
            pass


async def test_a_file_that_is_no_database_is_an_error_at_the_door(tmp_path):
    path = tmp_path / "m.db"
    path.write_bytes(b"not a database, but long enough to be read as one" * 50)
    with pytest.raises(Exception, match="not a database"):
        async with Memory(path):
            pass
