"""Whatever breaks between edge and hub, what an edge raised is at the hub, each once.

With Debian's nats-server and PostgreSQL. EXAMWATCH_FAULTS is the number of times the broker is
killed (12 by itself; docs/province.md tells of a run with 500, which also waits for more alerts), and
EXAMWATCH_NATS_SERVER another nats-server.
"""

from __future__ import annotations

import asyncio
import itertools
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.alert import wire
from monitor.alert.alert import Alert
from monitor.link import words
from monitor.queue import QueueError
from monitor.store import Store
from monitor.store.tables import events
from scripts.servers import MissingError, NatsServer, Postgres
from tests.fault.province import Province, Uplink, until

N_FAULTS = int(os.environ.get("EXAMWATCH_FAULTS", "12"))
THOROUGH = N_FAULTS >= 100
EMPTY, NUMBERS = "empty", itertools.count()
BOTH = pytest.mark.parametrize("broker", ["debian", "current"], indirect=True)
"""What depends on the broker most; EXAMWATCH_NATS_SERVER runs all of it with another one."""
pytestmark = [pytest.mark.tools, pytest.mark.slow, pytest.mark.timeout(120 + N_FAULTS)]


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with tempfile.TemporaryDirectory(prefix="links-pg-") as folder:
        Path(folder).chmod(0o755)
        try:
            server = Postgres(Path(folder) / "pg")
        except MissingError as error:
            pytest.skip(str(error))
        server.start(fsync=False)
        # Made once: each test begins with a copy.
        Store(server.new_database(EMPTY), server.password_file).close()
        yield server
        server.stop("immediate")


@pytest.fixture
def broker(tmp_path, request) -> Iterator[NatsServer]:
    try:
        server = NatsServer(tmp_path / "nats", which=getattr(request, "param", "debian"))
    except MissingError as error:
        pytest.skip(str(error))
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def province(tmp_path, broker, postgres, request) -> AsyncIterator[Province]:
    url = postgres.new_database(f"t{next(NUMBERS)}", EMPTY)
    made = Province(tmp_path, broker.port, url, postgres.password_file)
    yield made
    n_raised = sum(len(edge.raised) for edge in made.edges)
    request.node.user_properties.append(("alerts raised", n_raised))
    await made.close()


MOST_WAITING = 300
"""At one edge: a machine busy with other tests must still drain it in the time of a test."""


@asynccontextmanager
async def raising(province: Province, seed: int) -> AsyncIterator[None]:
    """All edges raise alerts as long as this holds."""
    rng, stop = random.Random(seed), asyncio.Event()

    async def keep_raising() -> None:
        while not stop.is_set():
            for edge in province.edges:
                if edge.outbox.stats().n_waiting < MOST_WAITING:
                    await edge.put(rng.randint(1, 5))
            await asyncio.sleep(0.01)

    task = asyncio.create_task(keep_raising())
    try:
        yield
    finally:
        stop.set()
        await task


async def test_alerts_reach_the_hub_and_leave_the_outbox_once_committed(province):
    edges = [await province.edge("venue-1"), await province.edge("venue-2")]
    await edges[0].put(300)
    await asyncio.sleep(0.5)
    assert edges[0].outbox.stats().n_waiting == 300, "without a hub nothing may leave"
    await province.hub()
    await edges[1].put(50)
    assert await province.check() == 350


async def test_the_broker_killed_amid_batches_loses_and_doubles_nothing(province, broker, record_property):
    rng = random.Random(10)
    await province.hub()
    for number in range(3):
        await province.edge(f"venue-{number}")
    async with raising(province, seed=1):
        for _ in range(N_FAULTS):
            await asyncio.sleep(rng.uniform(0.01, 0.12))
            broker.kill()
            await asyncio.to_thread(broker.start)
    n_raised = await province.check()
    record_property("broker killed", f"{N_FAULTS} kills, {n_raised} alerts")
    assert n_raised > N_FAULTS
    assert province.hubs[0].queue.stats().n_acked > n_raised / 2, "it must also have worked in between"


