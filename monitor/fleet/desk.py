"""The hub's side of the fleet, for the event loop: hears every node, and moves a release on.

    report ──signature──> clone watch ──> seen ──> rollout ──> answer: which release, and its bundle
    every TICK_S: seen and rollout to the store, steps of the rollout, users.conf held to the register

What commands did meanwhile (a release begun, a node revoked) is read at the next tick.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from cryptography import x509

from monitor.clock import Clock
from monitor.config.fleet import Fleet
from monitor.faults import WorldError
from monitor.fleet.clone import CloneWatch, Heartbeat
from monitor.fleet.nats import NatsFolder
from monitor.fleet.register import FleetRegister, Node
from monitor.fleet.releases import Release, Releases
from monitor.fleet.report import Report, ReportBody, ReportError, ReportView, believe
from monitor.fleet.rollout import Policy, Rollout, heard, is_chosen, offered, tick
from monitor.fleet.rollout import Report as Progress
from monitor.healthwatch import Part
from monitor.store.book import StoreBook

TICK_S = 10.0
SILENT_AFTER = timedelta(seconds=180)
"""Nodes report each minute: two lost reports are no silence."""
CLONE_TOLD = timedelta(hours=1)
"""So long a second machine counts as there after it was last noticed, and is not recorded again."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Seen:
    """A node as last heard."""

    at: datetime
    report: Report

    def body(self, cloned_at: datetime | None) -> dict[str, Any]:
        return {
            "software": self.report.software,
            "release": self.report.release,
            "refused": self.report.refused,
            "refused_why": self.report.refused_why,
            "health": self.report.health,
            "problem": self.report.problem,
            "clock_offset_s": self.report.clock_offset_s,
            "cloned_at": cloned_at.isoformat() if cloned_at else None,
        }


@dataclass(frozen=True, slots=True)
class _Member:
    venue: str
    certificate: x509.Certificate


