"""Who is on duty, what nobody has seen, and handing a department's duty over."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from aiohttp import web

from monitor.duty.ledger import Handover
from monitor.duty.plan import Escalation
from monitor.duty.roster import Person
from monitor.duty.service import DutyService, DutyState
from monitor.server.access import actor_of, scope_of
from monitor.server.params import LIMIT, limit, only
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.services import SERVICES
from monitor.server.views import View
from monitor.server.wire import json_body, json_response

MAX_NOTE = 4000


class OnDutyPerson(View, frozen=True, kw_only=True):
    id: str
    name: dict[str, str]
    """``en`` and ``zh``."""


class HandoverView(View, frozen=True, kw_only=True):
    id: str
    at: datetime
    department: str
    by: str
    to: str
    note: str
    n_cases: int
    """Cases that were open with the department."""
    n_unseen: int
    """Alerts that nobody had seen."""
    cases: list[str]
    unseen: list[str]


class DepartmentDuty(View, frozen=True, kw_only=True):
    id: str
    name: dict[str, str]
    people: list[OnDutyPerson]
    """Who is called first comes first; empty where the roster names nobody."""
    since: datetime | None
    until: datetime | None
    handover: HandoverView | None
    """The newest of the last 16 hours."""
    open_cases: list[str]


class EscalationView(View, frozen=True, kw_only=True):
    """An alert that nobody has seen, on its way to the next."""

    id: str
    alert: str
    """Fingerprint."""
    started_at: datetime
    n_done: int
    n_steps: int
    next_at: datetime | None
    """None once the plan has run to its end."""
    next_to: list[str]


class DutyView(View, frozen=True, kw_only=True):
    departments: list[DepartmentDuty]
    roster: list[OnDutyPerson]
    """Everyone to whom duty can be handed over."""
    unseen: list[EscalationView]


class HandoverBody(View, frozen=True, kw_only=True):
    department: str
    to: str
    """A person of the roster."""
    note: str = ""


class HandoverPage(View, frozen=True, kw_only=True):
    handovers: list[HandoverView] = msgspec.field(default_factory=list[HandoverView])
    """The newest first."""


def _service(request: web.Request) -> DutyService:
    service = request.app[SERVICES].duty
    if service is None:
        raise ProblemError(409, "no-duty", "this process has no duty roster")
    return service


def _person(one: Person) -> OnDutyPerson:
    return OnDutyPerson(id=one.id, name={"en": one.en, "zh": one.zh})


def _handover(one: Handover) -> HandoverView:
    told: dict[str, Any] = dict(one.body)
    return HandoverView(
        id=one.id,
        at=one.at,
        department=one.department,
        by=one.by,
        to=one.to,
        note=one.note,
        n_cases=told["n_cases"],
        n_unseen=told["n_unseen"],
        cases=told["cases"],
        unseen=told["unseen"],
    )


def _department(state: DutyState) -> DepartmentDuty:
    return DepartmentDuty(
        id=state.department.id,
        name={"en": state.department.en, "zh": state.department.zh},
        people=[_person(one) for one in state.on_duty.people],
        since=state.on_duty.since,
        until=state.on_duty.until,
        handover=_handover(state.handover) if state.handover is not None else None,
        open_cases=list(state.open_cases),
    )


def _escalation(one: Escalation) -> EscalationView:
    step = one.steps[one.n_done] if one.n_done < len(one.steps) else None
    return EscalationView(
        id=one.id,
        alert=one.fingerprint,
        started_at=one.started_at,
        n_done=one.n_done,
        n_steps=len(one.steps),
        next_at=step.due_at if step is not None else None,
        next_to=list(step.to) if step is not None else [],
    )


async def get_duty(request: web.Request) -> web.StreamResponse:
    service = _service(request)
    states, unseen = await service.now(scope_of(request))
    return json_response(
        DutyView(
            departments=[_department(one) for one in states],
            roster=[_person(one) for one in service.people],
            unseen=[_escalation(one) for one in unseen],
        )
    )


async def add_handover(request: web.Request) -> web.StreamResponse:
    service, body = _service(request), await json_body(request, HandoverBody)
    if body.department not in {one.id for one in service.departments}:
        raise ProblemError(400, "bad-parameter", f"department: there is no {body.department!r}")
    if body.to not in {one.id for one in service.people}:
        raise ProblemError(400, "bad-parameter", f"to: nobody on the roster is called {body.to!r}")
    if len(body.note) > MAX_NOTE:
        raise ProblemError(400, "bad-parameter", f"note: at most {MAX_NOTE} characters")
    made = await service.hand_over(body.department, actor_of(request), body.to, body.note.strip())
    return json_response(_handover(made))


async def list_handovers(request: web.Request) -> web.StreamResponse:
    only(request, "department", "limit")
    found = await _service(request).handovers(limit(request), request.query.get("department") or None)
    return json_response(HandoverPage(handovers=[_handover(one) for one in found]))


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/duty",
        get_duty,
        "getDuty",
        "Who is on duty in each department, what is open with it, and what nobody has seen",
        DutyView,
        problems=(409,),
        needs="cases",
    ),
    Route(
        "/api/handovers",
        list_handovers,
        "listHandovers",
        "Hand-overs of duty, the newest first",
        HandoverPage,
        (LIMIT, Param("department", "query", {"type": "string"}, "only of this one")),
        (400, 409),
        needs="cases",
    ),
    Route(
        "/api/handovers",
        add_handover,
        "handOver",
        "Hand a department's duty to somebody of the roster, with a note and what is open",
        HandoverView,
        problems=(400, 409, 415),
        method="POST",
        body=HandoverBody,
        needs="review",
    ),
)
