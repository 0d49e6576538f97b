"""The rules over HTTP: what is in force, why the files' newest state is not, and how editions change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from monitor.ruledesk.texts import ChangedError, NotWritableError
from monitor.ruledesk.unsettled import UnsettledError
from monitor.server.access import actor_of
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.rule_services import RuleService
from monitor.server.rule_views import (
    EditionView,
    RemovalView,
    RuleLine,
    RuleSource,
    RulesView,
    VenuesBody,
)
from monitor.server.services import SERVICES
from monitor.server.wire import json_body, json_response
from rules.book import Edition, NoEditionError
from rules.fault import RuleErrors
from rules.rule import Rule
from rules.write import dump_rule

NAME = "rule.yml"


def desk_of(request: web.Request) -> RuleService:
    rules = request.app[SERVICES].rules
    if rules is None:
        raise ProblemError(409, "no-rules", "this process judges nothing: it has no rules")
    return rules


def _edition(edition: Edition) -> EditionView:
    return EditionView(
        number=edition.number,
        author=edition.author,
        digest=edition.digest,
        n_rules=len(edition.rules),
        n_exceptions=len(edition.exemptions),
        venues=sorted(edition.venues),
    )


def _line(rule: Rule, desk: RuleService, over: dict[str, tuple[str, str]]) -> RuleLine:
    told = over.get(rule.id, ("", ""))
    return RuleLine(
        id=rule.id,
        kind=rule.kind,
        level=rule.level,
        category=rule.category,
        title_en=rule.title.en,
        title_zh=rule.title.zh,
        experimental=rule.experimental,
        owner=rule.owner,
        version=rule.version,
        tags=list(rule.tags),
        n_alerts=desk.n_alerts(rule.id),
        limit=rule.budget.limit if rule.budget else None,
        measured=rule.budget.measured if rule.budget else None,
        over_en=told[0],
        over_zh=told[1],
    )


def _view(desk: RuleService) -> RulesView:
    over = {one.rule.id: one.texts for one in desk.over()}
    gone = desk.leaving
    return RulesView(
        edition=_edition(desk.edition),
        trial=_edition(desk.trial) if desk.trial else None,
        removal=RemovalView(rule=gone.rule, reason=gone.reason) if gone else None,
        history=[_edition(edition) for edition in desk.history],
        faults=list(desk.faults),
        rules=[_line(rule, desk, over) for rule in desk.edition.rules],
        venues=sorted(desk.venues),
    )


async def list_rules(request: web.Request) -> web.StreamResponse:
    return json_response(_view(desk_of(request)))


async def get_rule(request: web.Request) -> web.StreamResponse:
    wanted, desk = request.match_info["rule"], desk_of(request)
    on_trial = desk.trial.rules if desk.trial is not None else ()
    for rule in (*desk.edition.rules, *on_trial):
        if rule.id == wanted:
            stands = await desk.written(wanted)
            # A rule that a roll-back brought back may have no file any more: it is written anew.
            anew = await desk.place(wanted) if stands is None else None
            return json_response(
                RuleSource(
                    id=rule.id,
                    text=dump_rule(rule),
                    written=stands.text if stands else None,
                    file=str(stands.file if stands else anew) if stands or anew else None,
                    digest=stands.digest if stands else None,
                    writable=stands.writable if stands else anew is not None,
                )
            )
    raise ProblemError(404, "no-such-rule", f"no rule in force or on trial is called {wanted!r}")


async def change(desk: RuleService, work: Callable[[], Awaitable[Any]]) -> web.StreamResponse:
    """The rules after `work`, or why it was refused."""
    try:
        await work()
    except RuleErrors as error:
        raise ProblemError(422, "rules-refused", "\n".join(str(fault) for fault in error.faults)) from None
    except NoEditionError as error:
        raise ProblemError(409, "no-edition", str(error)) from None
    except UnsettledError as error:
        raise ProblemError(409, "unsettled", str(error)) from None
    except NotWritableError as error:
        raise ProblemError(409, "not-writable", str(error)) from None
    except ChangedError:
        raise ProblemError(
            409, "changed-meanwhile", "the file was changed since it was read; open it again"
        ) from None
    except OSError as error:
        raise ProblemError(
            503, "unavailable", f"the file cannot be written: {error.strerror or error}"
        ) from None
    return json_response(_view(desk))


async def reload_rules(request: web.Request) -> web.StreamResponse:
    desk, body = desk_of(request), await json_body(request, VenuesBody)
    unknown = sorted(set(body.venues) - desk.venues)
    if unknown:
        raise ProblemError(400, "bad-parameter", f"venues: {unknown[0]!r} is not in the timetable")
    return await change(desk, lambda: desk.reload(actor_of(request), frozenset(body.venues)))


async def spread_rules(request: web.Request) -> web.StreamResponse:
    desk = desk_of(request)
    return await change(desk, lambda: desk.spread(actor_of(request)))


async def roll_back_rules(request: web.Request) -> web.StreamResponse:
    desk = desk_of(request)
    return await change(desk, lambda: desk.roll_back(actor_of(request)))


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/rules",
        list_rules,
        "listRules",
        "The edition in force, its rules with hits and budgets, and faults of the files",
        RulesView,
        problems=(409,),
        needs="rules",
    ),
    Route(
        "/api/rules/{rule}",
        get_rule,
        "getRule",
        "One rule in force as YAML",
        RuleSource,
        (Param("rule", "path", {"type": "string"}, "its id"),),
        (404, 409),
        needs="rules",
    ),
    Route(
        "/api/rules/reload",
        reload_rules,
        "reloadRules",
        "Read, test and put in force what the files say now, at some venues first if they are named",
        RulesView,
        problems=(400, 409, 415, 422),
        method="POST",
        body=VenuesBody,
        needs="tune-rules",
    ),
    Route(
        "/api/rules/spread",
        spread_rules,
        "spreadRules",
        "Let what is on trial hold everywhere; a rule that it does without is deleted now",
        RulesView,
        problems=(409,),
        method="POST",
        needs="tune-rules",
    ),
    Route(
        "/api/rules/rollback",
        roll_back_rules,
        "rollBackRules",
        "End a trial, or go back to the edition before",
        RulesView,
        problems=(409, 422),
        method="POST",
        needs="tune-rules",
    ),
)
