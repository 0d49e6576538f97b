from __future__ import annotations

import sqlite3
from datetime import timedelta

import pytest

from monitor.link import outbox as module
from monitor.link.outbox import Outbox
from monitor.link.stamp import Stamp
from monitor.queue import QueueError
from tests.unit.monitor.conftest import NOON, make_alert


def stamper() -> Stamp:
    return Stamp(NOON, 1000.0, "b1")


@pytest.fixture
async def outbox(tmp_path):
    made = Outbox.open(tmp_path / "outbox.db", 1_000_000, stamper)
    yield made
    await made.close()


async def test_the_gravest_goes_first_then_the_oldest(outbox):
    levels = {"a": "low", "b": "high", "c": "critical", "d": "high"}
    await outbox.put([make_alert(name, level=level) for name, level in levels.items()])
    assert [queued.alert.id for queued in await outbox.take(3, 0)] == ["id-c", "id-b", "id-d"]
    assert [queued.alert.id for queued in await outbox.take(3, 0)] == ["id-a"]


async def test_what_was_put_carries_its_stamp_and_comes_again_after_a_restart(tmp_path, outbox):
    await outbox.put([make_alert("a"), make_alert("b"), make_alert("a")])
    taken = await outbox.take(10, 0)
    await outbox.ack([taken[0].seq])
    await outbox.close()
    again = Outbox.open(tmp_path / "outbox.db", 1_000_000, stamper)
    left = await again.take(10, 0)
    assert [(queued.alert, queued.stamp) for queued in left] == [(taken[1].alert, stamper())]
    await again.close()


async def test_what_is_given_back_is_taken_again(outbox):
    await outbox.put([make_alert("a"), make_alert("b")])
    taken = await outbox.take(10, 0)
    assert await outbox.take(10, 0) == []
    await outbox.give_back([taken[1].seq])
    assert [queued.alert.id for queued in await outbox.take(10, 0)] == ["id-b"]


async def test_over_its_bound_the_least_grave_and_oldest_give_way_and_are_counted(tmp_path):
    size = len(module.wire.encode(make_alert("0"))) + module.ROW_BYTES
    small = Outbox.open(tmp_path / "small.db", 3 * size + 50, stamper)
    await small.put([make_alert(str(n), level=level) for n, level in enumerate(("low", "high", "low"))])
    await small.put([make_alert("3", level="medium")])
    await small.put([make_alert("4", level="low")])
    await small.put([make_alert("5", level="critical")])
    assert [queued.alert.id for queued in await small.take(9, 0)] == ["id-5", "id-1", "id-3"]
    assert (await small.report()).n_dropped == {"low": 3}
    await small.close()
    again = Outbox.open(tmp_path / "small.db", 3 * size + 50, stamper)
    assert (await again.report()).n_dropped == {"low": 3}
    await again.close()


async def test_the_graver_is_never_dropped_for_the_less_grave(tmp_path):
    size = len(module.wire.encode(make_alert("0"))) + module.ROW_BYTES
    small = Outbox.open(tmp_path / "small.db", 2 * size + 50, stamper)
    await small.put(
        [make_alert("0", level="high"), make_alert("1", level="high"), make_alert("2", level="low")]
    )
    assert [queued.alert.id for queued in await small.take(9, 0)] == ["id-0", "id-1"]
    assert (await small.report()).n_dropped == {"low": 1}
    await small.close()


async def test_what_the_hub_can_never_read_is_put_aside(outbox):
    await outbox.put([make_alert("a")])
    [taken] = await outbox.take(1, 0)
    await outbox.refuse(taken.seq, "no such kind")
    report = await outbox.report()
    assert (report.n_waiting, report.n_bytes, report.n_refused) == (0, 0, 1)


async def test_a_row_of_a_newer_version_does_not_hold_up_the_rest(outbox):
    await outbox.put([make_alert("a", kind="laser", level="critical"), make_alert("b")])
    assert [queued.alert.id for queued in await outbox.take(9, 0)] == ["id-b"]
    assert (await outbox.report()).n_refused == 1


async def test_evidence_waits_gravest_first_until_it_is_done(outbox):
    await outbox.put([make_alert("a", level="low"), make_alert("b", level="critical")])
    await outbox.put([make_alert("c", level="high", evidence=make_alert("a").evidence)])
    first = await outbox.next_parcel()
    assert first.path == "b.png"
    assert await outbox.carried(["a.png", "c.png"]) == {"a.png"}
    await outbox.parcel_done(first)
    assert (await outbox.next_parcel()).path == "a.png"
    assert (await outbox.report()).n_evidence == 1


async def test_channel_names_of_the_last_day_outlive_a_restart(tmp_path, outbox):
    await outbox.put([make_alert("a", channel="1 MHz"), make_alert("b", channel="2 MHz", at_s=7200)])
    await outbox.close()
    again = Outbox.open(tmp_path / "outbox.db", 1_000_000, stamper)
    assert await again.radio_channels(NOON + timedelta(hours=1)) == [("v1", "2 MHz")]
    await again.close()


async def test_a_failing_disk_takes_nothing_and_counts_stay_right(outbox):
    await outbox.put([make_alert("a")])

    def fail(db):
        db.execute("DELETE FROM alerts")
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(QueueError, match="disk I/O error"):
        await outbox._disk.do(fail)
    assert (await outbox.report()).n_waiting == 1
