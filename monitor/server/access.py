"""Who may: everything is refused to whoever is not known, but for what `routes` gives to everyone.

    cookie ──> session ──> must the password be changed? ──> token against forgery ──> permission

Where logins are off (a console on this machine alone) the person is ``local`` and may all.
"""

from __future__ import annotations

from collections.abc import Mapping
from hmac import compare_digest

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import Counter

from monitor.people.desk import People, Session
from monitor.people.roles import PERMISSIONS, Permission
from monitor.people.scope import EVERYTHING, Scope
from monitor.server.problem import ProblemError
from monitor.server.services import SERVICES
from monitor.server.views import SessionView

COOKIE = "examwatch_session"
CSRF_HEADER = "X-CSRF-Token"
SESSION: web.RequestKey[Session] = web.RequestKey("session", Session)
NEEDS: web.AppKey[Mapping[tuple[str, str], Permission | None]] = web.AppKey("needs")
"""What each method and path of the application needs; None is for everyone, what is not here for nobody."""
LOGINS = frozenset({("POST", "/api/session"), ("POST", "/api/login/oidc")})
"""The changes that need no token: they begin a session, and their JSON no foreign form can send."""
_READING = ("GET", "HEAD")
LOCAL = "local"


def access(people: People | None, refused: Counter) -> Middleware:
    """Let through who may, refuse all others."""

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        if people is None:
            return await handler(request)
        if request.match_info.http_exception is not None:
            return await handler(request)
        key = key_of(request)
        session = await _session(people, request)
        if session is not None:
            request[SESSION] = session
            given = request.headers.get(CSRF_HEADER, "")
            # A token is sent by a program on purpose: no page of somebody else can make a browser do so.
            genuine = session.is_token or compare_digest(
                given.encode("utf-8", "replace"), session.csrf.encode()
            )
            if request.method not in _READING and key not in LOGINS and not genuine:
                refused.labels("csrf").inc()
                raise ProblemError(
                    403, "bad-csrf-token", f"{CSRF_HEADER} is missing or is not this session's"
                )
        if key not in request.app[NEEDS]:
            raise ProblemError(403, "not-allowed", "nobody may: this address has no rule")
        needs = request.app[NEEDS][key]
        if needs is None:
            return await handler(request)
        if session is None:
            refused.labels("login").inc()
            raise ProblemError(401, "login-needed", "log in first")
        if session.person.must_change:
            raise ProblemError(403, "password-change-needed", "choose a password of your own first")
        role = session.person.role
        if needs not in session.granted:
            refused.labels("role").inc()
            who = "this token" if session.is_token else f"the role '{role}'"
            raise ProblemError(403, "not-allowed", f"{who} may not: it needs '{needs}'")
        return await handler(request)

    return check


def key_of(request: web.Request) -> tuple[str, str]:
    resource = request.match_info.route.resource
    method = "GET" if request.method == "HEAD" else request.method
    return method, resource.canonical if resource is not None else ""


async def _session(people: People, request: web.Request) -> Session | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return await people.bearer(token.strip())
    key = request.cookies.get(COOKIE)
    return await people.who(key) if key else None


async def still_allowed(request: web.Request) -> bool:
    """Whether a request that lasts may go on: its session has not ended meanwhile."""
    session = request.get(SESSION)
    if session is None:
        return True
    people = request.app[SERVICES].people
    now = await _session(people, request) if people is not None else None
    return now is not None and now.person == session.person and now.granted == session.granted


def session_of(request: web.Request) -> Session:
    """Raises `ProblemError` (401) where nobody is logged in."""
    session = request.get(SESSION)
    if session is None:
        raise ProblemError(401, "login-needed", "log in first")
    return session


def actor_of(request: web.Request) -> str:
    """Who asks, for the audit; ``local`` where logins are off."""
    session = request.get(SESSION)
    return session.person.name if session is not None else LOCAL


def granted_to(request: web.Request) -> frozenset[Permission]:
    """All that the asker may."""
    session = request.get(SESSION)
    return session.granted if session is not None else frozenset(PERMISSIONS)


def scope_of(request: web.Request) -> Scope:
    """Whose affairs the asker sees."""
    session = request.get(SESSION)
    return session.person.scope if session is not None else EVERYTHING


def view_of(session: Session | None) -> SessionView:
    if session is None:
        return SessionView(
            name=LOCAL,
            role="administrator",
            permissions=list(PERMISSIONS),
            must_change=False,
            csrf="",
            expires_at=None,
            venues=None,
            department=None,
        )
    person = session.person
    return SessionView(
        name=person.name,
        role=person.role,
        permissions=[name for name in PERMISSIONS if name in session.granted],
        must_change=person.must_change,
        csrf=session.csrf,
        expires_at=session.login.expires_at,
        venues=None if person.scope.venues is None else sorted(person.scope.venues),
        department=person.scope.department,
    )
