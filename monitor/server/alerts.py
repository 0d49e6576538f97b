"""Reading alerts: the list, one alert whole, and the names of an event's fields."""

from __future__ import annotations

from typing import TypeVar, get_args

from aiohttp import web

from monitor.server.access import actor_of, scope_of
from monitor.server.alert_services import AlertQuery, BadCursorError
from monitor.server.params import CURSOR, LIMIT, flag, limit, number, only
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route, one_of, some_of
from monitor.server.services import SERVICES
from monitor.server.views import (
    AlertDetail,
    AlertPage,
    AlertState,
    FieldTables,
    FieldView,
    Kind,
    Level,
    NamedPersonView,
    PersonalView,
    Review,
)
from monitor.server.wire import json_response
from rules.event import FIELDS

KINDS: tuple[Kind, ...] = get_args(Kind)
LEVELS: tuple[Level, ...] = get_args(Level)
STATES: tuple[AlertState, ...] = get_args(AlertState)
REVIEWS: tuple[Review, ...] = get_args(Review)

Word = TypeVar("Word", Kind, Level, AlertState, Review)


def _words(request: web.Request, name: str, known: tuple[Word, ...]) -> frozenset[Word]:
    """The values of a parameter that may be repeated and may hold commas."""
    given = [word for value in request.query.getall(name, []) for word in value.split(",") if word]
    by_name: dict[str, Word] = {str(word): word for word in known}
    unknown = [word for word in given if word not in by_name]
    if unknown:
        raise ProblemError(400, "bad-parameter", f"{name}: {unknown[0]!r} is none of {', '.join(known)}")
    return frozenset(by_name[word] for word in given)


def alert_query(request: web.Request) -> AlertQuery:
    """The query string as a query.

    Raises
    ------
    ProblemError
        400 naming the first parameter that makes no sense; a misspelt name is one too.
    """
    only(
        request,
        "cursor",
        "limit",
        "kind",
        "level",
        "venue",
        "state",
        "review",
        "drill",
        "case",
        "near_hz",
        "copies_of",
    )
    states = _words(request, "state", STATES)
    reviews = _words(request, "review", REVIEWS)
    if len(reviews) > 1:
        raise ProblemError(400, "bad-parameter", "review: one of open, mine, judged")
    return AlertQuery(
        kinds=_words(request, "kind", KINDS),
        levels=_words(request, "level", LEVELS),
        venue=request.query.get("venue") or None,
        state=next(iter(states)) if len(states) == 1 else None,
        review=next(iter(reviews), None),
        drill=flag(request, "drill"),
        case=request.query.get("case") or None,
        copies_of=request.query.get("copies_of") or None,
        near_hz=number(request, "near_hz"),
        asker=actor_of(request),
        scope=scope_of(request),
        cursor=request.query.get("cursor") or None,
        limit=limit(request),
    )


async def list_alerts(request: web.Request) -> web.StreamResponse:
    query = alert_query(request)
    try:
        page = await request.app[SERVICES].alerts.list_alerts(query)
    except BadCursorError:
        raise ProblemError(
            400, "bad-cursor", f"cursor: {query.cursor!r} is no cursor of this list; start again without one"
        ) from None
    return json_response(page)


async def get_alert(request: web.Request) -> web.StreamResponse:
    fingerprint = request.match_info["fingerprint"]
    alert = await request.app[SERVICES].alerts.get_alert(fingerprint)
    if alert is None or not scope_of(request).holds(alert.venue):
        raise ProblemError(404, "no-such-alert", f"no alert has the fingerprint {fingerprint!r}")
    return json_response(alert)


async def get_personal(request: web.Request) -> web.StreamResponse:
    fingerprint = request.match_info["fingerprint"]
    await get_alert(request)
    found = await request.app[SERVICES].alerts.view_personal(fingerprint, actor_of(request))
    if found is None:
        raise ProblemError(404, "no-such-alert", f"no alert has the fingerprint {fingerprint!r}")
    people = [
        NamedPersonView(
            attachment=one.attachment, name=one.name, seat=one.seat, number=one.number, seen_at=one.seen_at
        )
        for one in found
    ]
    return json_response(PersonalView(people=people))


def field_tables() -> FieldTables:
    """What the names in an event mean, for people, in both languages."""

    def rows(kind: str) -> list[FieldView]:
        return [
            FieldView(name=f.name, type=f.type, unit=f.unit, en=f.en, zh=f.zh) for f in FIELDS[kind].values()
        ]

    return FieldTables(radio=rows("radio"), web=rows("web"))


async def get_fields(_request: web.Request) -> web.StreamResponse:
    return json_response(field_tables())


_QUERY = (
    CURSOR,
    LIMIT,
    Param("kind", "query", some_of(*KINDS), "only these kinds; repeat it or use commas"),
    Param("level", "query", some_of(*LEVELS), "only these levels; repeat it or use commas"),
    Param("venue", "query", {"type": "string"}, "only this venue"),
    Param("state", "query", one_of(*STATES), "firing: not ended; ended: over"),
    Param("review", "query", one_of(*REVIEWS), "open: not judged; mine: held by who asks; judged"),
    Param("drill", "query", {"type": "boolean"}, "only drills, or none"),
    Param("case", "query", {"type": "string"}, "only those in this case"),
    Param("copies_of", "query", {"type": "string"}, "only this document and its near copies"),
    Param("near_hz", "query", {"type": "integer", "minimum": 0}, "only radio on this channel"),
)
ROUTES: tuple[Route, ...] = (
    Route(
        "/api/alerts",
        list_alerts,
        "listAlerts",
        "Alerts, gravest level first and newest first within a level",
        AlertPage,
        _QUERY,
        (400,),
        needs="alerts",
    ),
    Route(
        "/api/alerts/{fingerprint}",
        get_alert,
        "getAlert",
        "One alert whole, with the events that raised it",
        AlertDetail,
        (Param("fingerprint", "path", {"type": "string"}, "16 hex digits"),),
        (404,),
        needs="alerts",
    ),
    Route(
        "/api/alerts/{fingerprint}/personal",
        get_personal,
        "getPersonal",
        "Names and seats seen in the pictures of a post; each look is recorded",
        PersonalView,
        (Param("fingerprint", "path", {"type": "string"}, "16 hex digits"),),
        (404,),
        needs="personal",
    ),
    Route(
        "/api/fields",
        get_fields,
        "getFields",
        "What the names in an event mean, with units",
        FieldTables,
        needs="alerts",
    ),
)
