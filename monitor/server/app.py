"""The application: routes, and what every request passes on its way to one.

request ──> problems ──> host guard ──> access ──> idempotent ──> handler
                                        (who may: see `access`)
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import web
from prometheus_client import Counter

from monitor.people.roles import Permission
from monitor.server.access import NEEDS, access
from monitor.server.evidence import LOOKS
from monitor.server.feed import Feed
from monitor.server.guard import add_security_headers, host_guard
from monitor.server.idempotent import idempotent
from monitor.server.listening import LISTENERS, close_listeners
from monitor.server.live import LIVE, LiveHub, LiveMetrics
from monitor.server.looking import VIEWERS, close_viewers
from monitor.server.openapi import PATH, get_openapi
from monitor.server.problem import problems
from monitor.server.reports import PRINTER, Printer
from monitor.server.routes import ROUTES
from monitor.server.rule_editing import TRYING
from monitor.server.services import SERVICES, SETTINGS, ServerServices, ServerSettings
from monitor.server.static import get_static

MAX_BODY_BYTES = 1024 * 1024
DEFAULT_HOST = "127.0.0.1"
DEFAULT_PORT = 8440
IDLE_S = 75.0
"""A connection on which no whole request head has come for so long is closed (nginx's default too)."""


async def _end_streams(app: web.Application) -> None:
    app[LIVE].close()


def make_server_app(
    services: ServerServices,
    settings: ServerSettings | None = None,
) -> web.Application:
    """Build the application. Its counters go into ``services.metrics``: one registry serves one app."""
    settings = settings or ServerSettings()
    refused = Counter("examwatch_http_refused", "Requests refused", ["reason"], registry=services.metrics)
    secret = {(route.method, route.path): route.is_secret for route in ROUTES}
    middlewares = [
        problems,
        host_guard(settings.allowed_hosts, refused),
        access(services.people, refused),
        idempotent(secret),
    ]
    app = web.Application(middlewares=middlewares, client_max_size=MAX_BODY_BYTES)
    app[SERVICES] = services
    app[SETTINGS] = settings
    app[LIVE] = LiveHub(LiveMetrics(services.metrics), Feed(services.alerts, time.monotonic))
    app[LISTENERS] = set()
    app[TRYING] = asyncio.Lock()
    app[PRINTER] = Printer()
    app[VIEWERS] = set()
    app[LOOKS] = OrderedDict()
    needs: dict[tuple[str, str], Permission | None] = {
        **{(route.method, route.path): route.needs for route in ROUTES},
        # The console's own files, and what the API is: nothing that was watched.
        ("GET", "/{path}"): None,
        ("GET", PATH): None,
    }
    app[NEEDS] = needs
    for route in ROUTES:
        app.router.add_route(route.method, route.path, route.handler)
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, route.handler)
    app.router.add_get(PATH, get_openapi)
    app.router.add_get("/{path:.*}", get_static)
    app.on_response_prepare.append(add_security_headers)
    app.on_shutdown.append(_end_streams)
    app.on_shutdown.append(close_listeners)
    app.on_shutdown.append(close_viewers)
    return app


@asynccontextmanager
async def serving(
    app: web.Application, host: str = DEFAULT_HOST, port: int = DEFAULT_PORT
) -> AsyncGenerator[str]:
    """Listen for as long as the context lasts; yields the address to open.

    Raises
    ------
    OSError
        If the port is taken.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0, keepalive_timeout=IDLE_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound: tuple[str, int] = runner.addresses[0][:2]
        shown = f"[{bound[0]}]" if ":" in bound[0] else bound[0]
        yield f"http://{shown}:{bound[1]}"
    finally:
        await runner.cleanup()
