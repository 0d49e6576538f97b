"""Reading the audit chain."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aiohttp import web

from monitor.server.params import LIMIT, limit, number, only
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.services import SERVICES
from monitor.server.views import View
from monitor.server.wire import json_response
from monitor.store.audit import AuditQuery


class AuditEntryView(View, frozen=True, kw_only=True):
    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    body: dict[str, Any]


class AuditPage(View, frozen=True, kw_only=True):
    entries: list[AuditEntryView]
    """The newest first."""
    next_before: int | None
    """``before`` of the next page."""


async def read_audit(request: web.Request) -> web.StreamResponse:
    only(request, "before", "actor", "action", "subject", "limit")
    read = request.app[SERVICES].read_audit
    if read is None:
        raise ProblemError(409, "no-audit", "this process keeps no audit")
    n = limit(request)
    entries = await read(
        AuditQuery(
            before=number(request, "before"),
            actor=request.query.get("actor") or None,
            action=request.query.get("action") or None,
            subject=request.query.get("subject") or None,
            limit=n,
        )
    )
    return json_response(
        AuditPage(
            entries=[
                AuditEntryView(
                    seq=one.seq,
                    at=one.at,
                    actor=one.actor,
                    action=one.action,
                    subject=one.subject,
                    body=dict(one.body),
                )
                for one in entries
            ],
            next_before=entries[-1].seq if len(entries) == n else None,
        )
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/audit",
        read_audit,
        "readAudit",
        "What was done by whom, the newest first",
        AuditPage,
        (
            LIMIT,
            Param("before", "query", {"type": "integer", "minimum": 0}, "only older entries than this one"),
            Param("actor", "query", {"type": "string"}, "only by this person"),
            Param("action", "query", {"type": "string"}, "only this, or all that begin so: `case.`"),
            Param("subject", "query", {"type": "string"}, "only of this alert, case or person"),
        ),
        (400, 409),
        needs="audit",
    ),
)
