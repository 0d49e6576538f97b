"""The map: venues, sensors, the user's plan, and the area of an emission. Nothing is fetched from outside."""

from __future__ import annotations

from aiohttp import web

from monitor.mapdesk import MapDesk
from monitor.server.access import scope_of
from monitor.server.map_views import AreaView, MapView
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.services import SERVICES
from monitor.server.wire import json_response

PICTURES = ("image/png", "image/jpeg", "image/svg+xml")


def _desk(request: web.Request) -> MapDesk:
    desk = request.app[SERVICES].map
    if desk is None:
        raise ProblemError(409, "no-map", "this process knows of no places")
    return desk


async def get_map(request: web.Request) -> web.StreamResponse:
    return json_response(_desk(request).view(scope_of(request)))


async def get_plan(request: web.Request) -> web.StreamResponse:
    plan = _desk(request).plan
    if plan is None or not plan.path.is_file():
        raise ProblemError(404, "not-found", "the configuration names no plan")
    headers = {
        "Content-Type": plan.media_type,
        "Cache-Control": "no-cache",
        # Opened by itself an SVG is a page: it may be looked at and nothing else.
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    }
    return web.FileResponse(plan.path, headers=headers)


async def get_area(request: web.Request) -> web.StreamResponse:
    desk, fingerprint = _desk(request), request.match_info["fingerprint"]
    alert = await request.app[SERVICES].alerts.get_alert(fingerprint)
    if alert is None or not scope_of(request).holds(alert.venue):
        raise ProblemError(404, "no-such-alert", f"no alert has the fingerprint {fingerprint!r}")
    return json_response(await desk.area(alert))


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/map",
        get_map,
        "getMap",
        "Where venues and sensors are, and the outlines and the plan that the map is drawn on",
        MapView,
        problems=(409,),
        needs="health",
    ),
    Route(
        "/api/map/plan",
        get_plan,
        "getMapPlan",
        "The user's plan as a picture",
        PICTURES,
        problems=(404, 409),
        needs="health",
    ),
    Route(
        "/api/alerts/{fingerprint}/area",
        get_area,
        "getArea",
        "Where an emission may come from by its levels at several sensors, or in words why that is not known",
        AreaView,
        (Param("fingerprint", "path", {"type": "string"}, "of the alert"),),
        (404, 409),
        needs="alerts",
    ),
)
