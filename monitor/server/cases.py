"""Cases: listing them, and taking steps with them or with the alerts they are made of."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TypeVar

import msgspec
from aiohttp import web

from monitor.case.machine import STATES, Case, State, Step, StepError, possible
from monitor.case.playbook import Book
from monitor.case.reader import CaseQuery, Whole
from monitor.case.register import NoSuchError, StaleError
from monitor.case.service import CaseService
from monitor.people.scope import EVERYTHING
from monitor.server.access import actor_of, granted_to, scope_of
from monitor.server.case_views import (
    AckBody,
    AlertsBody,
    AlertStepsBody,
    BookItemView,
    BookView,
    CaseDetail,
    CaseEventView,
    CasePage,
    CaseView,
    DepartmentView,
    DeskView,
    MergeBody,
    NextBody,
    NextView,
    StepBody,
    StepDone,
    StepsDone,
    case_view,
)
from monitor.server.params import aware, flag, limit, only, read_cursor, some, write_cursor
from monitor.server.problem import ProblemError
from monitor.server.services import SERVICES
from monitor.server.wire import json_body, json_response
from monitor.store.count import N_COUNTED

MAX_AT_ONCE = 200
T = TypeVar("T")


def case_service(request: web.Request) -> CaseService:
    service = request.app[SERVICES].cases
    if service is None:
        raise ProblemError(409, "no-cases", "this process keeps no cases")
    return service


async def done(work: Awaitable[T]) -> T:
    """What was asked for, or the problem that it is."""
    try:
        return await work
    except NoSuchError as error:
        raise ProblemError(404, "not-found", str(error)) from None
    except StaleError as error:
        raise ProblemError(409, "stale", str(error)) from None
    except StepError as error:
        status = 400 if error.code in ("incomplete", "too-long") else 409
        raise ProblemError(status, error.code, str(error)) from None


def _book_view(book: Book) -> BookView:
    return BookView(
        id=book.id,
        title={"en": book.title.en, "zh": book.title.zh},
        steps=[BookItemView(id=one.id, en=one.en, zh=one.zh) for one in book.steps],
    )


def _detail(request: web.Request, whole: Whole) -> CaseDetail:
    service, services = case_service(request), request.app[SERVICES]
    book = service.playbooks.get(whole.listed.case.kind)
    granted = granted_to(request)
    steps = possible(whole.listed.case, actor_of(request), services.now(), supervisor="supervise" in granted)
    return CaseDetail(
        **msgspec.structs.asdict(case_view(whole.listed)),
        events=[
            CaseEventView(seq=one.seq, at=one.at, actor=one.actor, action=one.action, body=one.body)
            for one in whole.events
        ],
        related=list(whole.related),
        book=_book_view(book) if book is not None else None,
        possible=steps if "review" in granted else [],
    )


async def _answer(request: web.Request, case: Case) -> web.StreamResponse:
    # A transfer may have taken it out of the asker's own sight: what was done is shown all the same.
    whole = await done(case_service(request).get(case.id, EVERYTHING))
    return json_response(_detail(request, whole))


async def get_desk(request: web.Request) -> web.StreamResponse:
    service = case_service(request)
    return json_response(
        DeskView(
            departments=[DepartmentView(id=d.id, en=d.en, zh=d.zh) for d in service.habits.departments],
            persons_to_confirm=service.habits.house.persons_to_confirm,
            lease_s=service.habits.house.lease.total_seconds(),
            books=[_book_view(book) for book in service.playbooks.books.values()],
        )
    )


async def list_cases(request: web.Request) -> web.StreamResponse:
    only(request, "cursor", "limit", "state", "open", "department", "owner", "venue", "late", "kind", "q")
    states = [word for value in request.query.getall("state", []) for word in value.split(",") if word]
    unknown = [word for word in states if word not in STATES]
    if unknown:
        raise ProblemError(400, "bad-parameter", f"state: {unknown[0]!r} is none of {', '.join(STATES)}")
    known: dict[str, State] = {str(state): state for state in STATES}
    n = limit(request)
    query = CaseQuery(
        states=frozenset(known[word] for word in states),
        is_open=flag(request, "open"),
        department=request.query.get("department") or None,
        owner=request.query.get("owner") or None,
        venue=request.query.get("venue") or None,
        kind=request.query.get("kind") or None,
        text=request.query.get("q", "").strip() or None,
        late=flag(request, "late") or False,
        limit=n + 1,
        after=read_cursor(request),
    )
    found, total = await case_service(request).page(query, scope_of(request))
    shown = found[:n]
    more = len(found) > n
    return json_response(
        CasePage(
            cases=[case_view(one) for one in shown],
            next_cursor=write_cursor(shown[-1].case.updated_at, shown[-1].case.id) if more else None,
            total=min(total, N_COUNTED),
            more=total > N_COUNTED,
        )
    )


async def get_case(request: web.Request) -> web.StreamResponse:
    whole = await done(case_service(request).get(request.match_info["case"], scope_of(request)))
    return json_response(_detail(request, whole))


def _step(request: web.Request, body: StepBody) -> Step:
    supervised = body.action in ("review", "reopen")
    if supervised and "supervise" not in granted_to(request):
        raise ProblemError(403, "not-allowed", f"'{body.action}' needs 'supervise'")
    return Step(
        body.action,
        actor_of(request),
        body.verdict,
        body.outcome,
        body.department,
        body.text,
        aware(body.due_at, "due_at"),
        body.item,
    )


async def step_case(request: web.Request) -> web.StreamResponse:
    body = await json_body(request, StepBody)
    step = _step(request, body)
    work = case_service(request).step(request.match_info["case"], step, scope_of(request), body.version)
    return await _answer(request, await done(work))


async def step_alert(request: web.Request) -> web.StreamResponse:
    body = await json_body(request, StepBody)
    step = _step(request, body)
    work = case_service(request).step_on_alert(request.match_info["fingerprint"], step, scope_of(request))
    return await _answer(request, await done(work))


async def step_alerts(request: web.Request) -> web.StreamResponse:
    body = await json_body(request, AlertStepsBody)
    fingerprints = some(body.fingerprints, MAX_AT_ONCE, "fingerprints")
    step = _step(
        request,
        StepBody(action=body.action, verdict=body.verdict, department=body.department, text=body.text),
    )
    came_to = await case_service(request).step_on_alerts(fingerprints, step, scope_of(request))
    answers = [_step_done(fingerprint, came) for fingerprint, came in came_to]
    return json_response(StepsDone(done=answers))


def _step_done(fingerprint: str, came: Case | StepError | NoSuchError) -> StepDone:
    if isinstance(came, Case):
        return StepDone(fingerprint=fingerprint, case=_plain(came), error=None, code=None)
    code = came.code if isinstance(came, StepError) else "not-found"
    return StepDone(fingerprint=fingerprint, case=None, error=str(came), code=code)


def _plain(case: Case) -> CaseView:
    return msgspec.convert({**msgspec.to_builtins(case), "due_at": None, "alerts": []}, CaseView)


async def acknowledge_alert(request: web.Request) -> web.StreamResponse:
    body = await json_body(request, AckBody)
    fingerprint, services = request.match_info["fingerprint"], request.app[SERVICES]
    note = body.note.strip()[:500]
    await done(case_service(request).acknowledge(fingerprint, actor_of(request), note, scope_of(request)))
    alert = await services.alerts.get_alert(fingerprint)
    if alert is None:
        raise ProblemError(404, "no-such-alert", f"no alert has the fingerprint {fingerprint!r}")
    return json_response(alert)


async def open_case(request: web.Request) -> web.StreamResponse:
    body = await json_body(request, AlertsBody)
    fingerprints = some(body.fingerprints, MAX_AT_ONCE, "fingerprints")
    work = case_service(request).open(fingerprints, actor_of(request), scope_of(request))
    return await _answer(request, await done(work))


async def claim_next(request: web.Request) -> web.StreamResponse:
    body = await json_body(request, NextBody)
    service = case_service(request)
    case = await done(service.claim_next(actor_of(request), scope_of(request), body.kinds))
    if case is None:
        return json_response(NextView(case=None))
    whole = await done(service.get(case.id, EVERYTHING))
    return json_response(NextView(case=case_view(whole.listed)))


async def link_alerts(request: web.Request) -> web.StreamResponse:
    body = await json_body(request, AlertsBody)
    fingerprints = some(body.fingerprints, MAX_AT_ONCE, "fingerprints")
    work = case_service(request).link(
        request.match_info["case"], fingerprints, actor_of(request), scope_of(request)
    )
    return await _answer(request, await done(work))


async def split_case(request: web.Request) -> web.StreamResponse:
    body = await json_body(request, AlertsBody)
    fingerprints = some(body.fingerprints, MAX_AT_ONCE, "fingerprints")
    work = case_service(request).split(
        request.match_info["case"], fingerprints, actor_of(request), scope_of(request)
    )
    return await _answer(request, await done(work))


async def merge_case(request: web.Request) -> web.StreamResponse:
    body = await json_body(request, MergeBody)
    work = case_service(request).merge(
        request.match_info["case"], body.case, actor_of(request), scope_of(request)
    )
    return await _answer(request, await done(work))


async def undo_step(request: web.Request) -> web.StreamResponse:
    work = case_service(request).undo(request.match_info["case"], actor_of(request), scope_of(request))
    return await _answer(request, await done(work))
