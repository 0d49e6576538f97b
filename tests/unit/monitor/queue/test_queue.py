"""Each medium behind the queue's door keeps the same promises."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from monitor.queue import QueueError, open_queue
from monitor.queue.memory import MemoryQueue
from monitor.queue.sqlite import SqliteQueue


@pytest.fixture(params=["sqlite", "memory"])
async def alert_queue(request, tmp_path):
    queue = SqliteQueue.open(tmp_path / "q.db", 10) if request.param == "sqlite" else MemoryQueue(10)
    yield queue
    await queue.close()


async def test_alerts_come_out_whole_and_in_the_order_they_went_in(alert_queue, many_alerts):
    alerts = many_alerts(5)
    await alert_queue.put(alerts[:2])
    await alert_queue.put(alerts[2:])
    assert [queued.alert for queued in await alert_queue.take(10, 0)] == alerts


async def test_an_alert_is_taken_once_until_given_back(alert_queue, many_alerts):
    await alert_queue.put(many_alerts(3))
    taken = await alert_queue.take(2, 0)
    assert len(await alert_queue.take(10, 0)) == 1
    await alert_queue.give_back([taken[1].seq])
    assert [queued.alert.id for queued in await alert_queue.take(10, 0)] == [taken[1].alert.id]


async def test_an_id_that_waits_already_is_kept_once(alert_queue, make_alert):
    await alert_queue.put([make_alert("x"), make_alert("x")])
    await alert_queue.put([make_alert("x")])
    assert len(await alert_queue.take(10, 0)) == 1
    assert alert_queue.stats().n_waiting == 1


async def test_take_waits_for_the_next_alert(alert_queue, make_alert):
    waiting = asyncio.create_task(alert_queue.take(10, 5))
    await asyncio.sleep(0.02)
    await alert_queue.put([make_alert()])
    assert len(await waiting) == 1


async def test_take_gives_up_after_its_wait(alert_queue):
    assert await alert_queue.take(10, 0.02) == []


async def test_a_full_queue_makes_the_raiser_wait_and_counts_it(alert_queue, many_alerts):
    alerts = many_alerts(12)
    await alert_queue.put(alerts[:10])
    late = asyncio.create_task(alert_queue.put(alerts[10:]))
    await asyncio.sleep(0.05)
    assert not late.done()
    taken = await alert_queue.take(5, 0)
    await alert_queue.ack([queued.seq for queued in taken])
    await asyncio.wait_for(late, 2)
    stats = alert_queue.stats()
    assert (stats.n_put_waits, stats.n_put, stats.n_acked, stats.n_waiting) == (1, 12, 5, 7)


async def test_a_batch_larger_than_the_queue_passes_when_it_is_empty(alert_queue, many_alerts):
    await asyncio.wait_for(alert_queue.put(many_alerts(15)), 2)
    assert alert_queue.stats().n_waiting == 15


async def test_two_takers_never_get_the_same_alert(alert_queue, many_alerts):
    await alert_queue.put(many_alerts(10))
    parts = await asyncio.gather(*(alert_queue.take(3, 0) for _ in range(4)))
    seqs = [queued.seq for part in parts for queued in part]
    assert sorted(seqs) == sorted(set(seqs))
    assert len(seqs) == 10


async def test_what_was_taken_and_not_acknowledged_comes_again_after_a_restart(tmp_path, many_alerts):
    path = tmp_path / "q.db"
    queue = SqliteQueue.open(path)
    await queue.put(many_alerts(4))
    taken = await queue.take(3, 0)
    await queue.ack([taken[0].seq])
    await queue.close()
    queue = SqliteQueue.open(path)
    assert [queued.alert.id for queued in await queue.take(10, 0)] == ["id-1", "id-2", "id-3"]
    await queue.close()


async def test_the_disk_is_told_to_keep_each_commit(tmp_path, make_alert):
    queue = SqliteQueue.open(tmp_path / "q.db")
    assert await queue._disk.do(lambda db: db.execute("PRAGMA synchronous").fetchone()) == (2,)
    assert await queue._disk.do(lambda db: db.execute("PRAGMA journal_mode").fetchone()) == ("wal",)
    await queue.close()


async def test_a_second_process_is_refused_in_one_line(tmp_path):
    queue = SqliteQueue.open(tmp_path / "q.db")
    with pytest.raises(QueueError, match=r"q\.db: the alert queue cannot be opened: database is locked"):
        SqliteQueue.open(tmp_path / "q.db")
    await queue.close()


async def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "q.db"
    path.write_bytes(b"not a database at all, but a long enough text to look at" * 40)
    with pytest.raises(QueueError, match="not a database"):
        SqliteQueue.open(path)
    assert path.read_bytes().startswith(b"not a database")


async def test_a_failing_disk_fails_the_call_and_not_the_queue(tmp_path, make_alert):
    queue = SqliteQueue.open(tmp_path / "q.db")

    def fail(db):
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(QueueError, match="disk I/O error"):
        await queue._disk.do(fail)
    await queue.put([make_alert()])
    assert queue.stats().n_waiting == 1
    await queue.close()


async def test_a_closed_queue_says_so(tmp_path, make_alert):
    queue = SqliteQueue.open(tmp_path / "q.db")
    await queue.close()
    with pytest.raises(QueueError, match="closed"):
        await queue.put([make_alert()])


def test_an_unknown_kind_of_queue_is_named():
    with pytest.raises(ValueError, match="no queue of kind 'nats:'"):
        open_queue("nats://hub")
