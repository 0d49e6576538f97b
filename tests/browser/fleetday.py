"""A hub's fleet beside the made-up day: machines with and without trouble, and a release under way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from dayserver import RunningDay, health

from monitor.config.fleet import Fleet
from monitor.fleet.authority import new_key, open_authority, requested_key, signing_request
from monitor.fleet.code import new_code, parse
from monitor.fleet.desk import FleetDesk, policy_of
from monitor.fleet.hub import HubParts
from monitor.fleet.nats import NatsFolder
from monitor.fleet.office import FleetOffice
from monitor.fleet.register import FleetRegister, Invite
from monitor.fleet.releases import Releases
from monitor.fleet.rollout import Step
from monitor.heads import open_key
from monitor.link.nodes import Known
from monitor.link.words import NodeReport, OutboxReport

LASTS = timedelta(days=400, hours=6)
NODES = {"roof-1": "v1", "gate-2": "v1", "roof-3": "v2", "yard-4": "v2"}


@dataclass
class FleetDay:
    day: RunningDay
    hub: HubParts
    releases: Releases
    now: datetime

    def state_of(self, node: str) -> str:
        return next(one.state for one in self.hub.register.roll.list(self.now) if one.node == node)

    def let_in_with(self, code: str) -> tuple[str, str]:
        key = requested_key(signing_request(new_key()))
        digest = parse(code).digest
        made = self.hub.register.enrol(digest, key, self.hub.authority, LASTS, "a", self.now)
        return made.node, made.venue


def with_fleet(day: RunningDay, folder: Path) -> FleetDay:
    """`day` served anew with a fleet."""
    store, clock = day.book.store, day.day.clock
    now = clock.now()
    register = FleetRegister(store)
    authority = open_authority(folder / "authority", "city", now)
    hub = HubParts(
        Fleet(servers=("tls://hub:4222",)),
        register,
        authority,
        NatsFolder(folder / "nats", register),
        open_key(folder / "release.key"),
    )
    for node, venue in NODES.items():
        code = new_code(authority.der)
        register.invite("li", code, Invite(node, venue, "li", now, now + timedelta(hours=1)))
        key = requested_key(signing_request(new_key()))
        register.enrol(code.digest, key, authority, LASTS, "10.0.0.9", now)
    code = new_code(authority.der)
    register.invite("li", code, Invite("roof-5", "v2", "li", now, now + timedelta(hours=8)))
    told = {
        "software": "0.1.0", "release": 2, "refused": 0, "refused_why": "", "health": "ok", "problem": "",
        "clock_offset_s": 0.2, "cloned_at": None,
    }  # fmt: skip
    register.roll.save_seen(
        {node: (now - timedelta(minutes=50 if node == "gate-2" else 0), told) for node in NODES}
    )
    releases = Releases(store, hub.release_key)
    for note in ("June, first", "June, second"):
        made = releases.begin("li", {"rules.yml": note.encode()}, note, now)
        steps = tuple(
            Step(now, stage, "done" if stage == 2 else "running", (1, 1, 4)[stage]) for stage in range(3)
        )
        releases.step(made.serial, partial(_done, steps=steps), now)
    releases.begin("li", {"rules.yml": b"three"}, "louder beeps", now)
    desk = FleetDesk(register, releases, hub.nats, policy_of(hub.settings), day.book, clock)
    day.instead = {
        "fleet": desk,
        "office": FleetOffice(desk, hub, releases, day.book, clock),
        "edges": lambda: edges(day, now),
    }
    day.hang_up()
    day.listen()
    return FleetDay(day, hub, releases, now)


def _done(rollout, steps):
    return replace(rollout, state="done", stage=2, steps=steps)


def edges(day: RunningDay, now: datetime) -> dict[str, Known]:
    def known(node: str, venue: str, n_bytes: int) -> Known:
        box = OutboxReport(n_waiting=n_bytes // 5000, n_bytes=n_bytes, max_bytes=2_000_000_000)
        report = NodeReport(node, "sensor", "r", venue, now, 0.2, health(day.day), [], box)
        return Known(report, day.day.clock.now())

    return {"roof-1": known("roof-1", "v1", 0), "roof-3": known("roof-3", "v2", 1_810_000_000)}
