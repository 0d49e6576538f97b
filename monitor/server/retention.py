"""How long each kind of record is kept, and what is there."""

from __future__ import annotations

from datetime import datetime, timedelta

from aiohttp import web

from monitor.server.problem import ProblemError
from monitor.server.route import Route
from monitor.server.services import SERVICES
from monitor.server.views import View
from monitor.server.wire import json_response


class HoldingView(View, frozen=True, kw_only=True):
    kind: str
    kept_days: float
    n: int
    """Records there are now."""
    oldest_at: datetime | None


class RetentionView(View, frozen=True, kw_only=True):
    kinds: list[HoldingView]


async def get_retention(request: web.Request) -> web.StreamResponse:
    ask = request.app[SERVICES].holdings
    if ask is None:
        raise ProblemError(409, "no-store", "this process has no store of its own")
    found = await ask()
    return json_response(
        RetentionView(
            kinds=[
                HoldingView(
                    kind=one.kind, kept_days=one.kept / timedelta(days=1), n=one.n, oldest_at=one.oldest_at
                )
                for one in found
            ]
        )
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/retention",
        get_retention,
        "getRetention",
        "How long each kind of record is kept, and what of it is there",
        RetentionView,
        problems=(409,),
        needs="audit",
    ),
)
