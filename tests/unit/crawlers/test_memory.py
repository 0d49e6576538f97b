"""Memory: what was answered is there after any end of the process."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

from crawlers.errors import LeaseLostError, SharedError
from crawlers.memory import Memory, PageRow, Version
from crawlers.tables import shared_worker

NOW = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.tools)])
def memory_of(request, tmp_path):
    """Opens the same memory anew at each call, in either kind of database."""
    if request.param == "sqlite":
        return lambda: Memory(tmp_path / "m.db")
    cluster = request.getfixturevalue("cluster")
    url = cluster.new_database()
    return lambda: Memory(shared_worker(url, cluster.password_file))


async def test_the_first_sight_of_a_document_stays(memory_of):
    async with memory_of() as memory:
        first = await memory.sight("a", "s", "k", "u", NOW)
        again = await memory.sight("a", "s", "k", "u", NOW + timedelta(hours=1))
    assert (first.first_seen_at, first.version) == (NOW, 0)
    assert again == first


async def test_a_document_is_known_only_once_it_was_remembered(memory_of):
    async with memory_of() as memory:
        await memory.sight("a", "s", "k", "u", NOW)
        assert await memory.known(["a"]) == {}
        await memory.remember("a", Version(1, "sha256:1", "t", "x", NOW))
    async with memory_of() as memory:
        assert (await memory.known(["a", "b"]))["a"].digest == "sha256:1"


async def test_every_version_is_kept_with_its_text(memory_of):
    versions = [Version(n, f"sha256:{n}", f"t{n}", f"x{n}", NOW) for n in (1, 2, 3)]
    async with memory_of() as memory:
        await memory.sight("a", "s", "k", "u", NOW)
        for version in versions:
            await memory.remember("a", version)
        assert await memory.versions("a") == versions


async def test_pages_and_marks_of_other_selectors_are_not_ours(memory_of):
    async with memory_of() as memory:
        row = PageRow('"e"', None, "d", "next")
        await memory.settle("s", "u", "old", row, NOW)
        await memory.mark("s", "old", "u", "7 replies", NOW)
        assert await memory.page("s", "u", "old") == row
        assert await memory.page("s", "u", "new") is None
        assert await memory.marks("s", "old", ["u", "v"]) == {"u": "7 replies"}
        assert await memory.marks("s", "new", ["u"]) == {}


async def test_threads_come_due_in_the_order_in_which_they_were_last_read(memory_of):
    async with memory_of() as memory:
        for minutes, url in enumerate(["old", "b", "c"]):
            await memory.mark("s", "r", url, "", NOW + timedelta(minutes=minutes))
        await memory.mark("s", "r", "b", "", NOW + timedelta(minutes=9))
        assert await memory.due("s", NOW + timedelta(seconds=30), 10) == ["c", "b"]


async def test_a_sweep_left_open_is_seen_by_the_next(memory_of):
    async with memory_of() as memory:
        assert await memory.sweep("s", open=True) is False
    async with memory_of() as memory:
        assert await memory.sweep("s", open=True) is True
        await memory.sweep("s", open=False)
        assert await memory.sweep("s", open=True) is False


async def test_forgetting_drops_the_old_and_keeps_the_new(memory_of):
    async with memory_of() as memory:
        for id, at in (("old", NOW - timedelta(days=400)), ("new", NOW)):
            await memory.sight(id, "s", id, "u", at)
            await memory.remember(id, Version(1, "d", "t", "x", at))
        assert await memory.forget(NOW - timedelta(days=365)) == 1
        assert set(await memory.known(["old", "new"])) == {"new"}
        assert await memory.versions("old") == []


async def test_a_page_settled_again_is_the_newer_one(memory_of):
    async with memory_of() as memory:
        await memory.settle("s", "u", "r", PageRow('"1"', None, "d1", "next"), NOW)
        await memory.settle("s", "u", "r", PageRow(None, "Sun", "d2", None), NOW + timedelta(hours=1))
        assert await memory.page("s", "u", "r") == PageRow(None, "Sun", "d2", None)


async def test_a_version_remembered_twice_is_there_once(memory_of):
    async with memory_of() as memory:
        await memory.sight("a", "s", "k", "u", NOW)
        for text in ("x", "x again"):
            await memory.remember("a", Version(1, "d", "t", text, NOW), simhash=-(2**63))
        assert [version.text for version in await memory.versions("a")] == ["x again"]
        assert await memory.simhashes(NOW) == [("a", -(2**63))]


async def test_documents_count_by_what_they_claim_and_by_when_they_were_seen(memory_of):
    async with memory_of() as memory:
        for id, published_at in (("old", NOW - timedelta(days=30)), ("new", NOW), ("silent", None)):
            await memory.sight(id, "s", id, "u", NOW)
            await memory.remember(id, Version(1, "d", "t", "x", NOW), published_at=published_at)
        assert await memory.count_since("s", NOW - timedelta(days=7)) == 2


async def test_a_state_is_kept_beside_an_open_sweep(memory_of):
    async with memory_of() as memory:
        await memory.sweep("s", open=True)
        await memory.keep_state("s", '{"n": 1}')
        await memory.keep_state("s", '{"n": 2}')
    async with memory_of() as memory:
        assert await memory.state("s") == '{"n": 2}'
        assert await memory.sweep("s", open=False) is True


async def test_what_cannot_be_kept_fails_alone(memory_of):
    async with memory_of() as memory:
        half = Version(1, "d", "t", "\ud83d", NOW)
        calls = [memory.sight(id, "s", id, "u", NOW) for id in "abc"]
        calls.insert(1, memory.remember("a", half))
        first, failed, *others = await asyncio.gather(*calls, return_exceptions=True)
        assert isinstance(failed, UnicodeEncodeError)
        assert [sight.version for sight in (first, *others)] == [0, 0, 0]
        assert await memory.versions("a") == []


async def test_a_write_behind_a_fence_that_fell_leaves_nothing(memory_of):
    def fallen(db: object) -> None:
        raise LeaseLostError("host:80")

    async with memory_of() as memory:
        fenced = memory.fenced(fallen)
        await memory.sight("a", "s", "k", "u", NOW)
        writes = [
            fenced.sight("b", "s", "k", "u", NOW),
            fenced.remember("a", Version(1, "d", "t", "x", NOW)),
            fenced.settle("s", "u", "r", PageRow(None, None, "d", None), NOW),
            fenced.mark("s", "r", "u", "m", NOW),
            fenced.sweep("s", open=True),
            fenced.keep_state("s", "{}"),
            fenced.hold(),
        ]
        for write in writes:
            with pytest.raises(LeaseLostError):
                await write
        assert await memory.known(["a", "b"]) == {}
        assert await memory.versions("a") == []
        assert await memory.page("s", "u", "r") is None
        assert await memory.marks("s", "r", ["u"]) == {}
        assert await memory.state("s") is None
        assert await memory.sweep("s", open=True) is False


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


@pytest.mark.tools
async def test_a_shared_memory_survives_a_restart_of_its_database(cluster):
    async with Memory(shared_worker(cluster.new_database(), cluster.password_file)) as memory:
        await memory.sight("a", "s", "k", "u", NOW)
        cluster.kill_connections()
        with pytest.raises(SharedError):
            await memory.sight("b", "s", "k", "u", NOW)
        assert (await memory.sight("a", "s", "k", "u", NOW + timedelta(hours=1))).first_seen_at == NOW


@pytest.mark.tools
async def test_a_shared_memory_of_a_newer_program_is_refused(cluster):
    url = cluster.new_database()
    async with Memory(shared_worker(url, cluster.password_file)):
        cluster.execute(url, "UPDATE crawl.version SET version=99")
    with pytest.raises(OSError, match="newer version"):
        async with Memory(shared_worker(url, cluster.password_file)):
            pass


@pytest.mark.tools
async def test_workers_that_start_at_once_make_the_tables_once(cluster):
    url = cluster.new_database()
    async with AsyncExitStack() as stack:
        opened = [Memory(shared_worker(url, cluster.password_file)) for _ in range(8)]
        await asyncio.gather(*map(stack.enter_async_context, opened))


@pytest.mark.tools
async def test_a_text_with_nul_is_kept_without_it(cluster):
    async with Memory(shared_worker(cluster.new_database(), cluster.password_file)) as memory:
        await memory.sight("a", "s", "k", "u", NOW)
        await memory.remember("a", Version(1, "d", "t", "x\0y", NOW))
        assert [version.text for version in await memory.versions("a")] == ["xy"]


async def test_a_shared_memory_that_is_not_there_is_an_error_at_the_door():
    with pytest.raises(SharedError):
        async with Memory(shared_worker("postgresql://nobody@127.0.0.1:9/none")):
            pass
