"""How the daemon is: for people, for a load balancer, for Prometheus."""

from __future__ import annotations

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from monitor.server.route import Route
from monitor.server.services import SERVICES
from monitor.server.views import HealthView, LivenessView
from monitor.server.wire import json_response


async def get_health(request: web.Request) -> web.StreamResponse:
    return json_response(request.app[SERVICES].health())


async def get_liveness(request: web.Request) -> web.StreamResponse:
    """200 as long as the loop turns; a failing sensor degrades, it is no reason to restart us."""
    return json_response(LivenessView(status=request.app[SERVICES].health().status))


async def get_metrics(request: web.Request) -> web.StreamResponse:
    return web.Response(
        body=generate_latest(request.app[SERVICES].metrics), headers={"Content-Type": CONTENT_TYPE_LATEST}
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/health",
        get_health,
        "getHealth",
        "Sensors, sources, queue and sessions",
        HealthView,
        needs="health",
    ),
    Route("/health", get_liveness, "getLiveness", "Whether the daemon is alive", LivenessView),
    Route("/metrics", get_metrics, "getMetrics", "Prometheus metrics", ("text/plain",), needs="metrics"),
)