async def test_the_broker_stopped_for_a_minute_is_waited_for(province, broker):
    await province.hub()
    edge = await province.edge("venue-1")
    await edge.put(20)
    await province.drained()
    broker.stop()
    for _ in range(6):
        await edge.put(10)
        province.clock.jumped_s += 10
        await asyncio.sleep(0.1)
    assert edge.outbox.stats().n_waiting == 60
    await asyncio.to_thread(broker.start)
    assert await province.check() == 80


@BOTH
@pytest.mark.parametrize("hub_is_there", [True, False])
async def test_a_broker_that_loses_all_is_refilled_from_the_outbox(province, broker, hub_is_there):
    hub = await province.hub()
    edge = await province.edge("venue-1")
    await edge.put(10)
    await province.drained()
    if not hub_is_there:
        await hub.stop()
        province.hubs.clear()
    await edge.put(200)
    await asyncio.sleep(0.05 if hub_is_there else 0.5)
    broker.kill()
    broker.lose_everything()
    await asyncio.to_thread(broker.start)
    if not hub_is_there:
        assert edge.outbox.stats().n_waiting == 200
        await province.hub("hub-2")
    assert await province.check() == 210
    if not hub_is_there:
        assert edge.shipper.n_sent_again > 0, "what the broker held must have been lost"


@pytest.mark.parametrize("away_s", [300, 86_400])
async def test_a_venue_cut_off_goes_on_and_drains(province, broker, away_s, record_property):
    uplink = Uplink(broker.port)
    await uplink.restore()
    await province.hub()
    edge = await province.edge("venue-1", port=uplink.port)
    await edge.put(5)
    await province.drained()
    await uplink.cut()
    n_steps, n_each = 60, 20 if THOROUGH else 4
    for _ in range(n_steps):
        province.clock.jumped_s += away_s / n_steps
        await edge.put(n_each)
    assert edge.outbox.stats().n_waiting == n_each * n_steps
    await uplink.restore()
    began = time.monotonic()
    await province.drained()
    record_property(f"cut off {away_s} s", f"{n_each * n_steps} alerts in {time.monotonic() - began:.1f} s")
    assert await province.check() == 5 + n_each * n_steps
    await uplink.cut()


async def test_every_batch_replayed_three_times_and_shuffled_counts_once(province):
    rng = random.Random(3)
    hub = await province.hub()
    edge = await province.edge("venue-1")
    await edge.put(150)
    await province.drained()
    copies = [*edge.raised.values()] * 3
    rng.shuffle(copies)
    client = await edge.bus.client(5)
    for alert in copies:
        await client.publish(words.alerts("venue-1"), wire.encode(alert))
    await edge.put(50)
    await until(lambda: hub.hub.pipeline.counts.n_known >= len(copies))
    assert await province.check() == 200


class DyingHub:
    """A hub's store that dies right after a commit, before anyone is told."""

    def __init__(self, book, lives: int) -> None:
        self._book = book
        self._lives = lives

    async def merge(self, raised: Sequence[Alert]) -> int:
        n_new = await self._book.merge(raised)
        self._lives -= 1
        if self._lives == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return n_new


async def _live_and_die(folder: Path, port: int, url: str, password_file: Path, lives: int) -> None:
    province = Province(folder, port, url, password_file)
    hub = await province.hub(f"hub-{os.getpid()}")
    hub.hub.pipeline._store = DyingHub(hub.book, lives)
    await asyncio.gather(*hub.tasks)


def _child(*arguments) -> None:
    asyncio.run(_live_and_die(*arguments))


