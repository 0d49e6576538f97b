"""Every route of the API, declared once: the application and the OpenAPI description both read this."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp.typedefs import Handler

from monitor.server.alerts import KINDS, LEVELS, MAX_LIMIT, STATES, get_alert, get_fields, list_alerts
from monitor.server.evidence import DOWNLOAD, SHOWN_AS, get_evidence
from monitor.server.health import get_health, get_liveness, get_metrics
from monitor.server.live import live
from monitor.server.views import AlertDetail, AlertPage, FieldTables, HealthView, LivenessView, View


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
    ),
    Route(
        "/api/alerts/{fingerprint}",
        get_alert,
        "getAlert",
        "One alert whole, with the events that raised it",
        AlertDetail,
        (Param("fingerprint", "path", {"type": "string"}, "16 hex digits"),),
        (404,),
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
    ),
    Route("/api/health", get_health, "getHealth", "Sensors, sources, queue and sessions", HealthView),
    Route("/api/fields", get_fields, "getFields", "What the names in an event mean, with units", FieldTables),
    Route(
        "/api/evidence/{digest}",
        get_evidence,
        "getEvidence",
        "A file of the evidence store; ranges are answered",
        (*sorted({kind.partition(";")[0] for kind in SHOWN_AS.values()}), DOWNLOAD),
        (Param("digest", "path", {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}, "its digest"),),
        (400, 404),
    ),
    Route("/health", get_liveness, "getLiveness", "Whether the daemon is alive", LivenessView),
    Route("/metrics", get_metrics, "getMetrics", "Prometheus metrics", ("text/plain",)),
)
