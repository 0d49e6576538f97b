"""The drill desk: plays scenarios through the running system, and watches that test signals come out of it.

    spool/*.json ──> play: a sensor of the drill's own ──Heard, drill──> intake ──> …
                           posts ──Document, drill──────────────────────>
    schedule ────> play, and the health part "chain" is bad until the next one has come out

The command and the daemon meet in a folder: a daemon holds its queue alone, and a drill must pass through
that queue. Whoever may write there may start the daemon anyway.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import structlog

from crawlers.document import Document
from monitor.clock import Clock
from monitor.drill.record import Outcome, origin, outcome
from monitor.drill.scenario import Post, Scenario, Scheduled, Step, load_scenario
from monitor.faults import InputError
from monitor.intake import Heard
from monitor.queue import QueueError
from monitor.sensors import Open, SensorRunner
from monitor.store.book import StoreBook
from monitor.store.errors import StoreError

LOOK_S: Final = 1.0
MAX_AT_ONCE: Final = 4
KEPT: Final = timedelta(days=400)
"""When a drill was played is known so long: an exam comes once a year."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class DrillDoors:
    """What a drill is played through."""

    open_sensor: Callable[[str, str | None, Path], Open]
    """Sensor's name, venue, world: the worker that hears it."""
    emission: Callable[[Heard], Awaitable[object]]
    document: Callable[[Document, str], Awaitable[object]]
    book: StoreBook
    clock: Clock
    folder: Path


@dataclass(slots=True)
class Chain:
    """Whether a scheduled scenario came out at the other end."""

    scenario: str
    failing_since: datetime | None = None
    missing: list[str] = field(default_factory=list[str])
    played_at: datetime | None = None


class DrillDesk:
    def __init__(
        self,
        doors: DrillDoors,
        scheduled: Sequence[Scheduled] = (),
        leads: Callable[[], bool] = lambda: True,
    ) -> None:
        """What is `scheduled` is played while this hub `leads`; what is ordered here, always."""
        self._doors = doors
        self._leads = leads
        self._scheduled = scheduled
        self.chains = [Chain(one.scenario.path.stem) for one in scheduled]
        self._playing: set[asyncio.Task[None]] = set()

    @property
    def spool(self) -> Path:
        return self._doors.folder / "spool"

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for one, chain in zip(self._scheduled, self.chains, strict=True):
                group.create_task(self._again(one, chain), name=f"test signals {chain.scenario}")
            while True:
                await self._doors.clock.sleep(LOOK_S)
                for path in await asyncio.to_thread(_spooled, self.spool):
                    if len(self._playing) < MAX_AT_ONCE:
                        order = await asyncio.to_thread(_take, path)
                        if order is not None:
                            task = group.create_task(self._ordered(*order), name=f"drill {order[0]}")
                            self._playing.add(task)
                            task.add_done_callback(self._playing.discard)

    async def _again(self, one: Scheduled, chain: Chain) -> None:
        while True:
            await self._doors.clock.sleep(one.every_s)
            if not self._leads():
                # What came out of its last one is not known for ever: the leader plays it now.
                chain.failing_since, chain.missing, chain.played_at = None, [], None
                continue
            drill = new_id(self._doors.clock.now())
            try:
                found = await self.play(one.scenario, drill, "schedule")
            except (StoreError, QueueError) as error:
                log.error("test signals could not be played", scenario=chain.scenario, error=str(error))
                chain.missing = [str(error)]
                chain.failing_since = chain.failing_since or self._doors.clock.now()
                continue
            chain.played_at = self._doors.clock.now()
            chain.missing = [one.step for one in found.reactions if not one.passed]
            if not chain.missing:
                chain.failing_since = None
            elif chain.failing_since is None:
                chain.failing_since = self._doors.clock.now()

    async def _ordered(self, drill: str, path: Path, actor: str) -> None:
        try:
            scenario = await asyncio.to_thread(load_scenario, path)
            await self.play(scenario, drill, actor)
        except (InputError, StoreError, QueueError, OSError) as error:
            log.error("a drill could not be played", drill=drill, error=str(error))
            await asyncio.to_thread(self._say, drill, {"state": "failed", "error": str(error)})

    async def play(self, scenario: Scenario, drill: str, actor: str) -> Outcome:
        """Play it through and wait until all that must come has had its time.

        Raises
        ------
        StoreError, QueueError
            If the system cannot take what the drill sends.
        """
        doors = self._doors
        about = {"scenario": str(scenario.path), "name": {"en": scenario.en, "zh": scenario.zh}}
        await doors.book.record(actor, "drill.started", drill, about)
        began_s, started = doors.clock.monotonic(), dict[str, datetime]()

        async def step(one: Step) -> None:
            await doors.clock.sleep(max(0.0, began_s + one.at_s - doors.clock.monotonic()))
            started[one.id] = doors.clock.now()
            await asyncio.to_thread(
                self._say, drill, {"state": "playing", **about, "started": _written(started)}
            )
            if one.post is not None:
                await doors.document(_document(one.post, drill, one.id, started[one.id]), drill)
            elif one.signal is not None:
                await self._send(one, one.signal, scenario.venue, drill, began_s)

        try:
            async with asyncio.TaskGroup() as group:
                for one in scenario.steps:
                    group.create_task(step(one), name=f"drill {drill} {one.id}")
                wait_s = began_s + scenario.ends_s - doors.clock.monotonic()
                await doors.clock.sleep(max(0.0, wait_s))
        finally:
            await asyncio.to_thread(self._tidy, drill, doors.clock.now() - KEPT)
        found = await doors.book.read(partial(outcome, doors.book.store, scenario, drill, started))
        told = {"passed": found.passed, "missing": [one.step for one in found.reactions if not one.passed]}
        await doors.book.record(actor, "drill.ended", drill, told)
        await asyncio.to_thread(self._say, drill, {"state": "played", **about, "started": _written(started)})
        return found

    async def _send(self, one: Step, world: Path, venue: str | None, drill: str, began_s: float) -> None:
        """Let a sensor of the drill's own hear `world` until the step's time is over."""
        doors, name = self._doors, origin(drill, one.id)

        async def take(heard: Heard) -> None:
            await doors.emission(replace(heard, drill=drill))

        runner = SensorRunner(name, venue, doors.open_sensor(name, venue, world), take, doors.clock)
        running = asyncio.create_task(runner.run(), name=name)
        end_s = began_s + one.at_s + one.within_s
        try:
            await doors.clock.sleep(max(0.0, end_s - doors.clock.monotonic()))
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def _tidy(self, drill: str, before: datetime) -> None:
        """Blocking: drop the spectra that `drill` heard, and what is said of drills before that."""
        for heard in (self._doors.folder / "history").glob(f"{origin(drill, '*')}"):
            shutil.rmtree(heard, ignore_errors=True)
        for said in self._doors.folder.glob("D*.json"):
            if said.stat().st_mtime < before.timestamp():
                said.unlink(missing_ok=True)

    def _say(self, drill: str, told: dict[str, Any]) -> None:
        """Blocking: what the command that waits reads."""
        self._doors.folder.mkdir(parents=True, exist_ok=True)
        path = self._doors.folder / f"{drill}.json"
        part = path.with_suffix(".tmp")
        part.write_text(json.dumps({"drill": drill, **told}, ensure_ascii=False), encoding="utf-8")
        part.replace(path)