class FleetDesk:
    def __init__(
        self,
        register: FleetRegister,
        releases: Releases,
        nats: NatsFolder,
        policy: Policy,
        book: StoreBook,
        clock: Clock,
    ) -> None:
        self._register = register
        self._releases = releases
        self._nats = nats
        self._policy = policy
        self._book = book
        self._clock = clock
        self._members: dict[str, _Member] = {}
        self._seen: dict[str, Seen] = {}
        self._unsaved: set[str] = set()
        self._well: set[str] = set()
        """Nodes that are there and well: kept by each report, and swept at each look."""
        self._cloned_at: dict[str, datetime] = {}
        self._clones = CloneWatch()
        self._newest: Release | None = None
        self._saved: Rollout | None = None
        """The newest release's rollout as the store has it."""
        self._good: int = 0
        self._bundles: dict[int, str] = {}

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.look()
            except WorldError as error:
                log.error("the fleet could not be looked after", error=str(error))
            await self._clock.sleep(TICK_S)

    async def report(self, body: ReportBody, address: str) -> ReportView:
        """Hear a node.

        Raises
        ------
        ReportError, StoreError
        """
        member = self._members.get(body.node) or await self._find(body.node)
        if member is None:
            raise ReportError("no node of that name has a certificate that lasts")
        report, now = believe(body, member.certificate), self._clock.now()
        beat = Heartbeat(report.node, report.instance, report.count, body.report)
        await self._watch_identity(report.node, beat, address)
        self._seen[report.node] = Seen(now, report)
        self._unsaved.add(report.node)
        (self._well.add if report.health == "ok" else self._well.discard)(report.node)
        wanted = self._wanted(report, now)
        is_behind = wanted > max(report.release, report.refused)
        return ReportView(now=now, wanted=wanted, bundle=await self._bundle(wanted) if is_behind else None)

    async def heard_on_link(self, node: str, run: str, at: datetime, address: str = "") -> None:
        """A node's own program was heard over NATS: `run` is drawn at its start, `at` is its clock.

        Raises
        ------
        StoreError
        """
        # Apart from the follower, which is another process with a start of its own.
        beat = Heartbeat(f"{node}/link", run, round(at.timestamp() * 1000), at.isoformat())
        await self._watch_identity(node, beat, address)

    async def look(self) -> None:
        """Take a step where one is due, and write down what was heard. Raises `WorldError`."""
        now = self._clock.now()
        await self._read_members(now)
        self._well = {node for node in self._well if now - self._seen[node].at <= SILENT_AFTER}
        rows = {
            node: (self._seen[node].at, self._seen[node].body(self._cloned_at.get(node)))
            for node in self._unsaved
        }
        self._unsaved = set()
        await self._book.write(partial(self._register.save_seen, rows))
        await self._read_releases()
        if self._newest is None or self._saved is None:
            return
        stepped = tick(self._newest.rollout, self._policy, self._well, now)
        if stepped == self._saved:
            return
        before, self._newest = self._saved, replace(self._newest, rollout=stepped)
        await self._book.write(partial(self._releases.save, before, stepped, now))
        if (stepped.stage, stepped.state) != (before.stage, before.state):
            log.warning("a release took a step", serial=stepped.serial, state=stepped.state,
                        stage=stepped.stage, why=stepped.why)  # fmt: skip
        self._saved = stepped
        await self._read_releases()

    async def nodes(self) -> list[Node]:
        """Everyone, as last heard. Raises `StoreError`."""
        found = await self._book.read(partial(self._register.list, self._clock.now()))
        return [self._fresh(one) for one in found]

    @property
    def newest(self) -> Release | None:
        return self._newest

    @property
    def policy(self) -> Policy:
        return self._policy

    def parts(self) -> list[Part]:
        """What health is told of each node."""
        now = self._clock.now()
        return [
            identity_part(node, member.venue, self._cloned_at.get(node), now)
            for node, member in self._members.items()
        ]

    def _fresh(self, one: Node) -> Node:
        seen = self._seen.get(one.node)
        if seen is None:
            return one
        return replace(
            one,
            last_seen=seen.at,
            software=seen.report.software,
            release=seen.report.release,
            health=seen.report.health,
            clock_offset_s=seen.report.clock_offset_s,
            cloned_at=self._cloned_at.get(one.node),
        )

    def _wanted(self, report: Report, now: datetime) -> int:
        if self._newest is None:
            return 0
        rollout = self._newest.rollout
        if is_chosen(rollout, self._policy, report.node, self._well):
            rollout = offered(rollout, report.node, is_well=report.health == "ok", now=now)
            told = Progress(report.node, report.release, report.health == "ok", report.refused)
            self._newest = replace(self._newest, rollout=heard(rollout, told, now))
            return rollout.serial
        return self._good

    async def _bundle(self, serial: int) -> str:
        if serial not in self._bundles:
            raw = await self._book.read(partial(self._releases.bundle, serial))
            # The new one and the one before: nothing else is asked for.
            self._bundles = {key: self._bundles[key] for key in sorted(self._bundles)[-1:]}
            self._bundles[serial] = base64.b64encode(raw).decode()
        return self._bundles[serial]

    async def _watch_identity(self, node: str, beat: Heartbeat, address: str) -> None:
        finding, now = self._clones.heard(beat, self._clock.monotonic()), self._clock.now()
        if finding is None:
            return
        told_at, self._cloned_at[node] = self._cloned_at.get(node), now
        if told_at is not None and now - told_at < CLONE_TOLD:
            return
        body = {"instances": list(finding.instances), "reason": finding.reason, "address": address}
        log.error("two machines say they are one node", node=node, **body)
        await self._book.record("", "node.cloned", node, body)

    async def _find(self, node: str) -> _Member | None:
        """Somebody let in since the last look."""
        now = self._clock.now()
        pem = await self._book.read(partial(self._register.certificate, node, now))
        if pem is not None:
            await self._read_members(now)
        return self._members.get(node)

    async def _read_members(self, now: datetime) -> None:
        lasting = await self._book.read(partial(self._register.lasting, now))
        for node in self._members.keys() - lasting.keys():
            # Let in again, it is another machine.
            self._clones.forget(node)
            self._clones.forget(f"{node}/link")
            self._cloned_at.pop(node, None)
            self._seen.pop(node, None)
            self._unsaved.discard(node)
            self._well.discard(node)
        self._members = {
            node: had
            if (had := self._members.get(node)) is not None
            and had.certificate.serial_number == int(serial, 16)
            else _Member(venue, x509.load_pem_x509_certificate(pem.encode()))
            for node, (serial, venue, pem) in lasting.items()
        }
        await self._book.read(partial(self._nats.hold, now))

    async def _read_releases(self) -> None:
        """Take over what commands did to releases."""
        found = await self._book.read(partial(self._releases.list, 100))
        newest = found[0] if found else None
        self._good = next((one.serial for one in found if one.rollout.state == "done"), 0)
        mine = self._newest
        if newest is None or (
            mine is not None and (mine.serial, mine.rollout.state) == (newest.serial, newest.rollout.state)
        ):
            return
        self._newest, self._saved = newest, newest.rollout


def identity_part(node: str, venue: str, cloned_at: datetime | None, now: datetime) -> Part:
    """Whether a node's identity is in use twice; over an hour after it was last so, it is over."""
    problems = ("cloned",) if cloned_at is not None and now - cloned_at < CLONE_TOLD else ()
    return Part("identity", node, venue, problems, cloned_at if problems else None, None, settled=True)


def policy_of(settings: Fleet) -> Policy:
    """The rollout's policy of a configuration's section ``fleet``."""
    return Policy(
        tuple(settings.stages),
        timedelta(minutes=settings.soak_min),
        settings.healthy_reports,
        settings.max_failing,
    )
