from __future__ import annotations

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from monitor.clock import FakeClock
from monitor.queue import QueueError
from monitor.sensors import SensorError, SensorRunner, WorkerStats
from sdr.lookout import SpectrumRow

NOW = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)


class Worker:
    """Posts what it was given, then waits to be stopped."""

    def __init__(self, post, items):
        self._post, self._items = post, items
        self.stopped = threading.Event()

    def run(self):
        for item in self._items:
            self._post(item)
        self.stopped.wait(10)

    def stop(self):
        self.stopped.set()

    def stats(self):
        return WorkerStats(last_block_at=NOW, n_dropped=7)


async def until(condition, timeout_s=5.0):
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in a thread
            await asyncio.sleep(0.005)


@pytest.fixture
async def running():
    tasks = []

    def start(runner):
        tasks.append(asyncio.create_task(runner.run()))
        return tasks[-1]

    yield start
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_a_sensor_hears_reaches_intake_in_order(running):
    taken = []

    async def take(heard):
        taken.append(heard)

    runner = SensorRunner("s", "v", lambda post: Worker(post, range(50)), take, FakeClock(NOW))
    running(runner)
    await until(lambda: len(taken) == 50)
    assert taken == list(range(50))
    health = runner.health()
    assert (health.state, health.n_emissions, health.last_seen_at) == ("ok", 50, NOW)
    assert (health.n_dropped, health.n_samples_lost) == (0, 7)


async def test_what_does_not_fit_while_intake_waits_is_dropped_and_counted(running):
    gate = asyncio.Event()

    async def take(heard):
        await gate.wait()

    runner = SensorRunner("s", None, lambda post: Worker(post, range(25)), take, FakeClock(NOW), mailbox=10)
    running(runner)
    await until(lambda: runner.status.n_dropped["mailbox full"] == 15)
    gate.set()
    await until(lambda: runner.status.n_emissions == 10)


async def test_an_emission_waits_for_a_failing_queue_and_is_not_lost(running):
    clock, attempts = FakeClock(NOW), []

    async def take(heard):
        attempts.append(heard)
        if len(attempts) < 3:
            raise QueueError("disk full")

    runner = SensorRunner("s", None, lambda post: Worker(post, ["e"]), take, clock)
    running(runner)
    await until(lambda: len(attempts) == 1)
    await clock.advance(1.0)
    await until(lambda: len(attempts) == 2)
    await clock.advance(2.0)
    await until(lambda: runner.status.n_emissions == 1)
    assert attempts == ["e"] * 3


async def test_a_failing_source_is_opened_again_after_doubling_waits(running):
    clock, opened_at = FakeClock(NOW), []

    def open_worker(post):
        opened_at.append(clock.monotonic())
        raise SensorError("no such device", retry=True)

    runner = SensorRunner("s", None, open_worker, lambda heard: asyncio.sleep(0), clock)
    running(runner)
    for n in range(1, 6):
        await until(lambda n=n: len(opened_at) == n and runner.status.n_failures == n)
        await clock.advance(2.0 ** (n - 1))
    assert opened_at[:5] == [0, 1, 3, 7, 15]
    assert (runner.health().state, runner.health().error) == ("failed", "no such device")


async def test_stopping_ends_the_thread_and_a_thread_that_hangs_is_left_behind(running):
    hang = threading.Event()

    class Hanging(Worker):
        def run(self):
            hang.wait(10)

        def stop(self):
            pass

    made = []

    def open_worker(post):
        made.append(Worker(post, []))
        return made[-1]

    clock = FakeClock(NOW)
    good = running(SensorRunner("good", None, open_worker, lambda heard: asyncio.sleep(0), clock))
    bad = running(
        SensorRunner(
            "bad", None, lambda post: Hanging(post, []), lambda heard: asyncio.sleep(0), clock, stop_s=0.2
        )
    )
    await until(lambda: made)
    good.cancel()
    bad.cancel()
    async with asyncio.timeout(2):
        await asyncio.gather(good, bad, return_exceptions=True)
    assert made[0].stopped.is_set()
    hang.set()


async def test_a_program_error_in_the_thread_comes_out(running):
    def open_worker(post):
        raise ZeroDivisionError

    runner = SensorRunner("s", None, open_worker, lambda heard: asyncio.sleep(0), FakeClock(NOW))
    with pytest.raises(ExceptionGroup) as caught:
        await runner.run()
    assert caught.group_contains(ZeroDivisionError)


class Shower(Worker):
    """Shows a row whenever it is told to, and can be held."""

    def __init__(self, post):
        super().__init__(post, [])
        self.sink, self.held, self.failed = None, None, threading.Event()

    def run(self):
        while not self.stopped.wait(0.005):
            if self.failed.is_set():
                raise SensorError("unplugged", retry=True)
            if self.sink is not None:
                self.sink(ROW)

    def stats(self):
        return WorkerStats(staring=self.held and (168e6, 170e6))

    def show_rows(self, sink):
        self.sink = sink

    def stare(self, center_hz, until):
        if center_hz > 1e9:
            raise SensorError("not there")
        self.held = (center_hz, until)

    def end_stare(self):
        self.held = None


ROW = SpectrumRow(NOW, 0.04, 168e6, 1000.0, b"\x01\x02")


async def test_who_looks_is_shown_to_again_when_the_sensor_comes_back_and_nobody_costs_nothing(running):
    clock, workers = FakeClock(NOW), []

    def open_worker(post):
        workers.append(Shower(post))
        return workers[-1]

    runner = SensorRunner("s", None, open_worker, lambda heard: asyncio.sleep(0), clock)
    glance, end = runner.look()
    running(runner)
    async with asyncio.timeout(5):
        assert (await glance.take())[0] == ROW
    workers[0].failed.set()
    await until(lambda: runner.status.state == "failed")
    await clock.advance(1.0)
    await until(lambda: len(workers) == 2)
    await glance.take()
    async with asyncio.timeout(5):
        while not await glance.take():
            continue
    end()
    assert workers[1].sink is None


async def test_a_sensor_is_held_by_name_and_let_go(running):
    workers = []

    def open_worker(post):
        workers.append(Shower(post))
        return workers[-1]

    runner = SensorRunner("s", None, open_worker, lambda heard: asyncio.sleep(0), FakeClock(NOW))
    with pytest.raises(SensorError, match="no samples"):
        await runner.stare(169e6, 60, "wang", "why")
    running(runner)
    await until(lambda: runner.status.state == "ok")
    assert await runner.end_stare("wang") is False
    held = await runner.stare(169e6, 60, "wang", "a burst yesterday")
    assert (held.by, held.reason, held.until) == ("wang", "a burst yesterday", NOW + timedelta(seconds=60))
    assert workers[0].held == (169e6, held.until)
    assert runner.health().stare == held
    with pytest.raises(SensorError, match="not there"):
        await runner.stare(2e9, 60, "wang", "why")
    workers[0].held = None
    assert runner.health().stare is None
    assert await runner.end_stare("wang") is False
    await runner.stare(169e6, 60, "wang", "again")
    assert await runner.end_stare("wang") is True
    assert workers[0].held is None
