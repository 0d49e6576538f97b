"""Nodes that follow a hub, whole but for the network, on a fake clock."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from monitor.clock import FakeClock
from monitor.faults import Fault, InputError, WorldError
from monitor.fleet import identity
from monitor.fleet.authority import signing_request
from monitor.fleet.desk import TICK_S, FleetDesk
from monitor.fleet.enrol import Terms
from monitor.fleet.exchange import believe_renewed
from monitor.fleet.follower import Fares, Follower, Ways
from monitor.fleet.identity import Identity
from monitor.fleet.releases import Releases
from monitor.fleet.renew import RenewDesk
from monitor.fleet.renewal import Renewal
from monitor.fleet.report import renewing, signed
from monitor.fleet.rollout import Policy
from monitor.fleet.shelf import ReleaseShelf
from monitor.store.book import StoreBook
from monitor.store.tables import audit

POLICY = Policy(soak=timedelta(minutes=15), max_failing=0.02)


class Node:
    """One machine: its shelf, and a daemon that falls ill with some releases."""

    def __init__(self, fleet, name, folder) -> None:
        self.fleet, self.name = fleet, name
        who = identity.load(fleet.hub.let_in(name))
        self.renewal = Renewal(who, self._renew, fleet.clock)
        self.shelf = ReleaseShelf(folder, fleet.key.public_key())
        self.ill_with: set[str] = set()
        self.misfits: set[str] = set()
        self.n_restarts = 0
        self.reached = True
        self.boot()

    def boot(self) -> None:
        ways = Ways(self._ask, self._probe, self._check, self._restart, self.renewal.look)
        self.follower = Follower(self.name, self.shelf, ways, self.fleet.clock)

    @property
    def who(self) -> Identity:
        return self.renewal.who

    async def _renew(self, who, key):
        if not self.reached:
            raise WorldError("no route")
        body = renewing(self.name, signing_request(key), who.sign)
        answer = await self.fleet.renewing.renew(body, "10.0.0.1")
        return believe_renewed(answer, (who.folder / "ca.pem").read_bytes(), key)

    def runs(self) -> str:
        file = self.shelf.current / "rules.txt"
        return file.read_text() if file.exists() else ""

    async def _ask(self, report):
        if not self.reached:
            raise WorldError("no route")
        return await self.fleet.desk.report(signed(report, self.who.sign), "10.0.0.1")

    async def _probe(self):
        return Fares("degraded" if self.runs() in self.ill_with else "ok", "0.1.0")

    def _check(self) -> None:
        if self.runs() in self.misfits:
            raise InputError([Fault("sensor.yml", 2, "no such file")])

    async def _restart(self) -> None:
        self.n_restarts += 1


@dataclass
class Fleet:
    hub: object
    clock: FakeClock
    book: StoreBook
    key: Ed25519PrivateKey
    releases: Releases
    desk: FleetDesk
    renewing: RenewDesk
    nodes: list[Node] = field(default_factory=list)

    def release(self, text: str):
        return self.releases.begin("li", {"rules.txt": text.encode()}, text, self.clock.now())

    async def minute(self, n=1):
        for _ in range(n):
            for _ in range(round(60 / TICK_S)):
                await self.clock.advance(TICK_S)
                await self.desk.look()
            for node in self.nodes:
                try:
                    while await node.follower.step():
                        pass
                except WorldError:
                    pass

    def runs(self) -> dict[str, int]:
        found: dict[str, int] = {}
        for node in self.nodes:
            found[node.runs()] = found.get(node.runs(), 0) + 1
        return found

    def audited(self, prefix="fleet.") -> list[tuple[str, str]]:
        with self.hub.store.reader.connect() as db:
            rows = db.execute(sa.select(audit.c.entry).order_by(audit.c.seq)).scalars()
            entries = [json.loads(row) for row in rows]
        return [(one["action"], one["subject"]) for one in entries if one["action"].startswith(prefix)]

    def new_desk(self) -> FleetDesk:
        return FleetDesk(self.hub.register, self.releases, self.hub.nats, POLICY, self.book, self.clock)


@pytest.fixture
async def fleet(hub, tmp_path):
    clock = FakeClock(hub.now)
    book = StoreBook(hub.store, clock)
    key = Ed25519PrivateKey.generate()
    made = Fleet(hub, clock, book, key, Releases(hub.store, key), None, None)  # type: ignore[arg-type]
    made.desk = made.new_desk()
    terms = Terms(("tls://hub:4222",), "")
    made.renewing = RenewDesk(made.desk, hub.register, book, hub.authority, hub.nats, terms, clock)
    made.nodes = [Node(made, f"n{i:02}", tmp_path / "shelves" / f"n{i:02}") for i in range(20)]
    await made.desk.look()
    return made
