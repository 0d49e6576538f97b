"""Editing rules over HTTP: a text checked, tried on the past, and saved where the rules come from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import TypeVar

from aiohttp import web

from monitor.ruledesk.trial import Comparison, Moved, Reach, RuleTrials, limits_of
from monitor.server.access import actor_of, scope_of
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.rule_views import (
    ChangedCell,
    ComparisonView,
    CurveBody,
    CurvePoint,
    CurveView,
    JudgedView,
    LimitView,
    MovedView,
    ReachView,
    RemovalBody,
    RuleCheck,
    RuleSchema,
    RulesView,
    RuleTextBody,
    SampleResult,
    SaveBody,
)
from monitor.server.rules import change, desk_of
from monitor.server.services import SERVICES
from monitor.server.wire import json_body, json_response
from rules.backtest import Judged
from rules.check import check_samples
from rules.curve import CurveError
from rules.fault import Fault
from rules.load import load_text
from rules.rule import Rule
from rules.schema import rule_schema

NAME = "rule.yml"
MAX_CELLS = 100
MAX_REASON = 500
TRYING: web.AppKey[asyncio.Lock] = web.AppKey("trying", asyncio.Lock)
"""One trial on the past at a time: each takes seconds of this machine."""
_T = TypeVar("_T")


def _checked(text: str) -> RuleCheck:
    rule, faults = load_text(text, NAME)
    if rule is None or faults:
        return RuleCheck(faults=[fault_line(fault) for fault in faults], id=None, samples=[], limits=[])
    failed = list(check_samples([rule]))
    wrong = {fault.line for fault in failed}
    return RuleCheck(
        faults=[fault_line(fault) for fault in failed],
        id=rule.id,
        samples=[
            SampleResult(line=one.line, fires=one.fires, note=one.note, holds=one.line not in wrong)
            for one in rule.samples
        ],
        limits=[
            LimitView(
                selection=selection,
                field=test.field,
                modifier=test.modifier,
                value=float(test.values[0]),  # pyright: ignore[reportArgumentType] - a limit is a number
                line=test.line,
            )
            for selection, test in limits_of(rule)
        ],
    )


def fault_line(fault: Fault) -> str:
    return f"{fault.line}: {fault.message}"


async def check_rule(request: web.Request) -> web.StreamResponse:
    text = (await json_body(request, RuleTextBody)).text
    # Samples run whole texts through the reader: not in the loop that serves everybody.
    return json_response(await asyncio.to_thread(_checked, text))


async def get_schema(_request: web.Request) -> web.StreamResponse:
    return json_response(RuleSchema(json_schema=rule_schema()))


def trials_of(request: web.Request) -> RuleTrials:
    trials = request.app[SERVICES].trials
    if trials is None:
        raise ProblemError(409, "no-store", "this process has no store of its own to try rules on")
    return trials


async def alone(request: web.Request, work: Callable[[], _T]) -> _T:
    lock = request.app[TRYING]
    if lock.locked():
        raise ProblemError(409, "busy", "another trial on the past is under way; try again in a moment")
    async with lock:
        return await asyncio.to_thread(work)


def _rule(text: str) -> Rule:
    rule, faults = load_text(text, NAME)
    if rule is None or faults:
        raise ProblemError(422, "rules-refused", "\n".join(map(fault_line, faults)))
    return rule


async def trace_curve(request: web.Request) -> web.StreamResponse:
    trials, body, scope = trials_of(request), await json_body(request, CurveBody), scope_of(request)
    rule = _rule(body.text)
    try:
        found = await alone(request, lambda: trials.curve(rule, body.selection, body.field, scope))
    except CurveError as error:
        raise ProblemError(400, "bad-parameter", str(error)) from None
    return json_response(
        CurveView(
            modifier=found.modifier,
            current=found.current,
            points=[
                CurvePoint(
                    threshold=one.threshold,
                    n_alerts=one.n_alerts,
                    alerts_per_day=one.alerts_per_day,
                    recall=one.recall,
                    n_false=one.n_false,
                )
                for one in found.points
            ],
            reach=reach_view(found.reach),
        )
    )


async def compare_rule(request: web.Request) -> web.StreamResponse:
    desk, trials = desk_of(request), trials_of(request)
    rule, scope = _rule((await json_body(request, RuleTextBody)).text), scope_of(request)
    found = await alone(request, lambda: trials.compare(desk.edition.rules, rule, scope))
    return json_response(_comparison(found))


def _comparison(found: Comparison) -> ComparisonView:
    changed = [row for row in found.rows if row.n_gained or row.n_lost]
    return ComparisonView(
        n_before=sum(row.n_before for row in found.rows),
        n_after=sum(row.n_after for row in found.rows),
        n_gained=sum(row.n_gained for row in found.rows),
        n_lost=sum(row.n_lost for row in found.rows),
        cells=[
            ChangedCell(
                day=row.cell.day,
                venue=row.cell.venue,
                rule=row.cell.rule,
                n_before=row.n_before,
                n_after=row.n_after,
                n_gained=row.n_gained,
                n_lost=row.n_lost,
            )
            for row in changed[::-1][:MAX_CELLS]
        ],
        before=_judged(found.before),
        after=_judged(found.after),
        moved=[_moved(one) for one in found.moved],
        reach=reach_view(found.reach),
    )


def _moved(one: Moved) -> MovedView:
    event = one.event
    center_hz, snr_db, venue = event.get("center_hz"), event.get("snr_db"), event.get("venue")
    return MovedView(
        gained=one.gained,
        rule=one.rule,
        n_members=one.n_members,
        at=str(event.get("at")),
        venue=str(venue) if venue else None,
        fingerprint=one.fingerprint,
        verdict=one.verdict,
        title=str(event.get("title") or "")[:120],
        center_hz=float(center_hz) if center_hz is not None else None,
        snr_db=float(snr_db) if snr_db is not None else None,
    )


def _judged(one: Judged) -> JudgedView:
    return JudgedView(
        n_positive=one.n_positive, n_found=one.n_found, n_negative=one.n_negative, n_false=one.n_false
    )


def reach_view(reach: Reach) -> ReachView:
    return ReachView(n_events=reach.n_events, cut=reach.cut, first_at=reach.first_at, last_at=reach.last_at)


def _known_venues(request: web.Request, venues: Collection[str]) -> frozenset[str]:
    wanted = frozenset(venues)
    unknown = sorted(wanted - desk_of(request).venues)
    if unknown:
        raise ProblemError(400, "bad-parameter", f"venues: no venue {unknown[0]!r} in the timetable")
    return wanted


async def save_rule(request: web.Request) -> web.StreamResponse:
    desk, body = desk_of(request), await json_body(request, SaveBody)
    rule, venues = _rule(body.text), _known_venues(request, body.venues)
    if rule.id != request.match_info["rule"]:
        raise ProblemError(
            400, "bad-parameter", f"the text is of {rule.id!r}, the address of {request.match_info['rule']!r}"
        )
    return await change(desk, lambda: desk.save(body.text, body.was, actor_of(request), venues))


def _to_remove(request: web.Request) -> Rule:
    """The rule that is to go; refused (409) where something hangs on it."""
    desk, wanted = desk_of(request), request.match_info["rule"]
    rule = next((one for one in desk.edition.rules if one.id == wanted), None)
    if rule is None:
        raise ProblemError(404, "no-such-rule", f"no rule in force is called {wanted!r}")
    waiting = [one.id for one in desk.edition.rules if wanted in one.waits_for]
    named = [one.id for one in desk.edition.exemptions if wanted in one.rules]
    if waiting or named:
        told = [f"the rule {one!r} waits for it" for one in waiting]
        told += [f"the exception {one!r} names it" for one in named]
        raise ProblemError(409, "rule-in-use", f"change these first: {'; '.join(told)}")
    return rule


async def try_removal(request: web.Request) -> web.StreamResponse:
    desk, trials, scope = desk_of(request), trials_of(request), scope_of(request)
    rule = _to_remove(request)
    found = await alone(request, lambda: trials.without(desk.edition.rules, rule, scope))
    return json_response(_comparison(found))


async def remove_rule(request: web.Request) -> web.StreamResponse:
    desk, body = desk_of(request), await json_body(request, RemovalBody)
    rule, reason = _to_remove(request), body.reason.strip()
    if not 1 <= len(reason) <= MAX_REASON:
        raise ProblemError(400, "bad-parameter", f"reason: say why, in at most {MAX_REASON} characters")
    venues = _known_venues(request, body.venues)
    return await change(desk, lambda: desk.remove(rule.id, body.was, actor_of(request), reason, venues))


_RULE = Param("rule", "path", {"type": "string"}, "its id")

ROUTES: tuple[Route, ...] = (
    Route(
        "/api/rule-schema",
        get_schema,
        "getRuleSchema",
        "The JSON Schema of a rule file, for editors",
        RuleSchema,
        needs="rules",
    ),
    Route(
        "/api/rules/check",
        check_rule,
        "checkRule",
        "Every fault of a rule's text, its samples run; puts nothing in force",
        RuleCheck,
        problems=(400, 415),
        method="POST",
        body=RuleTextBody,
        needs="rules",
    ),
    Route(
        "/api/rules/curve",
        trace_curve,
        "traceCurve",
        "What each value of one threshold would have raised and found, over the store's newest events",
        CurveView,
        problems=(400, 409, 415, 422),
        method="POST",
        body=CurveBody,
        needs="tune-rules",
    ),
    Route(
        "/api/rules/compare",
        compare_rule,
        "compareRule",
        "Alerts gained and lost, and what people judged of them, were a text put in force",
        ComparisonView,
        problems=(400, 409, 415, 422),
        method="POST",
        body=RuleTextBody,
        needs="tune-rules",
    ),
    Route(
        "/api/rules/{rule}",
        save_rule,
        "saveRule",
        "Write a rule to its file and put it in force, at some venues first if they are named",
        RulesView,
        (_RULE,),
        (400, 409, 415, 422),
        method="PUT",
        body=SaveBody,
        needs="tune-rules",
    ),
    Route(
        "/api/rules/{rule}/removal/trial",
        try_removal,
        "tryRemoval",
        "The alerts that would be lost, and what people judged of them, without a rule",
        ComparisonView,
        (_RULE,),
        (404, 409),
        method="POST",
        needs="tune-rules",
    ),
    Route(
        "/api/rules/{rule}/removal",
        remove_rule,
        "removeRule",
        "Delete a rule, or do without it at some venues first; a roll-back brings it back",
        RulesView,
        (_RULE,),
        (400, 404, 409, 415, 422),
        method="POST",
        body=RemovalBody,
        needs="tune-rules",
    ),
)
