"""Every route of the API: the application and the OpenAPI description both read this."""

from __future__ import annotations

from monitor.server import (
    alerts,
    auditing,
    case_routes,
    desk,
    evidence,
    exceptions,
    health,
    listening,
    live,
    people,
    rule_editing,
    rules,
    sources,
    spectrum,
    telling,
    topics,
)
from monitor.server.route import Route

ROUTES: tuple[Route, ...] = (
    *alerts.ROUTES,
    *live.ROUTES,
    *listening.ROUTES,
    *evidence.ROUTES,
    *health.ROUTES,
    *people.ROUTES,
    *spectrum.ROUTES,
    *rule_editing.ROUTES,
    *exceptions.ROUTES,
    *rules.ROUTES,
    *topics.ROUTES,
    *telling.ROUTES,
    *case_routes.ROUTES,
    *auditing.ROUTES,
    *desk.ROUTES,
    *sources.ROUTES,
)
