"""The hub's side of the fleet, for the event loop: hears every node, and moves a release on.

    report ──signature──> clone watch ──> seen ──> rollout ──> answer: which release, and its bundle
    every TICK_S: what was heard to the store, steps of the rollout, users.conf held to the register

What commands and other hubs did meanwhile (a release begun, a node revoked or heard) is read at the
next tick. Several hubs may look after one fleet: each step of a rollout is one transaction on what the
store has by then, so one of them alone takes it.
"""

from __future__ import annotations

import base64
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import structlog
from cryptography import x509

from monitor.clock import Clock
from monitor.config.fleet import Fleet
from monitor.faults import WorldError
from monitor.fleet.clone import CloneWatch, Heartbeat
from monitor.fleet.nats import NatsFolder
from monitor.fleet.papers import Papers, ReadPaper, paper_part
from monitor.fleet.register import FleetRegister
from monitor.fleet.releases import Release, Releases
from monitor.fleet.report import Report, ReportBody, ReportError, ReportView, believe
from monitor.fleet.roll import Node
from monitor.fleet.rollout import Heard, Policy, Rollout, is_chosen, replayed, tick
from monitor.fleet.rollout import Report as Progress
from monitor.healthwatch import Part
from monitor.store.book import StoreBook

TICK_S = 10.0
SILENT_AFTER = timedelta(seconds=180)
"""Nodes report each minute: two lost reports are no silence."""
CLONE_TOLD = timedelta(hours=1)
"""So long a second machine counts as there after it was last noticed, and is not recorded again."""
T = TypeVar("T")
KEPT_HEARD = 100_000
"""Reports that wait for the store; one that is let go only makes a stage last longer."""
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
        self._retire: Callable[[Set[str]], Awaitable[None]] = _nobody
        self._register = register
        self._releases = releases
        self._nats = nats
        self._policy = policy
        self._book = book
        self._clock = clock
        self._members: Mapping[str, Papers] = {}
        self._seen: dict[str, Seen] = {}
        self._unsaved: set[str] = set()
        self._well: set[str] = set()
        """Nodes that are there and well: kept by each report, and swept at each look."""
        self._cloned_at: dict[str, datetime] = {}
        self._clones = CloneWatch()
        self._newest: Release | None = None
        """With what was heard since the store was told."""
        self._heard: deque[Heard] = deque(maxlen=KEPT_HEARD)
        self._good: int = 0
        self._bundles: dict[int, str] = {}

    def tell_retired(self, retire: Callable[[Set[str]], Awaitable[None]]) -> None:
        """Tell `retire` at each look which nodes are no more: whose certificates were all revoked.

        It may raise `StoreError`.
        """
        self._retire = retire

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
        now = self._clock.now()
        report = await self.believed(body.node, now, partial(believe, body))
        beat = Heartbeat(report.node, report.instance, report.count, body.report)
        await self._watch_identity(report.node, beat, address)
        self._seen[report.node] = Seen(now, report)
        self._unsaved.add(report.node)
        (self._well.add if report.health == "ok" else self._well.discard)(report.node)
        wanted = self._wanted(report, now)
        is_behind = wanted > max(report.release, report.refused)
        return ReportView(now=now, wanted=wanted, bundle=await self._bundle(wanted) if is_behind else None)

    async def believed(self, node: str, now: datetime, believe: Callable[[x509.Certificate], T]) -> T:
        """What `believe` makes of a certificate of `node` that lasts; where a renewed one is used, the
        older ones end.

        Raises
        ------
        ReportError, StoreError
        """
        papers = self._members.get(node) or await self._find(node)
        try:
            found, used = _by_one_of(papers, now, believe)
        except ReportError:
            # A certificate renewed since the last look, perhaps at another hub.
            again = await self._find(node)
            if again == papers:
                raise
            papers = again
            found, used = _by_one_of(papers, now, believe)
        if papers is not None and used is papers.all[0] and len(papers.all) > 1:
            await self._book.write(partial(self._register.used, node, used.serial, now))
            await self._read_members(now)
        return found

    def is_cloned(self, node: str) -> bool:
        """Whether two machines ever used the identity that `node` was let in with."""
        return node in self._cloned_at

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
        await self._save_seen(now)
        await self._read_releases()
        if self._newest is None or self._newest.rollout.state != "running":
            return
        waiting, self._heard = self._heard, deque(maxlen=KEPT_HEARD)
        change = partial(_stepped, waiting, self._policy, frozenset(self._well), now)
        try:
            before, after = await self._book.write(
                partial(self._releases.step, self._newest.serial, change, now)
            )
        except WorldError:
            self._heard.extendleft(reversed(waiting))
            raise
        if (after.stage, after.state) != (before.stage, before.state):
            log.warning("a release took a step", serial=after.serial, state=after.state,
                        stage=after.stage, why=after.why)  # fmt: skip
        await self._read_releases()

    async def _save_seen(self, now: datetime) -> None:
        """Tell the other hubs what was heard here, and learn what was heard there."""
        unsaved, self._unsaved = self._unsaved, set()
        rows = {
            node: (self._seen[node].at, self._seen[node].body(self._cloned_at.get(node))) for node in unsaved
        }
        try:
            await self._book.write(partial(self._register.roll.save_seen, rows))
        except WorldError:
            self._unsaved |= unsaved & self._members.keys()
            raise
        self._well = set()
        for node, (at, body) in (await self._book.read(self._register.roll.seen)).items():
            if node not in self._members:
                continue
            if now - at <= SILENT_AFTER and body.get("health") == "ok":
                self._well.add(node)
            told = body.get("cloned_at")
            cloned_at = datetime.fromisoformat(told) if told else None
            if cloned_at is not None and cloned_at > self._cloned_at.get(node, cloned_at - CLONE_TOLD):
                self._cloned_at[node] = cloned_at

    async def nodes(self) -> list[Node]:
        """Everyone, as last heard. Raises `StoreError`."""
        found = await self._book.read(partial(self._register.roll.list, self._clock.now()))
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
            part
            for node, papers in self._members.items()
            for part in (
                identity_part(node, papers.venue, self._cloned_at.get(node), now),
                paper_part(papers, now),
            )
        ]

    def _fresh(self, one: Node) -> Node:
        seen = self._seen.get(one.node)
        if seen is None or (one.last_seen is not None and one.last_seen > seen.at):
            return one
        return replace(
            one,
            last_seen=seen.at,
            software=seen.report.software,
            release=seen.report.release,
            refused=seen.report.refused,
            refused_why=seen.report.refused_why,
            health=seen.report.health,
            problem=seen.report.problem,
            clock_offset_s=seen.report.clock_offset_s,
            cloned_at=self._cloned_at.get(one.node),
        )

    def _wanted(self, report: Report, now: datetime) -> int:
        if self._newest is None:
            return 0
        rollout = self._newest.rollout
        if not is_chosen(rollout, self._policy, report.node, self._well):
            return self._good
        if rollout.state == "running":
            told = Progress(report.node, report.release, report.health == "ok", report.refused)
            one = Heard(told, now)
            self._heard.append(one)
            self._newest = replace(self._newest, rollout=replayed(rollout, [one]))
        return rollout.serial

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

    async def _find(self, node: str) -> Papers | None:
        """Somebody let in, or with a new certificate, since the last look."""
        known = self._members.get(node)
        serials = [one.serial for one in known.all] if known is not None else []
        found = await self._book.read(partial(self._register.papers_of, node))
        if [one.serial for one in found] != serials:
            await self._read_members(self._clock.now())
        return self._members.get(node)

    async def _read_members(self, now: datetime) -> None:
        members = Papers.by_node(await self._book.read(self._register.papers), self._members)
        for node in self._seen.keys() | self._cloned_at.keys():
            before, after = self._members.get(node), members.get(node)
            # Let in again, it is another machine; renewed, it is the same.
            if after is None or (before is not None and before.is_other_than(after)):
                self._forget(node)
        self._members = members
        await self._book.read(partial(self._nats.hold, now))
        await self._retire(await self._book.read(self._register.retired))

    def _forget(self, node: str) -> None:
        self._clones.forget(node)
        self._clones.forget(f"{node}/link")
        self._cloned_at.pop(node, None)
        self._seen.pop(node, None)
        self._unsaved.discard(node)
        self._well.discard(node)

    async def _read_releases(self) -> None:
        """Take over what commands and other hubs did to releases."""
        newest = next(iter(await self._book.read(partial(self._releases.list, 1))), None)
        self._good = await self._book.read(self._releases.good)
        if newest is None:
            return
        if self._newest is None or self._newest.serial != newest.serial:
            # What was heard about the one before says nothing about this one.
            self._heard.clear()
        self._newest = replace(newest, rollout=replayed(newest.rollout, self._heard))


def _by_one_of(
    papers: Papers | None, now: datetime, believe: Callable[[x509.Certificate], T]
) -> tuple[T, ReadPaper]:
    lasting = papers.lasting(now) if papers is not None else ()
    fault = ReportError("no node of that name has a certificate that lasts")
    for paper in lasting:
        try:
            return believe(paper.certificate), paper
        except ReportError as error:
            fault = error
    raise fault


async def _nobody(_nodes: Set[str]) -> None:
    pass


def _stepped(
    waiting: Iterable[Heard], policy: Policy, well: frozenset[str], now: datetime, rollout: Rollout
) -> Rollout:
    return tick(replayed(rollout, waiting), policy, well, now)


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
