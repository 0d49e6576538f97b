from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import FakeClock, SystemClock
from monitor.health import session_clocks
from monitor.schedule import ApSchedule, ClockSchedule
from monitor.sessions import CLOSE_POLL_S, LEAD, longest_poll_s, turns
from monitor.timetable import Name, Session, Timetable

NOW = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)


@pytest.fixture(params=["wall clock", "any clock"])
async def schedule(request):
    made = ApSchedule() if request.param == "wall clock" else ClockSchedule(SystemClock())
    yield made
    made.close()


def soon(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)


async def test_a_call_is_made_at_its_instant_in_the_loop(schedule):
    loop, called = asyncio.get_running_loop(), asyncio.Event()
    seen = []

    def call():
        seen.append(asyncio.get_running_loop() is loop)
        called.set()

    schedule.at("k", soon(0.1), call)
    await asyncio.sleep(0.03)
    assert not called.is_set()
    await asyncio.wait_for(called.wait(), 3)
    assert seen == [True]


async def test_an_instant_that_has_passed_is_now(schedule):
    called = asyncio.Event()
    schedule.at("k", soon(-3600), called.set)
    await asyncio.wait_for(called.wait(), 3)


async def test_setting_a_key_again_replaces_it_and_cancelling_forgets_it(schedule):
    seen: list[str] = []
    schedule.at("k", soon(0.1), lambda: seen.append("first"))
    schedule.at("k", soon(0.15), lambda: seen.append("second"))
    schedule.at("other", soon(0.1), lambda: seen.append("other"))
    schedule.cancel("other")
    schedule.cancel("never set")
    await asyncio.sleep(0.5)
    assert seen == ["second"]


async def test_sleepers_wake_in_the_order_of_their_instants():
    clock, woken = FakeClock(NOW), []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((seconds, clock.monotonic()))

    tasks = [asyncio.create_task(sleeper(seconds)) for seconds in (5.0, 1.0, 3.0)]
    await clock.advance(4.0)
    assert woken == [(1.0, 1.0), (3.0, 3.0)]
    assert clock.now() == NOW + timedelta(seconds=4)
    await clock.advance(4.0)
    assert len(woken) == 3
    await asyncio.gather(*tasks)


sessions = st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 300)), max_size=6).map(
    lambda spans: Timetable(
        tuple(
            Session(
                "e", str(n), Name("", ""), NOW + timedelta(minutes=a), NOW + timedelta(minutes=a + d), ("v",)
            )
            for n, (a, d) in enumerate(sorted(spans))
        )
    )
)


@given(sessions, st.integers(-100, 6000))
def test_turns_come_in_order_and_none_has_passed(table, minute):
    now = NOW + timedelta(minutes=minute)
    found = turns(table, now)
    assert [turn.at for turn in found] == sorted(turn.at for turn in found)
    assert all(turn.at > now for turn in found)
    assert len(turns(table, NOW - timedelta(days=1))) == 3 * len(table.sessions)


@given(sessions, st.integers(-100, 6000))
def test_polls_hurry_from_the_lead_to_the_end(table, minute):
    now = NOW + timedelta(minutes=minute)
    close = any(s.starts_at - LEAD <= now < s.ends_at for s in table.sessions)
    assert longest_poll_s(table, now) == (CLOSE_POLL_S if close else None)


@given(sessions, st.integers(-100, 6000))
def test_the_next_session_is_always_shown(table, minute):
    now = NOW + timedelta(minutes=minute)
    shown = {clock.session for clock in session_clocks(table, now)}
    ahead = [s.id for s in table.sessions if s.ends_at > now]
    assert not ahead or ahead[0] in shown
