"""Proofs of coverage: written while exams sit, and told as one by the session's report."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from monitor.bandplan import BandPlan
from monitor.case.playbook import playbooks
from monitor.case.press import Press
from monitor.clock import FakeClock
from monitor.proof import ACTION, covered, proof, prove, sits
from monitor.server.spectrum import coverage
from monitor.server.views import BandCoverage, BandView, SensorHealth
from monitor.store import Store
from monitor.store.audit import AuditQuery
from monitor.store.book import StoreBook
from monitor.timetable import Timetable, load
from tests.acceptance.stage import TIMETABLE, instant


def sensor(state: str) -> SensorHealth:
    return SensorHealth(
        id="roof",
        state=state,
        venue="no1",
        bands=[BandCoverage(low_hz=167e6, high_hz=174e6, revisit_s=0.2, intercept_1s=0.9, intercept_5s=1.0)],
        unwatched=[BandView(low_hz=24e6, high_hz=167e6)],
    )


async def test_a_start_amid_a_session_proves_nothing_before_its_receivers_can_listen(tmp_path):
    (tmp_path / "t.yml").write_text(TIMETABLE)
    clock = FakeClock(instant("09:30"))
    book = StoreBook(Store(f"sqlite:{tmp_path / 's.db'}"), clock)
    begun = clock.now()

    def seen():
        # As in life: listening some seconds after the start.
        began = clock.now() - begun > timedelta(seconds=20)
        return coverage([sensor("ok")] if began else [], BandPlan())

    table = load(tmp_path / "t.yml", clock.now())
    running = asyncio.create_task(prove(seen, list, table, book, clock))
    for _ in range(3):
        await clock.advance(60)
        await book.write(lambda: None)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    found = covered(await book.read_audit(AuditQuery(action=ACTION, limit=100)))
    assert [one.heard for one in found.watched] == [1.0]
    await book.close()


async def test_a_session_leaves_proofs_that_its_report_tells(tmp_path):
    (tmp_path / "t.yml").write_text(TIMETABLE)
    clock = FakeClock(instant("08:00"))
    table = load(tmp_path / "t.yml", clock.now())
    book = StoreBook(Store(f"sqlite:{tmp_path / 's.db'}"), clock)
    state = ["ok"]
    running = asyncio.create_task(
        prove(
            lambda: coverage([sensor(state[0])], BandPlan()),
            lambda: ["board"] if state[0] == "failed" else [],
            table,
            book,
            clock,
        )
    )

    async def settle() -> None:
        # What the task has asked to be written is written before this.
        await book.write(lambda: None)
        await asyncio.sleep(0)

    await clock.advance(2 * 3600, settle)
    state[0] = "failed"
    await clock.advance(2.5 * 3600, settle)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    entries = await book.read_audit(AuditQuery(action=ACTION, limit=100))
    # From 8:50 to 11:40, each quarter of an hour.
    assert len(entries) == 12
    found = covered(entries)
    (row,) = found.watched
    assert (row.sensor, row.heard, row.intercept_1s) == ("roof", 5 / 12, 0.9)
    assert ("no1", 24e6, 167e6) in found.unwatched
    assert found.failed_sources == (("board", 7 / 12),)
    press = Press(book.store, playbooks(), timetable=Timetable())
    page = press.session(instant("08:30"), instant("12:00"), "en", clock.now())
    assert all(word in page for word in ("167 – 174", "42%", "90%", "board", "58%"))
    named = Press(book.store, playbooks(), timetable=table)
    page = named.session(instant("08:30"), instant("12:00"), "zh", clock.now())
    assert table.venues["no1"].zh in page
    assert all(f"{table.exam_name(one.exam).zh} · {one.name.zh}" in page for one in table.sessions[:1])
    other = press.session(instant("13:00"), instant("14:00"), "zh", clock.now())
    assert "没有覆盖记录" in other
    assert not sits(table, datetime(2026, 6, 7, tzinfo=UTC) + timedelta(hours=20))
    await book.close()


def test_no_proof_says_that_nobody_can_tell():
    assert covered([]).n_proofs == 0
    assert proof(coverage([], BandPlan()), ["b", "a"])["failed_sources"] == ["a", "b"]
