"""The notify desk at work: what the store says is new is grouped, told, and told again if it must be.

Each look does three things, every one of them committed before the next: alerts with news join their
groups; groups that are due write a notice; notices that wait are sent. So it can be killed anywhere.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from monitor.clock import Clock
from monitor.notify.group import OVER, Member, due_at, next_message
from monitor.notify.judged import Judged
from monitor.notify.ledger import BATCH, Group, Joining, Ledger, Notice
from monitor.notify.matcher import all_hold, group_labels, labels_of
from monitor.notify.message import Language, body
from monitor.notify.route import Inhibition, Route, routes_of
from monitor.notify.senders import Sender, SendError
from monitor.store.book import StoreBook
from monitor.store.errors import StoreError
from monitor.store.merge import Merged

LOOK_S = 1.0
GRAVE_WAIT = timedelta(seconds=3)
"""A critical alert waits no longer for others to share its message."""
N_ATTEMPTS = 3
"""By one receiver, before its fallback takes over."""
FIRST_WAIT_S, LONGEST_WAIT_S = 5.0, 600.0
GIVEN_UP_AFTER = timedelta(hours=24)
CLAIM_LASTS_S = 5.0
"""Well below the lease of a leading hub: within it no other can have taken over."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is told of what."""

    tree: Route
    inhibitions: tuple[Inhibition, ...]
    site: str
    language: Language
    venues: Mapping[str, str] = field(default_factory=dict[str, str])
    """Id to name in `language`, of those that are called something."""


