"""Every route of the API: the application and the OpenAPI description both read this."""

from __future__ import annotations

from monitor.server import (
    alerts,
    auditing,
    case_routes,
    desk,
    duty,
    evidence,
    exceptions,
    fleet,
    health,
    listening,
    live,
    looking,
    map,
    people,
    reports,
    retention,
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
    *looking.ROUTES,
    *map.ROUTES,
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
    *reports.ROUTES,
    *auditing.ROUTES,
    *desk.ROUTES,
    *sources.ROUTES,
    *duty.ROUTES,
    *retention.ROUTES,
    *fleet.ROUTES,
)
