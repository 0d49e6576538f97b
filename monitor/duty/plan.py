"""Escalation: what nobody has seen goes to the next. Pure.

    alert ──start: plan frozen──> step 1 ── step 2 ── … ── last step
                                    └ seen by somebody: stopped

A plan's steps, and who is reached by each, are frozen when it starts: a roster or a configuration that
changes meanwhile changes nothing for it, and the auditor can say what should have happened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from monitor.duty.roster import Roster
from monitor.notify.matcher import Matcher, all_hold

GRACE: Final = timedelta(seconds=90)
"""A step later than this is missed: the desk looks every second, and folds what falls into half a minute."""


@dataclass(frozen=True, slots=True)
class Target:
    """A department's people on duty, or one of them."""

    department: str
    rank: int | None = None

    def __str__(self) -> str:
        return self.department if self.rank is None else f"{self.department}:{self.rank}"


@dataclass(frozen=True, slots=True)
class PlanStep:
    after: timedelta
    """From the alert's start at this desk."""
    to: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What `matchers` fit is escalated so."""

    matchers: tuple[Matcher, ...]
    steps: tuple[PlanStep, ...]
    drills: bool = False


@dataclass(frozen=True, slots=True)
class FrozenStep:
    due_at: datetime
    to: tuple[str, ...]
    """As the plan names them."""
    receivers: tuple[str, ...]
    """Who is reached: empty where nobody is on duty and the department has no receiver."""


def plan_for(plans: Iterable[Plan], labels: Mapping[str, str]) -> Plan | None:
    """The first that fits; a drill needs a plan that says ``drills``."""
    is_drill = labels.get("drill") == "true"
    return next(
        (one for one in plans if (one.drills or not is_drill) and all_hold(one.matchers, labels)), None
    )


def freeze(plan: Plan, roster: Roster, now: datetime) -> tuple[FrozenStep, ...]:
    """The plan's steps with their instants, each with who is on duty then."""
    frozen: list[FrozenStep] = []
    for step in plan.steps:
        due = now + step.after
        if frozen and not frozen[-1].receivers:
            # Nobody was there to be told: the next is not kept waiting for that.
            due = frozen[-1].due_at
        reached = [roster.receivers(one.department, one.rank, due) for one in step.to]
        receivers = tuple(dict.fromkeys(one for some in reached for one in some))
        frozen.append(FrozenStep(due, tuple(str(one) for one in step.to), receivers))
    return tuple(frozen)


@dataclass(frozen=True, slots=True)
class Escalation:
    """One alert's, as the store has it."""

    id: str
    fingerprint: str
    started_at: datetime
    steps: tuple[FrozenStep, ...]
    n_done: int
    state: str
    """``running``, ``seen``, ``exhausted``."""
    ended_at: datetime | None = None
    seen_by: str | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """A step that should have run, and did not, or whose message nobody took."""

    escalation: str
    fingerprint: str
    n_step: int
    due_at: datetime


def missed(
    escalations: Iterable[Escalation], told: Mapping[tuple[str, int], Sequence[str]], now: datetime
) -> list[Missed]:
    """The auditor: by the frozen plans alone, what should have happened and did not.

    Parameters
    ----------
    told
        Escalation and number of a step (from 0) to the states of its notices, as the ledger has them.
    """
    found: list[Missed] = []
    for one in escalations:
        until = one.ended_at or now
        for number, step in enumerate(one.steps):
            if step.due_at + GRACE > until:
                break
            states = told.get((one.id, number), ())
            if number >= one.n_done or (step.receivers and not any(state != "given up" for state in states)):
                found.append(Missed(one.id, one.fingerprint, number, step.due_at))
    return found