def order(folder: Path, scenario: Path, actor: str, now: datetime) -> str:
    """Ask the daemon that watches `folder` to play a scenario; the drill's id. Raises `OSError`."""
    drill = new_id(now)
    spool = folder / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    part = spool / f"{drill}.tmp"
    part.write_text(json.dumps({"drill": drill, "scenario": str(scenario.resolve()), "actor": actor}))
    part.replace(spool / f"{drill}.json")
    return drill


def new_id(now: datetime) -> str:
    """Of a drill that begins now: ``D0607013000-3f2a``."""
    return f"D{now:%m%d%H%M%S}-{secrets.token_hex(2)}"


def _spooled(spool: Path) -> list[Path]:
    return sorted(spool.glob("*.json")) if spool.is_dir() else []


def _take(path: Path) -> tuple[str, Path, str] | None:
    """The order in `path`, which is gone afterwards; None where it is none."""
    try:
        value = json.loads(path.read_text("utf-8"))
        found = (str(value["drill"]), Path(str(value["scenario"])), str(value["actor"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.error("not an order for a drill", file=str(path), error=str(error))
        found = None
    path.unlink(missing_ok=True)
    return found


def _document(post: Post, drill: str, step: str, now: datetime) -> Document:
    name = origin(drill, step)
    digest = hashlib.sha256(f"{post.title}\n{post.text}".encode()).hexdigest()
    return Document(
        id=hashlib.sha256(name.encode()).hexdigest()[:32],
        source=name,
        url=f"drill:{drill}/{step}",
        author=post.author,
        title=post.title,
        text=post.text,
        published_at=now,
        first_seen_at=now,
        fetched_at=now,
        digest=f"sha256:{digest}",
    )


def _written(started: dict[str, datetime]) -> dict[str, str]:
    return {name: at.isoformat() for name, at in started.items()}
