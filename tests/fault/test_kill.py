"""SIGKILL at any moment loses no alert that was raised, and doubles none.

    parent                         child (forked, killed at a random moment)
    witness file <──id, only────── put returned ──> queue ──> pipeline ──> store
                   after

After each kill the next child starts on what the last one left. At the end a run that is
not killed drains the queue; then every witnessed id is in the store, each once.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from monitor.alert.alert import Alert
from monitor.clock import SystemClock
from monitor.pipeline import Pipeline
from monitor.queue import open_queue
from monitor.store import Store
from monitor.store.book import StoreBook
from monitor.store.tables import alerts, events

N_KILLS = 100
LONGEST_LIFE_S = 0.15
N_RAISERS = 4
AT = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)


def raised(run: int, raiser: int, n: int) -> Alert:
    name = f"{run}-{raiser}-{n}"
    return Alert(
        id=name,
        cause=name,
        kind="radio",
        level="high",
        labels={"rule": "r", "venue": "v", "channel": str(n % 5)},
        annotations={"title_en": "t", "title_zh": "标题"},
        starts_at=AT,
        updated_at=AT,
        ends_at=None,
        why=[],
        event={"kind": "radio", "text": "x" * 500},
    )


async def raise_and_store(folder: Path, run: int, witness: int) -> None:
    """Raise alerts for as long as this process lives, a batch at a time, from several tasks at once."""
    queue = open_queue(f"sqlite:{folder / 'queue.db'}")
    book = StoreBook(Store(f"sqlite:{folder / 'store.db'}"), SystemClock())

    async def raiser(number: int) -> None:
        n = 0
        while True:
            batch = [raised(run, number, n + i) for i in range(1 + n % 3)]
            await queue.put(batch)
            os.write(witness, "".join(f"{alert.id}\n" for alert in batch).encode())
            # A cause is told again, as a crawler does that died before it could remember.
            await queue.put([replace(batch[0])])
            n += len(batch)

    async with asyncio.TaskGroup() as group:
        group.create_task(Pipeline(queue, book, SystemClock()).run())
        for number in range(N_RAISERS):
            group.create_task(raiser(number))


def child(folder: Path, run: int) -> None:
    witness = os.open(folder / "witness", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(witness, f"born-{run}\n".encode())
    asyncio.run(raise_and_store(folder, run, witness))


def wait_for(witness: Path, mark: str) -> None:
    deadline = time.monotonic() + 30
    while not witness.exists() or mark not in witness.read_text():
        assert time.monotonic() < deadline, f"{mark} never came"
        time.sleep(0.002)


async def drain(folder: Path) -> int:
    """What a start after the last kill finds in the queue, and stores."""
    queue = open_queue(f"sqlite:{folder / 'queue.db'}")
    book = StoreBook(Store(f"sqlite:{folder / 'store.db'}"), SystemClock())
    pipeline = Pipeline(queue, book, SystemClock())
    while await pipeline.step(0.0):
        pass
    n_left = queue.stats().n_waiting
    await queue.close()
    await book.close()
    return n_left


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_hundred_kills_lose_no_raised_alert_and_double_none(tmp_path):
    # Children are forked from a server that has everything imported: a start takes milliseconds.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.fault.test_kill"])
    Store(f"sqlite:{tmp_path / 'store.db'}").close()
    rng = random.Random(20260607)
    n_left_behind = 0
    for run in range(N_KILLS):
        process = context.Process(target=child, args=(tmp_path, run))
        process.start()
        # Half of the kills may hit the start and its recovery, half come amid the raising.
        wait_for(tmp_path / "witness", f"born-{run}\n" if run % 2 else f"\n{run}-")
        time.sleep(rng.uniform(0, LONGEST_LIFE_S))
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        n_left_behind += (tmp_path / "queue.db-wal").exists()

    assert asyncio.run(drain(tmp_path)) == 0
    lines = (tmp_path / "witness").read_text().split()
    witnessed = {line for line in lines if not line.startswith("born-")}
    store = Store(f"sqlite:{tmp_path / 'store.db'}")
    with store.reader.connect() as db:
        stored = Counter(db.execute(sa.select(events.c.event_id)).scalars())
        counted = sum(db.execute(sa.select(alerts.c.count)).scalars())
        bodies = db.execute(sa.select(events.c.body)).scalars().all()
    n_entries = store.verify()
    store.close()

    assert len({name.split("-")[0] for name in witnessed}) >= N_KILLS / 2, (
        "half of the runs must have raised something"
    )
    assert n_left_behind > N_KILLS / 2, "most kills must have hit an open queue"
    assert witnessed <= set(stored)
    assert set(stored.values()) == {1}
    assert counted == len(stored) == n_entries
    assert all(msgspec.json.decode(body)["event"]["text"] == "x" * 500 for body in bodies)
