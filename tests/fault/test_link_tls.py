"""The whole link under TLS both ways, with certificates and rights as the hub's own authority makes them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor.alert import wire
from monitor.clock import SystemClock
from monitor.evidence import EvidenceStore
from monitor.fleet.authority import key_pem, new_key, open_authority, pem_of
from monitor.link import words
from monitor.link.bus import Bus, BusSettings, LinkError
from monitor.link.edge import Edge, Identity
from monitor.link.hub import Hub
from monitor.link.outbox import Outbox
from monitor.link.stamp import machine_stamper
from monitor.queue.nats import NatsQueue
from monitor.raising import RADIO_HOLD
from monitor.store.book import StoreBook
from monitor.store.tables import events
from tests.fault.province import QUICK, until
from tests.fault.test_far_hands import TONE, Mast
from tests.fault.test_far_spectra import Roof, health, history, query
from tests.unit.monitor.conftest import make_alert
from tests.unit.monitor.fleet.conftest import Broker, broker, hub

__all__ = ["broker", "hub"]
BOTH = pytest.mark.parametrize("broker", ["debian", "current"], indirect=True)
pytestmark = [pytest.mark.tools, pytest.mark.timeout(120)]
CLOCK = SystemClock()


def settings(broker: Broker, name: str, folder: Path, cert: str | None = "node") -> BusSettings:
    cert_file, key_file = (folder / f"{cert}.pem", folder / f"{cert}.key") if cert else (None, None)
    return BusSettings(broker.url, name, folder / "ca.pem", cert_file, key_file, **QUICK)


@dataclass
class At:
    """The hub of the link, and its store."""

    hub: Hub
    book: StoreBook

    def stored(self) -> set[str]:
        with self.book.store.reader.connect() as db:
            return set(db.execute(sa.select(events.c.event_id)).scalars())


@pytest.fixture
async def centre(broker: Broker, tmp_path) -> AsyncIterator[At]:
    bus = Bus(settings(broker, "hub", broker.hub.nats.folder, "hub"), CLOCK, random.Random(0))
    book = StoreBook(broker.hub.store, CLOCK)
    queue = NatsQueue(bus, "EXAMWATCH", 100_000_000, "hub", 1.0)
    made = Hub("hub", bus, queue, book, EvidenceStore(tmp_path / "evidence"), CLOCK, RADIO_HOLD)
    running = asyncio.create_task(made.run())
    await bus.client(10)
    yield At(made, book)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def edge(place: Path, node: str, bus_settings: BusSettings) -> AsyncIterator[tuple[Edge, Outbox, Bus]]:
    stamper = machine_stamper()
    bus, outbox = Bus(bus_settings, CLOCK, random.Random(1)), Outbox.open(place / "o.db", 10**9, stamper)
    made = Edge(Identity(node, "sensor", "run", "v1"), bus, outbox, place, 100_000, stamper, CLOCK)
    made.show_spectra(history(place / "history"), {"roof": Roof()})
    made.lend({"roof": Mast()}, [])
    at = datetime.now(UTC)
    running = asyncio.create_task(made.run(lambda: health(at), list))
    try:
        yield made, outbox, bus
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await outbox.close()


async def let_in(broker: Broker, *nodes: str) -> list[Path]:
    folders = [broker.hub.let_in(node) for node in nodes]
    assert broker.hub.nats.refresh(datetime.now(UTC))
    # nats-server reads its users again at a signal that nobody confirms.
    await asyncio.sleep(0.5)
    return folders


@BOTH
async def test_alerts_reports_spectra_and_orders_pass_with_the_rights_of_a_node(broker, centre, tmp_path):
    (folder,) = await let_in(broker, "no1")
    async with edge(tmp_path / "no1", "no1", settings(broker, "no1", folder)) as (_, outbox, bus):
        await outbox.put([make_alert(str(n)) for n in range(5)])
        await until(lambda: not outbox.stats().n_waiting)
        assert centre.stored() == {f"id-{n}" for n in range(5)}
        await until(lambda: "no1:roof" in centre.hub.spectra.held)
        view = await centre.hub.spectra.view(query("li"))
        assert view is not None
        assert view.n_rows == 60
        roof = centre.hub.spectra.held["no1:roof"]
        hearing = await roof.listen(169e6, "nfm", "li")
        assert len((await hearing.take())[0].pcm) == 2 * len(TONE)
        hearing.close()
        held = await roof.stare(169e6, 60, "li", "a burst yesterday")
        assert (held.by, await roof.end_stare("li")) == ("li", True)
        # No edge gives orders, not even to itself.
        with pytest.raises(LinkError):
            await bus.request(words.stare("no1"), b"", 1.0)
        # What it says for another node is refused by the broker, and reaches nobody.
        forged = wire.encode(make_alert("forged"))
        with pytest.raises(LinkError):
            await bus.request(words.alerts("gate"), forged, 1.0)
        await outbox.put([make_alert("last")])
        await until(lambda: not outbox.stats().n_waiting)
        assert centre.stored() == {*(f"id-{n}" for n in range(5)), "id-last"}


@pytest.mark.parametrize("what", ["none", "foreign", "expired", "revoked"])
async def test_without_a_certificate_that_holds_nothing_passes_and_nothing_is_lost(
    broker, centre, tmp_path, what
):
    (folder,) = await let_in(broker, "no1")
    cert: str | None = "node"
    key, now = new_key(), datetime.now(UTC)
    if what == "none":
        cert = None
    elif what == "revoked":
        broker.hub.register.revoke("li", "no1", "stolen", now)
        assert broker.hub.nats.refresh(now)
        await asyncio.sleep(0.5)
    else:
        foreign = open_authority(tmp_path / "foreign", "elsewhere", now)
        authority = foreign if what == "foreign" else broker.hub.authority
        signed_at = now - timedelta(days=10 if what == "expired" else 0)
        made = authority.sign_client(key.public_key(), "no1", "v1", signed_at, timedelta(days=2))
        (folder / "node.pem").write_text(pem_of(made))
        (folder / "node.key").write_bytes(key_pem(key))
    async with edge(tmp_path / "no1", "no1", settings(broker, "no1", folder, cert)) as (_, outbox, bus):
        await outbox.put([make_alert("a")])
        with pytest.raises(LinkError):
            await bus.client(2.0)
        assert outbox.stats().n_waiting == 1
        assert bus.error is not None
        assert centre.stored() == set()
        assert not centre.hub.nodes.known
        if what == "revoked":
            # Let in anew, the same edge goes on by itself: certificates are read again at each attempt.
            (folder,) = await let_in(broker, "no1")
            await until(lambda: not outbox.stats().n_waiting)
            assert centre.stored() == {"id-a"}