async def test_a_hub_killed_between_commit_and_acknowledgement_doubles_nothing(
    province, broker, postgres, tmp_path, record_property
):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.fault.test_links"])
    edges = [await province.edge(f"venue-{number}") for number in range(3)]
    n_kills = max(2, N_FAULTS // 10)
    async with raising(province, seed=4):
        for number in range(n_kills):
            arguments = (tmp_path, broker.port, province.store_url, postgres.password_file, 1 + number % 3)
            child = context.Process(target=_child, args=arguments)
            child.start()
            await asyncio.to_thread(child.join, 60)
            assert child.exitcode == -signal.SIGKILL
    assert sum(edge.outbox.stats().n_waiting for edge in edges), "something committed must be unconfirmed"
    await province.hub()
    n_raised = await province.check()
    assert n_raised > n_kills
    record_property("hubs killed", f"{n_kills} hubs, {n_raised} alerts")


async def test_a_restarted_database_is_waited_for(province, postgres):
    await province.hub()
    edge = await province.edge("venue-1")
    async with raising(province, seed=5):
        for _ in range(3):
            await asyncio.sleep(0.4)
            await asyncio.to_thread(postgres.stop, "immediate")
            await asyncio.sleep(0.3)
            await asyncio.to_thread(postgres.start, fsync=False)
    assert await province.check() == len(edge.raised)
    assert province.hubs[0].hub.pipeline.counts.n_failures > 0


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={8 if THOROUGH else 6}m", "none", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk cannot be mounted without root")
    yield place
    subprocess.run(["umount", str(place)], check=True)


async def test_a_full_disk_at_the_sensor_is_told_and_loses_nothing_that_was_taken(small_disk, province):
    edge = await province.edge("venue-1", folder=small_disk)
    n_refused = 0
    while n_refused < 3:
        try:
            await edge.put(50)
        except QueueError as error:
            n_refused += "full" in str(error)
    assert edge.outbox.stats().n_waiting == len(edge.raised) > 100
    # Nobody makes room, and still the outbox drains.
    await province.hub()
    await province.drained()
    await edge.put(50)
    assert await province.check() == len(edge.raised)


async def test_a_clock_stepped_by_an_hour_is_corrected_and_its_own_time_kept(province):
    await province.hub()
    edge = await province.edge("venue-1")
    await edge.put(1)
    await province.drained()
    true_at = province.clock.now()
    await edge.stop()
    for step_s in (0.0, 3600.0, -3600.0):
        edge.clock.ahead_s = step_s
        await edge.put(1)
    edge.tasks = [asyncio.create_task(edge.bus.run()), asyncio.create_task(edge.shipper.run())]
    assert await province.check() == 4
    store = Store(province.store_url, province.password_file)
    with store.reader.connect() as db:
        stored = [wire.decode(body) for body in db.execute(sa.select(events.c.body)).scalars()]
    store.close()
    for alert in stored:
        assert abs(alert.updated_at - true_at) < timedelta(seconds=5)
        assert alert.event.get("own_updated_at", alert.updated_at.isoformat()) == (
            edge.raised[alert.id].updated_at.isoformat()
        )
    assert sum("clock_correction_s" in alert.event for alert in stored) == 2


async def test_two_hubs_at_once_share_the_work(province):
    hubs = [await province.hub("hub-1"), await province.hub("hub-2")]
    for number in range(4):
        await province.edge(f"venue-{number}")
    async with raising(province, seed=6):
        await asyncio.sleep(2.5)
    n_raised = await province.check()
    shares = [hub.queue.stats().n_acked for hub in hubs]
    assert all(share > n_raised / 10 for share in shares), shares


async def test_a_full_outbox_drops_the_least_grave_and_counts_them(province):
    edge = await province.edge("venue-1", max_bytes=100_000)
    await edge.put(400)
    report = await edge.outbox.report()
    n_kept = edge.outbox.stats().n_waiting
    assert report.n_bytes <= 100_000
    assert sum(report.n_dropped.values()) == 400 - n_kept > 0
    assert "critical" not in report.n_dropped or report.n_dropped["low"] == 100
    await province.hub()
    await province.drained()
    stored = province.stored()
    assert sum(stored.values()) == len(stored) == n_kept
    assert {edge.raised[id].level for id in stored} <= {"critical", "high"}
