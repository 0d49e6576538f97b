"""A case as a state machine: which step may follow which, taken by whom. Pure.

    new ─triage─> triaged ─claim─> claimed ─verify─> verifying
      └────────────────────judge───────────────────────┘
            │         │        │          │            │
         benign    rumour     scam    suspected    confirmed (two persons)
                                └────notify─────────────┘
    notified ─acknowledge─> acknowledged ─arrive─> on-scene ─finish─> found | lost | stopped
    ... ─seal─> sealed ─transfer─> transferred ─close─> closed ─review─> reviewed

Who claims holds the case for `LEASE`; until it is over nobody else decides. Whoever decides
while nobody holds it takes it by doing so. A step that may not be taken says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final, Literal, get_args

from monitor.alert.alert import Level

State = Literal[
    "new", "triaged", "claimed", "verifying",
    "benign", "rumour", "scam", "suspected", "confirmed",
    "notified", "acknowledged", "on-scene", "found", "lost", "stopped",
    "sealed", "transferred", "closed", "reviewed", "merged",
]  # fmt: skip
Verdict = Literal["benign", "rumour", "scam", "suspected", "confirmed"]
Outcome = Literal["found", "lost", "stopped"]
Action = Literal[
    "triage", "claim", "release", "verify", "judge", "notify", "acknowledge", "arrive", "finish",
    "seal", "transfer", "close", "review", "reopen", "note", "task", "task-done", "check", "uncheck",
]  # fmt: skip
ACTIONS: Final[tuple[Action, ...]] = get_args(Action)
STATES: Final[tuple[State, ...]] = get_args(State)
VERDICTS: Final[tuple[Verdict, ...]] = get_args(Verdict)
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)

LEASE: Final = timedelta(minutes=10)
"""Twice the 5 min within which an alert should be reviewed."""
UNDO: Final = timedelta(minutes=15)
MAX_TEXT: Final = 4000

UNJUDGED: Final[frozenset[State]] = frozenset({"new", "triaged", "claimed", "verifying"})
_JUDGED: Final[frozenset[State]] = frozenset(VERDICTS)
_FINDING: Final[frozenset[State]] = frozenset({"rumour", "scam", "suspected", "confirmed"})
_ABROAD: Final[frozenset[State]] = frozenset({"notified", "acknowledged", "on-scene"})
_OUTCOMES: Final[frozenset[State]] = frozenset(OUTCOMES)
OVER: Final[frozenset[State]] = frozenset({"closed", "reviewed", "merged"})
_ANY_OPEN: Final[frozenset[State]] = frozenset(STATES) - OVER


def _of(*states: State) -> frozenset[State]:
    return frozenset(states)


FROM: Final[Mapping[Action, frozenset[State]]] = {
    "triage": _of("new"),
    "claim": _ANY_OPEN,
    "release": _ANY_OPEN,
    "verify": _of("new", "triaged", "claimed"),
    "judge": UNJUDGED | _of("suspected"),
    "notify": _FINDING,
    "acknowledge": _of("notified"),
    "arrive": _of("notified", "acknowledged"),
    "finish": _ABROAD | _of("suspected", "confirmed"),
    "seal": _FINDING | _ABROAD | _OUTCOMES,
    "transfer": _ANY_OPEN,
    "close": _JUDGED | _ABROAD | _OUTCOMES | _of("sealed", "transferred"),
    "review": _of("closed"),
    "reopen": OVER - _of("merged"),
    "note": frozenset(STATES),
    "task": frozenset(STATES) - _of("merged"),
    "task-done": frozenset(STATES) - _of("merged"),
    "check": _ANY_OPEN,
    "uncheck": _ANY_OPEN,
}
SUPERVISED: Final[frozenset[Action]] = frozenset({"review", "reopen"})
"""Steps for a supervisor alone."""
_HOLDING: Final[frozenset[Action]] = frozenset({"verify", "judge", "release"})
"""Steps that decide: nobody takes them while another holds the case."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something to put right, by then."""

    id: int
    text: str
    due_at: datetime | None
    done_by: str | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """An alert as it was when its case was judged benign: what comes on top of that was not judged."""

    fingerprint: str
    level: Level
    rules: tuple[str, ...]
    seq: int
    """Its newest change then."""


