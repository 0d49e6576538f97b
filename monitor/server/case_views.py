"""Cases on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from monitor.alert.alert import Level
from monitor.case.machine import Action, Outcome, State, Verdict
from monitor.case.reader import Listed
from monitor.server.views import View


class TaskView(View, frozen=True, kw_only=True):
    id: int
    text: str
    due_at: datetime | None
    done_by: str | None
    done_at: datetime | None


class CaseView(View, frozen=True, kw_only=True):
    id: str
    kind: str
    """Name of its playbook."""
    title: dict[str, str]
    """``en`` and ``zh``."""
    level: Level
    venue: str | None
    drill: bool
    department: str
    state: State
    verdict: Verdict | None
    outcome: Outcome | None
    owner: str | None
    lease_until: datetime | None
    confirmed_by: list[str]
    judged_at: datetime | None
    judged_by: str | None
    notified_at: datetime | None
    told: list[str]
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    """When its next step is late."""
    tasks: list[TaskView]
    checks: list[str]
    merged_into: str | None
    version: int
    alerts: list[str]
    """Fingerprints."""


class CaseEventView(View, frozen=True, kw_only=True):
    seq: int
    """Of the entry in the audit chain."""
    at: datetime
    actor: str
    action: str
    body: dict[str, Any]


class BookItemView(View, frozen=True, kw_only=True):
    id: str
    en: str
    zh: str


class BookView(View, frozen=True, kw_only=True):
    id: str
    title: dict[str, str]
    steps: list[BookItemView]


class CaseDetail(CaseView, frozen=True, kw_only=True):
    events: list[CaseEventView]
    related: list[str]
    """Alerts of the same place and time that are in no case."""
    book: BookView | None
    possible: list[Action]
    """What who asks may do next."""


class CasePage(View, frozen=True, kw_only=True):
    cases: list[CaseView]
    next_cursor: str | None
    total: int
    more: bool = False
    """There are more than ``total``: it is the most that is counted."""


class DepartmentView(View, frozen=True, kw_only=True):
    id: str
    en: str
    zh: str


class DeskView(View, frozen=True, kw_only=True):
    """What the console needs to know of the house."""

    departments: list[DepartmentView]
    persons_to_confirm: int
    lease_s: float
    books: list[BookView]


class StepBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    action: Action
    verdict: Verdict | None = None
    outcome: Outcome | None = None
    department: str | None = None
    text: str = ""
    due_at: datetime | None = None
    item: str | None = None
    version: int | None = None
    """The case's, as the asker saw it: refused (409) if it has changed since."""


class AlertStepsBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    fingerprints: list[str]
    action: Action
    verdict: Verdict | None = None
    department: str | None = None
    text: str = ""


class StepDone(View, frozen=True, kw_only=True):
    fingerprint: str
    case: CaseView | None
    error: str | None
    code: str | None
    """Of the error, stable: ``held``, ``twice``, ``wrong-state``, ``not-found`` …"""


class StepsDone(View, frozen=True, kw_only=True):
    done: list[StepDone]


class AckBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    note: str = ""


class AlertsBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    fingerprints: list[str]


class MergeBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    case: str
    """Ends, and gives its alerts away."""


class NextBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    kinds: list[Literal["radio", "web", "correlation"]] = msgspec.field(
        default_factory=list[Literal["radio", "web", "correlation"]]
    )


class NextView(View, frozen=True, kw_only=True):
    case: CaseView | None
    """None: nothing waits."""


def case_view(listed: Listed) -> CaseView:
    """What is listed, for the wire."""
    return msgspec.convert(
        {**msgspec.to_builtins(listed.case), "due_at": listed.due_at, "alerts": list(listed.alerts)}, CaseView
    )