class NotifyDesk:
    def __init__(
        self,
        plan: Plan,
        senders: Mapping[str, Sender],
        book: StoreBook,
        clock: Clock,
        rng: random.Random,
    ) -> None:
        self._plan = plan
        self._senders = senders
        self._book = book
        self._ledger = Ledger(book.store)
        self._clock = clock
        self._rng = rng
        self._nodes = {node.path: node for node in _all(plan.tree)}
        self._failing: dict[str, tuple[datetime, str]] = {}
        self.counts: Counter[tuple[str, str]] = Counter()
        """By receiver and outcome: ``sent``, ``failed``, ``given up``."""

    async def open(self) -> None:
        """Take up what the last run left. Raises `StoreError`."""
        n_open = await self._book.write(self._ledger.open)
        if n_open:
            log.warning("messages may be sent twice: the last run ended while it sent them", n=n_open)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(LOOK_S)
            try:
                await self.step()
            except StoreError as error:
                log.error("nobody can be told while the store fails", error=str(error))

    async def step(self) -> None:
        """One look. Raises `StoreError`; the next look goes on where this one stopped."""
        while await self._gather():
            pass
        await self._write_notices()
        await self._send()

    async def _gather(self) -> bool:
        """Put alerts with news into their groups; whether there may be more."""
        changed, position = await self._book.read(self._ledger.changed)
        if not changed:
            return False
        now = self._clock.now()
        joinings = [one for alert in changed for one in self._joinings(alert, now)]
        await self._book.write(partial(self._ledger.join, joinings, position, now))
        return len(changed) == BATCH

    def _joinings(self, alert: Merged, now: datetime) -> list[Joining]:
        if alert.experimental:
            # A rule that has not proven itself never pages anyone.
            return []
        labels = labels_of(alert)
        found: list[Joining] = []
        for node in routes_of(self._plan.tree, labels):
            if alert.drill and not node.drills:
                continue
            shared = group_labels(labels, node.group_by)
            # A drill and the real thing are never one message.
            key = "\x1f".join([node.path, labels["drill"], *(f"{name}={shared[name]}" for name in shared)])
            is_urgent = alert.level == "critical"
            due = now + (min(node.group_wait, GRAVE_WAIT) if is_urgent else node.group_wait)
            found.append(Joining(key, node.path, shared, alert.fingerprint, due, is_urgent))
        return found

    async def _write_notices(self) -> None:
        now = self._clock.now()
        groups = await self._book.read(partial(self._ledger.due, now))
        if not groups:
            return
        silences = await self._book.read(partial(self._ledger.silences, now))
        sources: Sequence[Mapping[str, str]] = ()
        if self._plan.inhibitions:
            firing = await self._book.read(partial(self._ledger.firing, now))
            sources = [labels_of(one) for one in firing if not one.experimental]
        for group in groups:
            found = await self._book.read(partial(self._ledger.members, group.key))
            names = [one.fingerprint for one in found]
            verdicts = await self._book.read(partial(self._ledger.judged, names, now))
            members: dict[str, Member] = {}
            for alert in found:
                labels = labels_of(alert)
                fires = not _is_over(alert, now)
                is_silenced = any(all_hold(one.matchers, labels) for one in silences)
                is_inhibited = fires and any(
                    rule.mutes(labels, source) for rule in self._plan.inhibitions for source in sources
                )
                if not is_silenced and not is_inhibited:
                    verdict = verdicts.get(alert.fingerprint)
                    is_benign = verdict is not None and verdict.lifted is None
                    lifted = verdict.key if verdict is not None and not is_benign else ""
                    fires = fires and not is_benign
                    members[alert.fingerprint] = Member(alert.fingerprint, alert.level, fires, lifted)
            await self._tell(group, {one.fingerprint: one for one in found}, members, verdicts, now)

    async def _tell(
        self,
        group: Group,
        alerts: Mapping[str, Merged],
        members: Mapping[str, Member],
        verdicts: Mapping[str, Judged],
        now: datetime,
    ) -> None:
        node = self._nodes.get(group.route)
        if node is None:
            # The configuration has no such route any more.
            await self._book.write(partial(self._ledger.look_later, group, now, set(alerts)))
            return
        message = next_message(members, group.told, node, now)
        if message is None:
            # Over, and never told or told to be over: of no more interest.
            gone = {
                name
                for name, alert in alerts.items()
                if _is_over(alert, now) and group.told.alerts.get(name, OVER) == OVER
            }
            again = now + min(node.group_interval, node.repeat_interval)
            await self._book.write(partial(self._ledger.look_later, group, again, gone))
            return
        plan = self._plan
        told = body(message, alerts, verdicts, group.labels, plan.site, plan.venues, plan.language, now)
        next_look = due_at(message.told, group.began_at, node)
        # What is judged benign and goes on stays: the verdict may be taken back.
        gone = {name for name in message.resolved if _is_over(alerts[name], now)}
        await self._book.write(
            partial(self._ledger.tell, group, message, node.receiver, told, next_look, now, gone)
        )

    async def _send(self) -> None:
        waiting = await self._book.read(partial(self._ledger.waiting, self._clock.now()))
        by_receiver: dict[str, list[Notice]] = {}
        for notice in waiting:
            by_receiver.setdefault(notice.receiver, []).append(notice)
        # A receiver that hangs holds up nobody else.
        await asyncio.gather(*(self._send_all(name, some) for name, some in by_receiver.items()))

    async def _send_all(self, name: str, some: Sequence[Notice]) -> None:
        sender = self._senders.get(name)
        for notice in some:
            now = self._clock.now()
            if sender is None or now - notice.created_at > GIVEN_UP_AFTER:
                why = notice.error or f"there is no receiver '{name}' any more"
                await self._book.write(partial(self._ledger.given_up, notice, why, now))
                self._count(name, "given up", why)
                continue
            if sender.free_at(now) > now:
                return
            await self._claim(notice)
            try:
                await sender.send(notice, now)
            except SendError as error:
                await self._failed(notice, sender, error)
            else:
                await self._book.write(partial(self._ledger.sent, notice, self._clock.now()))
                self.counts[name, "sent"] += 1
                self._failing.pop(name, None)

    async def _claim(self, notice: Notice) -> None:
        """Write down that it is about to be sent, not long ago.

        A hub that slept amid it claims it again, and is refused where another has come to lead meanwhile.
        """
        is_fresh = False
        while not is_fresh:
            began_s = self._clock.monotonic()
            await self._book.write(partial(self._ledger.sending, notice))
            is_fresh = self._clock.monotonic() - began_s < CLAIM_LASTS_S

    async def _failed(self, notice: Notice, sender: Sender, error: SendError) -> None:
        now, fallback = self._clock.now(), sender.receiver.fallback
        receiver, wait_s = notice.receiver, error.wait_s
        if fallback is not None and notice.n_attempts + 1 >= N_ATTEMPTS:
            receiver, wait_s = fallback, 0.0
        elif wait_s is None:
            wait_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**notice.n_attempts) * self._rng.uniform(0.8, 1.2)
        again = now + timedelta(seconds=wait_s)
        await self._book.write(partial(self._ledger.failed, notice, str(error), again, receiver))
        self._count(notice.receiver, "failed", str(error))

    def receivers(self) -> list[tuple[str, datetime | None, str | None]]:
        """Each receiver, since when it takes nothing and why; None where it works or was not tried."""
        failing = ((name, self._failing.get(name)) for name in self._senders)
        return [(name, *told) if told is not None else (name, None, None) for name, told in failing]

    def _count(self, receiver: str, outcome: str, error: str) -> None:
        self.counts[receiver, outcome] += 1
        self._failing.setdefault(receiver, (self._clock.now(), error))
        log.error("a message was not taken", receiver=receiver, outcome=outcome, error=error)


def _is_over(alert: Merged, now: datetime) -> bool:
    return alert.ends_at is not None and alert.ends_at <= now


def _all(node: Route) -> list[Route]:
    return [node, *(below for child in node.routes for below in _all(child))]
