"""Exceptions over HTTP: what is in force, a text checked with what it would have hidden, and saved."""

from __future__ import annotations

from aiohttp import web

from monitor.server.access import actor_of, scope_of
from monitor.server.problem import ProblemError
from monitor.server.route import Route
from monitor.server.rule_editing import alone, fault_line, reach_view, trials_of
from monitor.server.rule_views import (
    ExceptionLine,
    ExceptionsCheck,
    ExceptionsView,
    ExceptionView,
    RuleTextBody,
    SaveBody,
)
from monitor.server.rules import change, desk_of
from monitor.server.wire import json_body, json_response
from rules.exemption import Exemption, read_exemptions
from rules.fault import RuleErrors

NAME = "exceptions.yml"


async def _view(request: web.Request) -> web.StreamResponse:
    desk = desk_of(request)
    try:
        stands = await desk.written_exceptions()
    except (OSError, UnicodeDecodeError) as error:
        raise ProblemError(503, "unavailable", f"the exceptions cannot be read: {error}") from None
    return json_response(
        ExceptionsView(
            exceptions=[_exception(one) for one in desk.edition.exemptions],
            written=stands.text if stands else None,
            file=str(stands.file) if stands else None,
            digest=stands.digest if stands else None,
            writable=stands is not None and stands.writable,
        )
    )


def _exception(one: Exemption) -> ExceptionView:
    return ExceptionView(
        id=one.id,
        kind=one.kind,
        reason=one.reason,
        author=one.author,
        expires_at=one.expires_at,
        rules=sorted(one.rules),
        venues=sorted(one.venues),
    )


async def get_exceptions(request: web.Request) -> web.StreamResponse:
    return await _view(request)


async def check_exceptions(request: web.Request) -> web.StreamResponse:
    desk, text = desk_of(request), (await json_body(request, RuleTextBody)).text
    scope, rules = scope_of(request), desk.edition.rules
    try:
        exemptions = read_exemptions(text, NAME, rules)
    except RuleErrors as error:
        return json_response(
            ExceptionsCheck(faults=[fault_line(one) for one in error.faults], lines=[], reach=None)
        )
    trials = trials_of(request)
    found = await alone(request, lambda: trials.exceptions(rules, exemptions, scope))
    lines = [
        ExceptionLine(
            id=one.exemption.id, n_alerts=one.n_alerts, n_recent=one.n_recent, rules=list(one.rules)
        )
        for one in found.lines
    ]
    return json_response(ExceptionsCheck(faults=[], lines=lines, reach=reach_view(found.reach)))


async def save_exceptions(request: web.Request) -> web.StreamResponse:
    desk, body = desk_of(request), await json_body(request, SaveBody)
    if body.venues:
        raise ProblemError(400, "bad-parameter", "venues: exceptions hold everywhere; each has its own scope")
    await change(desk, lambda: desk.save_exceptions(body.text, body.was, actor_of(request)))
    return await _view(request)


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/exceptions",
        get_exceptions,
        "getExceptions",
        "Exceptions in force, and their file",
        ExceptionsView,
        problems=(409,),
        needs="rules",
    ),
    Route(
        "/api/exceptions/check",
        check_exceptions,
        "checkExceptions",
        "Every fault of a text of exceptions, and how many alerts each would have hidden",
        ExceptionsCheck,
        problems=(400, 409, 415),
        method="POST",
        body=RuleTextBody,
        needs="tune-rules",
    ),
    Route(
        "/api/exceptions",
        save_exceptions,
        "saveExceptions",
        "Write the file of exceptions and put them in force",
        ExceptionsView,
        problems=(400, 409, 415, 422),
        method="PUT",
        body=SaveBody,
        needs="tune-rules",
    ),
)
