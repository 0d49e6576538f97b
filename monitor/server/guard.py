"""Who may talk to the server at all, before any handler runs.

Without logins the only wall is that the server listens on loopback, and a web page open in
the same browser could climb it: by its own requests (told by ``Origin``) or by a name that it
points at 127.0.0.1 (DNS rebinding, told by ``Host``). Both are refused here. The middleware
that knows people comes after this one: `monitor.server.access`.
"""

from __future__ import annotations

import re

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import Counter

from monitor.server.problem import ProblemError

SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
        "connect-src 'self'; font-src 'self'; manifest-src 'self'; frame-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}


_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([0-9a-z._-]+))(?::[0-9]{1,5})?", re.ASCII | re.IGNORECASE)


def host_name(host: str) -> str | None:
    """The name in a ``Host`` header, lower case, without port and brackets; None if it is none."""
    found = _HOST.fullmatch(host)
    return (found[1] or found[2]).lower() if found else None


def same_origin(origin: str, scheme: str, host: str) -> bool:
    """Whether `origin` is the page that this server itself serves under `host`."""
    return origin.lower() == f"{scheme}://{host}".lower()


def host_guard(allowed_hosts: frozenset[str], refused: Counter) -> Middleware:
    """Refuse requests under foreign names and from foreign pages."""
    names = frozenset(name.lower() for name in allowed_hosts)

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if "%00" in request.rel_url.raw_path_qs:
            raise ProblemError(400, "bad-address", "no address holds the character NUL")
        host = request.headers.get("Host", "")
        if host_name(host) not in names:
            refused.labels("host").inc()
            raise ProblemError(
                421, "foreign-host", f"this server does not answer to the name {host!r}; see allowed_hosts"
            )
        origin = request.headers.get("Origin")
        # A proxy that ends TLS speaks http to us: the page's scheme is then its own affair.
        if origin is not None and not any(same_origin(origin, s, host) for s in ("http", "https")):
            refused.labels("origin").inc()
            raise ProblemError(403, "foreign-origin", f"requests from pages of {origin!r} are refused")
        return await handler(request)

    return guard


async def add_security_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Signal handler for ``on_response_prepare``; what a handler has set stays."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
