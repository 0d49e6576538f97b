"""Leading on a fake clock: duties run while the lease holds, and are begun anew each time."""

from __future__ import annotations

import asyncio

import pytest

from monitor.clock import FakeClock
from monitor.leading import Leadership
from monitor.store.errors import StoreError
from tests.unit.monitor.notify.test_desk import START


class Lease:
    """A lease that a test gives and takes."""

    lasts_s = 12.0

    def __init__(self) -> None:
        self.epoch = 0
        self.is_free = self.is_mine = True
        self.fails = False
        self.released: list[int] = []

    def _reach(self) -> None:
        if self.fails:
            raise StoreError("the server is gone")

    def take(self) -> int | None:
        self._reach()
        if self.is_free:
            self.epoch += 1
        return self.epoch if self.is_free else None

    def renew(self, epoch: int) -> bool:
        self._reach()
        return self.is_mine and epoch == self.epoch

    def release(self, epoch: int) -> bool:
        self.released.append(epoch)
        return True


class Stage:
    def __init__(self) -> None:
        self.lease, self.clock = Lease(), FakeClock(START)
        self.leadership = Leadership(self.lease, self.clock)
        self.told: list[str] = []
        self.running: asyncio.Task[None] | None = None

    async def duties(self) -> None:
        self.told.append(f"began {self.leadership.epoch}")
        try:
            await asyncio.Event().wait()
        finally:
            self.told.append("ended")

    async def run(self, seconds: float) -> None:
        if self.running is None:
            self.running = asyncio.create_task(self.leadership.run(self.duties))

        async def settle() -> None:
            # The lease is asked in a thread; then it sleeps, and nobody else does.
            while not self.clock._sleepers:  # noqa: ASYNC110 - the clock stands still meanwhile
                await asyncio.sleep(0.002)

        await self.clock.advance(seconds, settle)

    async def end(self) -> None:
        if self.running is not None:
            self.running.cancel()
            await asyncio.gather(self.running, return_exceptions=True)


@pytest.fixture
async def stage():
    made = Stage()
    yield made
    await made.end()


async def test_duties_run_while_it_leads_and_the_lease_is_given_back_at_the_end(stage):
    await stage.run(30)
    assert stage.told == ["began 1"]
    await stage.end()
    assert stage.told == ["began 1", "ended"]
    assert stage.lease.released == [1]
    assert not stage.leadership.leads


async def test_who_does_not_lead_has_no_duties(stage):
    stage.lease.is_free = False
    await stage.run(30)
    assert stage.told == []
    stage.lease.is_free = True
    await stage.run(3)
    assert stage.told == ["began 1"]


async def test_duties_end_when_another_has_taken_over_and_begin_anew_under_a_new_epoch(stage):
    await stage.run(3)
    stage.lease.is_mine = stage.lease.is_free = False
    await stage.run(3)
    assert stage.told == ["began 1", "ended"]
    stage.lease.is_mine = stage.lease.is_free = True
    await stage.run(3)
    assert stage.told == ["began 1", "ended", "began 2"]


async def test_a_database_that_is_gone_ends_the_lead_no_later_than_the_lease(stage):
    await stage.run(3)
    stage.lease.fails = True
    await stage.run(6)
    assert stage.leadership.leads, "a moment's trouble is not the end"
    await stage.run(9)
    assert stage.told == ["began 1", "ended"]
    stage.lease.fails = False
    await stage.run(3)
    assert stage.told[-1] == "began 2"


async def test_a_mistake_in_a_duty_is_not_hidden():
    lease, clock = Lease(), FakeClock(START)

    async def broken() -> None:
        raise ZeroDivisionError

    running = asyncio.create_task(Leadership(lease, clock).run(broken))
    async with asyncio.timeout(30):
        while not running.done():
            await asyncio.sleep(0.002)
            await clock.advance(3)
    with pytest.raises(ZeroDivisionError):
        await running
    assert lease.released == [1]
