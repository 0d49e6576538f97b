"""Every route of the API, declared once: the application and the OpenAPI description both read this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp.typedefs import Handler

from monitor.people.roles import Permission
from monitor.server.alerts import KINDS, LEVELS, MAX_LIMIT, STATES, get_alert, get_fields, list_alerts
from monitor.server.evidence import DOWNLOAD, SHOWN_AS, get_evidence
from monitor.server.health import get_health, get_liveness, get_metrics
from monitor.server.live import live
from monitor.server.people import (
    add_person,
    change_password,
    change_person,
    get_session,
    list_people,
    log_in,
    log_out,
)
from monitor.server.views import (
    AlertDetail,
    AlertPage,
    FieldTables,
    HealthView,
    LivenessView,
    LoginBody,
    NewPersonBody,
    PasswordBody,
    PeopleView,
    PersonChange,
    PersonView,
    SessionView,
    View,
)


@dataclass(frozen=True, slots=True)
class Param:
    name: str
    place: str
    """``path``, ``query`` or ``header``."""
    schema: dict[str, Any]
    text: str


@dataclass(frozen=True, slots=True)
class Route:
    path: str
    handler: Handler
    name: str
    text: str
    answer: type[View] | tuple[str, ...]
    """The struct that is answered, or the media types that may be."""
    params: tuple[Param, ...] = ()
    problems: tuple[int, ...] = ()
    method: str = "GET"
    body: type[View] | None = None
    needs: Permission | None = None
    """What the person must be allowed; None is for everyone, logged in or not."""


def _one_of(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def _some_of(*values: str) -> dict[str, Any]:
    return {"type": "array", "items": _one_of(*values)}


_EVENT_ID = {"type": "integer", "minimum": 0}

ROUTES: tuple[Route, ...] = (
    Route(
        "/api/alerts",
        list_alerts,
        "listAlerts",
        "Alerts, gravest level first and newest first within a level",
        AlertPage,
        (
            Param(
                "cursor",
                "query",
                {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"},
                "next_cursor of the page before",
            ),
            Param(
                "limit",
                "query",
                {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50},
                "how many",
            ),
            Param("kind", "query", _some_of(*KINDS), "only these kinds; repeat it or use commas"),
            Param("level", "query", _some_of(*LEVELS), "only these levels; repeat it or use commas"),
            Param("venue", "query", {"type": "string"}, "only this venue"),
            Param("state", "query", _one_of(*STATES), "firing: not ended; ended: over"),
        ),
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
        "/api/live",
        live,
        "live",
        "Changes as they come: events alert (AlertView), health (HealthView), resync, ping",
        ("text/event-stream",),
        (
            Param(
                "Last-Event-ID",
                "header",
                _EVENT_ID,
                "go on after this event; sent by a browser that reconnects",
            ),
            Param("after", "query", _EVENT_ID, "go on after this event; live_id of a list"),
        ),
        (400,),
        needs="alerts",
    ),
    Route(
        "/api/health",
        get_health,
        "getHealth",
        "Sensors, sources, queue and sessions",
        HealthView,
        needs="health",
    ),
    Route(
        "/api/fields",
        get_fields,
        "getFields",
        "What the names in an event mean, with units",
        FieldTables,
        needs="alerts",
    ),
    Route(
        "/api/evidence/{digest}",
        get_evidence,
        "getEvidence",
        "A file of the evidence store; ranges are answered",
        (*sorted({kind.partition(";")[0] for kind in SHOWN_AS.values()}), DOWNLOAD),
        (Param("digest", "path", {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}, "its digest"),),
        (400, 404),
        needs="evidence",
    ),
    Route("/health", get_liveness, "getLiveness", "Whether the daemon is alive", LivenessView),
    Route("/metrics", get_metrics, "getMetrics", "Prometheus metrics", ("text/plain",), needs="metrics"),
    Route("/api/session", get_session, "getSession", "Who is logged in", SessionView, problems=(401,)),
    Route(
        "/api/session",
        log_in,
        "logIn",
        "Log in; the answer sets the session's cookie",
        SessionView,
        problems=(400, 401, 409, 415, 429),
        method="POST",
        body=LoginBody,
    ),
    Route(
        "/api/session",
        log_out,
        "logOut",
        "Log out",
        SessionView,
        problems=(401, 409),
        method="DELETE",
    ),
    Route(
        "/api/session/password",
        change_password,
        "changePassword",
        "Give oneself another password; all other sessions of the person end",
        SessionView,
        problems=(400, 401, 409, 415, 429),
        method="POST",
        body=PasswordBody,
    ),
    Route(
        "/api/people",
        list_people,
        "listPeople",
        "Everyone who may log in",
        PeopleView,
        problems=(409,),
        needs="users",
    ),
    Route(
        "/api/people",
        add_person,
        "addPerson",
        "Add a person, who chooses a password at the first login",
        PersonView,
        problems=(400, 409, 415),
        method="POST",
        body=NewPersonBody,
        needs="users",
    ),
    Route(
        "/api/people/{name}",
        change_person,
        "changePerson",
        "Change a role, disable or enable, make a password for one use; the person's sessions end",
        PersonView,
        (Param("name", "path", {"type": "string"}, "whose"),),
        problems=(400, 409, 415),
        method="PATCH",
        body=PersonChange,
        needs="users",
    ),
)
