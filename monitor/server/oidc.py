"""Which ways in there are, and the way by a provider: to it, and back from it.

    POST /api/login/oidc ──> its address, and a cookie ──> (the provider) ──> GET …/callback ──> the console

The cookie ties the login to this browser: an address of the callback that somebody else sends
begins no session here.
"""

from __future__ import annotations

from hmac import compare_digest

from aiohttp import web
from yarl import URL

from monitor.oidc.desk import MAX_TO, OidcDesk, OidcRefusedError, is_own_path
from monitor.oidc.pending import LASTS_S
from monitor.oidc.provider import ProviderError
from monitor.oidc.settings import CALLBACK, LEFT
from monitor.server.people import LEAVING_COOKIE, set_session
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.services import SERVICES
from monitor.server.views import View
from monitor.server.wire import json_body, json_response

PATH = "/api/login/oidc"
LOGIN_COOKIE = "examwatch_login"


class OidcOffer(View, frozen=True, kw_only=True):
    en: str
    """On the button."""
    zh: str
    address: str
    """Where the console must be open for it: the provider sends browsers back there."""


class LoginOffers(View, frozen=True, kw_only=True):
    """Which ways in there are."""

    local: bool
    """By name and password."""
    oidc: OidcOffer | None


class OidcBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    to: str = "/"
    """Path and query within the console, to come back to."""


class OidcStart(View, frozen=True, kw_only=True):
    url: str
    """The provider's page, to go to."""


def _oidc(request: web.Request) -> OidcDesk:
    oidc = request.app[SERVICES].oidc
    if oidc is None:
        raise ProblemError(409, "oidc-off", "no provider of logins is configured (people.oidc)")
    return oidc


async def get_offers(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    offer, local = None, services.people is not None
    if services.oidc is not None:
        settings = services.oidc.settings
        offer = OidcOffer(en=settings.label_en, zh=settings.label_zh, address=settings.public_url)
        local = local and settings.allow_local
    return json_response(LoginOffers(local=local, oidc=offer))


async def begin(request: web.Request) -> web.StreamResponse:
    oidc, body = _oidc(request), await json_body(request, OidcBody)
    if not is_own_path(body.to):
        raise ProblemError(400, "bad-body", f"to: a path within the console, at most {MAX_TO} characters")
    public_url = oidc.settings.public_url
    if request.headers.get("Origin", public_url).lower() != public_url:
        # The cookie would be another host's than the one that the provider sends the browser to.
        raise ProblemError(409, "oidc-elsewhere", f"for this login open the console at {public_url}")
    try:
        url, key = await oidc.begin(body.to, request.cookies.get(LOGIN_COOKIE, ""))
    except ProviderError as error:
        raise ProblemError(503, "oidc-unavailable", str(error), {"Retry-After": "5"}) from None
    response = json_response(OidcStart(url=url))
    response.set_cookie(
        LOGIN_COOKIE,
        key,
        max_age=int(LASTS_S),
        httponly=True,
        # Strict would leave it out when the provider sends the browser back.
        samesite="Lax",
        secure=oidc.settings.is_https,
        path=PATH,
    )
    return response


async def finish(request: web.Request) -> web.StreamResponse:
    oidc = _oidc(request)
    answer, key = dict(request.query), request.cookies.get(LOGIN_COOKIE, "")
    try:
        entered = await oidc.finish(answer, key, request.remote or "")
    except OidcRefusedError as refusal:
        return _to_console(str(URL(refusal.to).update_query(login=f"oidc-{refusal.reason}")))
    response = _to_console(entered.to)
    set_session(response, entered.session.key, secure=oidc.settings.is_https)
    return response


async def left(request: web.Request) -> web.StreamResponse:
    """Only words follow from it: the session was over before the browser went to the provider."""
    oidc, state = _oidc(request), request.query.get("state", "")
    mine = request.cookies.get(LEAVING_COOKIE, "")
    is_mine = bool(mine) and compare_digest(mine.encode(), state.encode("utf-8", "replace"))
    response = _to_console("/?login=oidc-left" if is_mine else "/")
    response.del_cookie(LEAVING_COOKIE, path=LEFT, secure=oidc.settings.is_https)
    return response


def _to_console(to: str) -> web.Response:
    return web.Response(status=303, headers={"Location": to, "Cache-Control": "no-store"})


_TEXT = {"type": "string"}
ROUTES: tuple[Route, ...] = (
    Route("/api/login", get_offers, "getLogin", "Which ways in there are", LoginOffers),
    Route(
        PATH,
        begin,
        "beginOidcLogin",
        "Begin a login by the provider; the answer says where to send the browser",
        OidcStart,
        problems=(400, 409, 415),
        method="POST",
        body=OidcBody,
        is_secret=True,
    ),
    Route(
        CALLBACK,
        finish,
        "finishOidcLogin",
        "Where the provider sends the browser back: sets the session's cookie and leads on to the console",
        (),
        (
            Param("state", "query", _TEXT, "as it was given to the provider"),
            Param("code", "query", _TEXT, "stands for who logged in"),
            Param("iss", "query", _TEXT, "the provider, RFC 9207"),
            Param("error", "query", _TEXT, "why nobody is let in"),
        ),
        problems=(409,),
        redirects=True,
    ),
    Route(
        LEFT,
        left,
        "finishOidcLogout",
        "Where the provider sends the browser back after a logout there: leads on to the console",
        (),
        (Param("state", "query", _TEXT, "as it was given to the provider"),),
        problems=(409,),
        redirects=True,
    ),
)
