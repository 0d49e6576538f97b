"""How far a release has got, and whether it goes on: a state machine that is told all it knows. Pure.

    running: 1 % ──> 10 % ──> all ──> done
       │  a stage is left when it has lasted its soak and every node that took the release is sound
       └──> rolled-back, as soon as more nodes fail than the bound allows

Which nodes come first is drawn by a hash of node and release: the same at every look, another for
each release. A node that was unwell before it got the release says nothing about it, and is not counted.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal

State = Literal["running", "done", "rolled-back"]
MAX_NAMED: Final = 50
"""Failing nodes that a step names."""
BAD_REPORTS: Final = 2
"""In a row: one look at a machine that just starts is no failure."""


@dataclass(frozen=True, slots=True)
class Policy:
    stages: tuple[float, ...] = (0.01, 0.1, 1.0)
    soak: timedelta = timedelta(minutes=15)
    healthy_reports: int = 3
    max_failing: float = 0.02
    """Share of the counted nodes with the release; the whole number below it may fail."""
    silent: timedelta = timedelta(minutes=5)
    """A node that got the release and is not heard for so long is failing."""
    apply: timedelta = timedelta(minutes=10)
    """So does one that still has not taken it by then."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a node says of itself."""

    node: str
    release: int
    """0: none."""
    is_well: bool
    refused: int = 0
    """The release it could not take."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One node that was offered the release."""

    offered_at: datetime
    was_well: bool
    heard_at: datetime
    has_it: bool = False
    n_well: int = 0
    n_bad: int = 0
    refused: bool = False

    def is_sound(self, policy: Policy) -> bool:
        return self.has_it and self.n_well >= policy.healthy_reports

    def is_failing(self, policy: Policy, now: datetime) -> bool:
        if self.refused or self.n_bad >= BAD_REPORTS or now - self.heard_at > policy.silent:
            return True
        return not self.has_it and now - self.offered_at > policy.apply


@dataclass(frozen=True, slots=True)
class Step:
    """The end of a stage: what its health said."""

    at: datetime
    stage: int
    """The one that ended."""
    state: State
    """After it."""
    n_sound: int
    failing: tuple[str, ...] = ()
    by: str = ""
    """Who halted it; empty: nobody, it was the nodes' health."""


@dataclass(frozen=True, slots=True)
class Rollout:
    serial: int
    stage_at: datetime
    stage: int = 0
    state: State = "running"
    why: str = ""
    """Of the last step, for a person: English."""
    nodes: Mapping[str, Progress] = field(default_factory=dict[str, Progress])
    steps: tuple[Step, ...] = ()
    """Oldest first."""

    def counted(self) -> dict[str, Progress]:
        return {node: one for node, one in self.nodes.items() if one.was_well}


def rank(serial: int, node: str) -> float:
    """Where in a release's order a node stands, from 0 to 1."""
    return int.from_bytes(hashlib.sha256(f"{serial}:{node}".encode()).digest()[:8]) / 2**64


def is_chosen(rollout: Rollout, policy: Policy, node: str, well: Collection[str]) -> bool:
    """Whether `node` is to have the release now; `well` are the nodes that are there and well."""
    if rollout.state == "rolled-back":
        return False
    if rollout.state == "done" or node in rollout.nodes:
        return True
    if rank(rollout.serial, node) < policy.stages[rollout.stage]:
        return True
    # A share of a few nodes may be none of them: then the first of those that can tell.
    first = min(well, key=lambda one: rank(rollout.serial, one), default=None)
    return node == first and not rollout.counted()


def offered(rollout: Rollout, node: str, *, is_well: bool, now: datetime) -> Rollout:
    """`node` was given the release; once is enough."""
    if node in rollout.nodes or rollout.state != "running":
        return rollout
    return replace(rollout, nodes={**rollout.nodes, node: Progress(now, is_well, now)})


def heard(rollout: Rollout, report: Report, now: datetime) -> Rollout:
    """A node that was offered the release says how it fares."""
    had = rollout.nodes.get(report.node)
    if had is None or rollout.state != "running":
        return rollout
    has_it = report.release == rollout.serial
    progress = replace(
        had,
        heard_at=now,
        has_it=has_it,
        refused=had.refused or report.refused == rollout.serial,
        n_well=had.n_well + 1 if has_it and report.is_well else 0,
        n_bad=had.n_bad + 1 if has_it and not report.is_well else 0,
    )
    return replace(rollout, nodes={**rollout.nodes, report.node: progress})


@dataclass(frozen=True, slots=True)
class Heard:
    """A report of a node that is to have the release."""

    report: Report
    at: datetime


def replayed(rollout: Rollout, reports: Iterable[Heard]) -> Rollout:
    """`rollout` with what was heard meanwhile."""
    for one in reports:
        rollout = offered(rollout, one.report.node, is_well=one.report.is_well, now=one.at)
        rollout = heard(rollout, one.report, one.at)
    return rollout


def failing(rollout: Rollout, policy: Policy, now: datetime) -> list[str]:
    """Counted nodes that do not fare well with the release, by name."""
    return sorted(node for node, one in rollout.counted().items() if one.is_failing(policy, now))


def bound(rollout: Rollout, policy: Policy) -> int:
    """So many may fail."""
    return math.floor(policy.max_failing * len(rollout.counted()))


def tick(rollout: Rollout, policy: Policy, well: Collection[str], now: datetime) -> Rollout:
    """Go on, go back, or stay, as the time and the reports so far have it."""
    if rollout.state != "running":
        return rollout
    bad = failing(rollout, policy, now)
    if len(bad) > bound(rollout, policy):
        named = ", ".join(bad[:5]) + (" …" if len(bad) > 5 else "")
        n_sound = sum(one.is_sound(policy) for one in rollout.counted().values())
        return _ended(rollout, "rolled-back", n_sound, bad, now, f"{len(bad)} failing: {named}")
    if now - rollout.stage_at < policy.soak or not _is_sound(rollout, policy, well, now):
        return rollout
    n_sound = len(rollout.counted()) - len(bad)
    if rollout.stage + 1 == len(policy.stages):
        return _ended(rollout, "done", n_sound, bad, now, f"{n_sound} sound, {len(bad)} failing")
    share = policy.stages[rollout.stage + 1]
    why = f"{n_sound} sound, {len(bad)} failing: on to {share:.0%}"
    return replace(_ended(rollout, "running", n_sound, bad, now, why), stage=rollout.stage + 1)


def halted(rollout: Rollout, policy: Policy, by: str, now: datetime) -> Rollout:
    """Taken back by a person."""
    if rollout.state != "running":
        return rollout
    bad = failing(rollout, policy, now)
    n_sound = sum(one.is_sound(policy) for one in rollout.counted().values())
    return _ended(rollout, "rolled-back", n_sound, bad, now, f"halted by {by}", by)


def _ended(
    rollout: Rollout, state: State, n_sound: int, bad: list[str], now: datetime, why: str, by: str = ""
) -> Rollout:
    step = Step(now, rollout.stage, state, n_sound, tuple(bad[:MAX_NAMED]), by)
    return replace(rollout, state=state, stage_at=now, why=why, steps=(*rollout.steps, step))


def _is_sound(rollout: Rollout, policy: Policy, well: Collection[str], now: datetime) -> bool:
    """Whether everybody whose turn it is has the release, and at least one of them is sound with it."""
    if any(is_chosen(rollout, policy, node, well) and node not in rollout.nodes for node in well):
        return False
    rest = [one for one in rollout.counted().values() if not one.is_failing(policy, now)]
    return bool(rest) and all(one.is_sound(policy) for one in rest)
