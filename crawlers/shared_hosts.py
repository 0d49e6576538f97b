"""`Hosts` of a crew, in PostgreSQL: one request at a time to a host, whichever worker sends it.

    take: lease held? silence over? pause over? nobody's turn, or a dead worker's? ──> ours, until `limit_s`
    give back: when it ended, and whether the host refused

A request counts for the pause from its beginning as well, so that what a killed worker had begun is
not forgotten. Every instant is the database's own.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

from crawlers.clock import Clock
from crawlers.crew import fence
from crawlers.database import Db, Worker
from crawlers.hosts import RobotsPage, Turn, host_of, quiet_error
from crawlers.lease import Lease
from crawlers.url import Url

BUSY_S = 0.2
"""Between two looks at a host that another worker is asking."""
OVER_S = 5.0
"""Added to a request's limit before its turn counts as forgotten: closing a connection takes its time."""
MAX_WAIT_S = 30.0
"""A longer pause is slept in parts."""
KEPT_S = 30 * 86_400.0


@dataclass(frozen=True, slots=True)
class _Answer:
    turn: int | None
    n_refusals: int = 0
    wait_s: float = 0.0
    quiet_s: float = 0.0


class SharedHosts:
    """
    Parameters
    ----------
    database : Worker
        Entered, with ``max_batch=1``.
    worker
        Tells this worker's present name, as `Crew.worker` has it.
    """

    def __init__(self, database: Worker, worker: Callable[[], str], clock: Clock, rng: random.Random) -> None:
        self._database = database
        self._worker = worker
        self._clock = clock
        self._rng = rng
        self._lines: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def quiet_s(self, url: Url) -> float:
        host = host_of(url)
        return await self._database.do(lambda db: _quiet_s(db, host))

    @asynccontextmanager
    async def turn(
        self, url: Url, delay_s: float, limit_s: float, lease: Lease | None
    ) -> AsyncGenerator[Turn]:
        host = host_of(url)
        # Our own requests stand in line here, not at the database.
        line = self._lines.setdefault(host, asyncio.Lock())
        async with line:
            answer = await self._take(url, host, delay_s, limit_s, lease)
            turn = Turn(answer.n_refusals)
            try:
                yield turn
            finally:
                await self._database.do(lambda db: _give_back(db, host, answer.turn, turn))

    async def _take(
        self, url: Url, host: str, delay_s: float, limit_s: float, lease: Lease | None
    ) -> _Answer:
        while True:
            worker = self._worker()
            answer = await self._database.do(
                lambda db, worker=worker: _take(db, host, worker, delay_s, limit_s + OVER_S, lease)
            )
            if answer.turn is not None:
                return answer
            if answer.quiet_s > 0:
                raise quiet_error(url, answer.quiet_s)
            await self._clock.sleep(min(MAX_WAIT_S, max(answer.wait_s, BUSY_S * self._rng.uniform(0.5, 1.0))))

    async def robots(self, origin: str) -> RobotsPage | None:
        return await self._database.do(lambda db: _robots(db, origin))

    async def keep_robots(self, origin: str, page: RobotsPage) -> None:
        await self._database.do(lambda db: _keep_robots(db, origin, page))

    async def forget(self) -> None:
        """Drop what is known of hosts that nobody has asked for a month."""
        await self._database.do(_forget)


def _take(db: Db, host: str, worker: str, delay_s: float, limit_s: float, lease: Lease | None) -> _Answer:
    if lease is not None:
        fence(lease)(db)
    db.execute("INSERT INTO hosts (host) VALUES (?) ON CONFLICT DO NOTHING", (host,))
    row = db.execute(
        "UPDATE hosts SET turn=turn+1, turn_of=?, last_at=clock_timestamp(),"
        " turn_until=clock_timestamp()+make_interval(secs=>?)"
        " WHERE host=? AND quiet_until<=clock_timestamp()"
        " AND last_at+make_interval(secs=>?)<=clock_timestamp()"
        " AND (turn_until<=clock_timestamp() OR NOT EXISTS"
        " (SELECT 1 FROM workers w WHERE w.worker=turn_of AND w.until>clock_timestamp()))"
        " RETURNING turn, n_refusals",
        (worker, limit_s, host, delay_s),
    ).fetchone()
    if row is not None:
        return _Answer(*row)
    wait_s, quiet_s = db.execute(
        "SELECT extract(epoch FROM last_at-clock_timestamp())::float8+?::float8,"
        " extract(epoch FROM quiet_until-clock_timestamp())::float8 FROM hosts WHERE host=?",
        (delay_s, host),
    ).fetchone()
    return _Answer(None, 0, wait_s, quiet_s)


def _give_back(db: Db, host: str, number: int | None, turn: Turn) -> None:
    refused = turn.quiet_s > 0
    db.execute(
        "UPDATE hosts SET turn_until=clock_timestamp(), last_at=clock_timestamp(),"
        " n_refusals=CASE WHEN ? THEN n_refusals+1 WHEN ? THEN 0 ELSE n_refusals END,"
        " quiet_until=GREATEST(quiet_until, clock_timestamp()+make_interval(secs=>?))"
        " WHERE host=? AND turn=?",
        (refused, turn.answered, turn.quiet_s, host, number),
    )


def _quiet_s(db: Db, host: str) -> float:
    row = db.execute(
        "SELECT extract(epoch FROM quiet_until-clock_timestamp())::float8 FROM hosts WHERE host=?", (host,)
    ).fetchone()
    return row[0] if row else 0.0


def _robots(db: Db, origin: str) -> RobotsPage | None:
    row = db.execute(
        "SELECT body, allows_all, extract(epoch FROM until-clock_timestamp())::float8 FROM robots"
        " WHERE origin=? AND until>clock_timestamp()",
        (origin,),
    ).fetchone()
    return RobotsPage(*row) if row else None


def _keep_robots(db: Db, origin: str, page: RobotsPage) -> None:
    db.execute(
        "INSERT INTO robots VALUES (?,?,?,clock_timestamp()+make_interval(secs=>?))"
        " ON CONFLICT (origin) DO UPDATE SET body=excluded.body, allows_all=excluded.allows_all,"
        " until=excluded.until",
        (origin, page.body, page.allows_all, page.keep_s),
    )


def _forget(db: Db) -> None:
    db.execute(
        "DELETE FROM hosts WHERE last_at<clock_timestamp()-make_interval(secs=>?)"
        " AND quiet_until<clock_timestamp()",
        (KEPT_S,),
    )
    db.execute("DELETE FROM robots WHERE until<clock_timestamp()")