@dataclass(frozen=True, slots=True)
class Case:
    id: str
    kind: str
    """Name of its playbook."""
    title: Mapping[str, str]
    """``en`` and ``zh``."""
    level: Level
    venue: str | None
    drill: bool
    department: str
    opened_at: datetime
    updated_at: datetime
    state: State = "new"
    verdict: Verdict | None = None
    outcome: Outcome | None = None
    owner: str | None = None
    lease_until: datetime | None = None
    confirmed_by: tuple[str, ...] = ()
    """Who said confirmed; the verdict is that only once they are enough."""
    judged_at: datetime | None = None
    judged_by: str | None = None
    notified_at: datetime | None = None
    told: tuple[str, ...] = ()
    """Departments that were notified."""
    closed_at: datetime | None = None
    tasks: tuple[Task, ...] = ()
    checks: tuple[str, ...] = ()
    """Steps of the playbook that were done."""
    merged_into: str | None = None
    looked_at: tuple[Looked, ...] = ()
    """Empty unless the verdict is benign."""
    version: int = 1

    def holder(self, now: datetime) -> str | None:
        """Who holds it now."""
        lasts = self.lease_until is not None and now < self.lease_until
        return self.owner if lasts else None


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody does with a case."""

    action: Action
    actor: str
    verdict: Verdict | None = None
    outcome: Outcome | None = None
    department: str | None = None
    text: str = ""
    due_at: datetime | None = None
    item: str | None = None
    """A task's number, or the name of a playbook's step."""


@dataclass(frozen=True, slots=True)
class House:
    """What is settled by the configuration."""

    departments: frozenset[str]
    persons_to_confirm: int = 2
    lease: timedelta = field(default=LEASE)


class StepError(Exception):
    """The step may not be taken. `code` is for programs, the message one line for people."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def take(case: Case, step: Step, now: datetime, house: House) -> Case:
    """`case` after `step`. Raises `StepError`."""
    _check(case, step, now, house)
    after = _taken(case, step, now, house)
    return replace(after, updated_at=now, version=case.version + 1)


def check_free(case: Case, actor: str, now: datetime) -> None:
    """Raises `StepError` while another holds it."""
    holder = case.holder(now)
    if holder is not None and holder != actor:
        until = case.lease_until.strftime("%H:%M:%S UTC") if case.lease_until else ""
        raise StepError("held", f"{holder} holds case {case.id} until {until}")


def possible(case: Case, actor: str, now: datetime, *, supervisor: bool) -> list[Action]:
    """What `actor` may do next."""
    holder = case.holder(now)
    found: list[Action] = []
    for action in ACTIONS:
        held = action in (*_HOLDING, "claim") and holder is not None and holder != actor
        if case.state not in FROM[action] or held or (action in SUPERVISED and not supervisor):
            continue
        if (action == "release" and case.owner != actor) or (action == "task-done" and not case.tasks):
            continue
        found.append(action)
    return found


def _check(case: Case, step: Step, now: datetime, house: House) -> None:
    if case.state not in FROM[step.action]:
        raise StepError("wrong-state", f"'{step.action}' does not follow '{case.state}'")
    if step.action in (*_HOLDING, "claim"):
        check_free(case, step.actor, now)
    if step.action == "release" and case.owner != step.actor:
        raise StepError("held", f"case {case.id} is not yours to release")
    if len(step.text) > MAX_TEXT:
        raise StepError("too-long", f"a text has at most {MAX_TEXT} characters")
    if step.action == "judge" and step.verdict is None:
        raise StepError("incomplete", "judge needs a verdict")
    if step.action == "finish" and step.outcome is None:
        raise StepError("incomplete", "finish needs an outcome")
    if step.action in ("note", "task") and not step.text.strip():
        raise StepError("incomplete", f"{step.action} needs a text")
    if step.action in ("transfer", "notify") and step.department not in house.departments:
        known = ", ".join(sorted(house.departments))
        raise StepError("incomplete", f"there is no department {step.department!r} (there is {known})")
    if step.action == "transfer" and step.department == case.department and case.state != "sealed":
        raise StepError("incomplete", f"case {case.id} is with {case.department} already")
    if step.action in ("check", "uncheck", "task-done") and not step.item:
        raise StepError("incomplete", f"{step.action} needs an item")
    if step.action == "judge" and step.verdict == "confirmed" and step.actor in case.confirmed_by:
        raise StepError("twice", "confirming takes another person: you have said so already")


