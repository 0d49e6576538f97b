"""The wall of the duty room, and how the machine itself is."""

from __future__ import annotations

from aiohttp import web

from monitor.server.access import scope_of
from monitor.server.desk_views import DiskView, ReceiverState, SystemView, WallView
from monitor.server.problem import ProblemError
from monitor.server.route import Route
from monitor.server.services import SERVICES
from monitor.server.wire import json_response


async def get_wall(request: web.Request) -> web.StreamResponse:
    read = request.app[SERVICES].read_wall
    if read is None:
        raise ProblemError(409, "no-wall", "this process has no store of its own")
    return json_response(await read(scope_of(request)))


async def get_system(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    health, machine = services.health(), services.machine
    disk = machine.disk() if machine is not None else None
    return json_response(
        SystemView(
            version=health.version,
            started_at=health.started_at,
            disk=DiskView(path=disk[0], total_bytes=disk[1], free_bytes=disk[2])
            if disk is not None
            else None,
            queue=health.queue,
            receivers=[
                ReceiverState(id=name, failing_since=since, error=error)
                for name, since, error in (machine.receivers() if machine is not None else ())
            ],
            logins=services.people is not None,
        )
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/wall",
        get_wall,
        "getWall",
        "What waits to be judged, the newest grave alerts and late cases, for a screen that a room reads",
        WallView,
        problems=(409,),
        needs="alerts",
    ),
    Route(
        "/api/system",
        get_system,
        "getSystem",
        "Version, disk, queue and receivers of messages",
        SystemView,
        needs="metrics",
    ),
)