def _taken(case: Case, step: Step, now: datetime, house: House) -> Case:
    actor = step.actor
    match step.action:
        case "triage":
            return replace(case, state="triaged")
        case "claim":
            state: State = "claimed" if case.state in ("new", "triaged") else case.state
            return replace(case, state=state, owner=actor, lease_until=now + house.lease)
        case "release":
            state = "triaged" if case.state in ("claimed", "verifying") else case.state
            return replace(case, state=state, owner=None, lease_until=None)
        case "verify":
            return replace(case, state="verifying", owner=actor, lease_until=now + house.lease)
        case "judge":
            return _judged(case, step, now, house)
        case "notify":
            told = (*case.told, step.department or "")
            return replace(case, state="notified", notified_at=now, told=tuple(dict.fromkeys(told)))
        case "acknowledge":
            return replace(case, state="acknowledged")
        case "arrive":
            return replace(case, state="on-scene")
        case "finish":
            return replace(case, state=step.outcome or "stopped", outcome=step.outcome)
        case "seal":
            return replace(case, state="sealed")
        case "transfer":
            done = case.state == "sealed" or case.state in _OUTCOMES
            return replace(
                case,
                state="transferred" if done else case.state,
                department=step.department or case.department,
                owner=None,
                lease_until=None,
            )
        case "close":
            return replace(case, state="closed", closed_at=now, owner=None, lease_until=None)
        case "review":
            return replace(case, state="reviewed")
        case "reopen":
            return replace(
                case, state="verifying", verdict=None, outcome=None, confirmed_by=(), closed_at=None,
                judged_at=None, judged_by=None, notified_at=None, looked_at=(),
                owner=actor, lease_until=now + house.lease,
            )  # fmt: skip
        case "note":
            return case
        case "task":
            number = max((one.id for one in case.tasks), default=0) + 1
            return replace(case, tasks=(*case.tasks, Task(number, step.text.strip(), step.due_at)))
        case "task-done":
            return replace(case, tasks=_done(case, step, now))
        case "check":
            return replace(case, checks=tuple(dict.fromkeys((*case.checks, step.item or ""))))
        case "uncheck":
            return replace(case, checks=tuple(one for one in case.checks if one != step.item))


def _judged(case: Case, step: Step, now: datetime, house: House) -> Case:
    verdict = step.verdict or "suspected"
    confirmed_by: tuple[str, ...] = ()
    if verdict == "confirmed":
        confirmed_by = (*case.confirmed_by, step.actor)
        if len(confirmed_by) < house.persons_to_confirm:
            verdict = "suspected"
    # Free again: whoever is the second to judge need not wait for a lease to end.
    return replace(
        case, state=verdict, verdict=verdict, confirmed_by=confirmed_by, judged_at=now,
        judged_by=step.actor, owner=step.actor, lease_until=None, looked_at=(),
    )  # fmt: skip


def _done(case: Case, step: Step, now: datetime) -> tuple[Task, ...]:
    if not any(str(one.id) == step.item for one in case.tasks):
        raise StepError("incomplete", f"case {case.id} has no task {step.item!r}")
    return tuple(
        replace(one, done_by=step.actor, done_at=now) if str(one.id) == step.item else one
        for one in case.tasks
    )
