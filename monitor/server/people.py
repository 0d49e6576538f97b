"""Logging in and out, and the people who may."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from monitor.oidc.settings import LEFT
from monitor.people.desk import LoginRefusedError, LoginThrottledError, People, Session
from monitor.people.register import PeopleError, Person, Token
from monitor.people.roles import PERMISSIONS
from monitor.people.scope import Scope
from monitor.server.access import COOKIE, session_of, view_of
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.services import SERVICES
from monitor.server.views import (
    LeftView,
    LoginBody,
    NewPersonBody,
    PasswordBody,
    PeopleView,
    PersonChange,
    PersonView,
    SessionView,
    TokenBody,
    TokensView,
    TokenView,
)
from monitor.server.wire import json_body, json_response

MAX_TYPED = 1024
LEAVING_COOKIE = "examwatch_leaving"
LEAVING_S = 600


def _people(request: web.Request) -> People:
    people = request.app[SERVICES].people
    if people is None:
        raise ProblemError(409, "logins-off", "this server runs without logins (auth: off)")
    return people


def set_session(response: web.Response, key: str, *, secure: bool) -> None:
    """Give the browser the key of its session; `secure`: the page came by https."""
    response.set_cookie(COOKIE, key, httponly=True, samesite="Strict", secure=secure, path="/")


def _entered(request: web.Request, session: Session) -> web.Response:
    # Behind a proxy that ends TLS we are spoken to in plain HTTP; the page's own address tells.
    secure = request.secure or request.headers.get("Origin", "").startswith("https://")
    response = json_response(view_of(session))
    set_session(response, session.key, secure=secure)
    return response


def set_leaving(response: web.Response, state: str, *, secure: bool) -> None:
    """With this state the provider sends the browser back; Strict would leave the cookie out then."""
    response.set_cookie(
        LEAVING_COOKIE, state, max_age=LEAVING_S, httponly=True, samesite="Lax", secure=secure, path=LEFT
    )


async def get_session(request: web.Request) -> web.StreamResponse:
    if request.app[SERVICES].people is None:
        return json_response(view_of(None))
    return json_response(view_of(session_of(request)))


async def log_in(request: web.Request) -> web.StreamResponse:
    people, body = _people(request), await json_body(request, LoginBody)
    oidc = request.app[SERVICES].oidc
    if oidc is not None and not oidc.settings.allow_local:
        raise ProblemError(403, "local-logins-off", "people log in by the provider alone (allow_local)")
    if len(body.name) > MAX_TYPED or len(body.password) > MAX_TYPED:
        raise ProblemError(401, "bad-login", "name and password do not go together")
    try:
        return _entered(request, await people.log_in(body.name, body.password, request.remote or ""))
    except (LoginRefusedError, LoginThrottledError) as error:
        raise _refusal(error) from None


def _refusal(error: LoginRefusedError | LoginThrottledError) -> ProblemError:
    if isinstance(error, LoginThrottledError):
        wait = str(int(error.wait_s) + 1)
        return ProblemError(429, "too-many-logins", str(error), {"Retry-After": wait})
    return ProblemError(401, "bad-login", "name and password do not go together")


async def log_out(request: web.Request) -> web.StreamResponse:
    people, session = _people(request), session_of(request)
    id_token = await people.log_out(session)
    oidc = request.app[SERVICES].oidc
    there = await oidc.leave(session.person, id_token) if oidc is not None else None
    url, state = there or (None, "")
    response = json_response(LeftView(name=session.person.name, url=url))
    response.del_cookie(COOKIE, path="/")
    if oidc is not None and there is not None:
        set_leaving(response, state, secure=oidc.settings.is_https)
    return response


async def change_password(request: web.Request) -> web.StreamResponse:
    people, session = _people(request), session_of(request)
    body = await json_body(request, PasswordBody)
    if len(body.old) > MAX_TYPED or len(body.new) > MAX_TYPED:
        raise ProblemError(400, "bad-password", f"a password has at most {MAX_TYPED} characters")
    try:
        changed = await people.change_password(session, body.old, body.new, request.remote or "")
    except (LoginRefusedError, LoginThrottledError) as error:
        raise _refusal(error) from None
    except PeopleError as error:
        raise ProblemError(400, "bad-password", str(error)) from None
    return _entered(request, changed)


async def list_people(request: web.Request) -> web.StreamResponse:
    everyone = await _people(request).everyone()
    return json_response(PeopleView(people=[_person_view(person) for person in everyone]))


async def add_person(request: web.Request) -> web.StreamResponse:
    people = _people(request)
    actor, body = session_of(request).person.name, await json_body(request, NewPersonBody)
    try:
        person, password = await people.add(actor, body.name, body.role)
    except PeopleError as error:
        raise ProblemError(409, "refused", str(error)) from None
    return json_response(_person_view(person, password))


async def change_person(request: web.Request) -> web.StreamResponse:
    people, name = _people(request), request.match_info["name"]
    actor, body = session_of(request).person.name, await json_body(request, PersonChange)
    person: Person | None = None
    password: str | None = None
    try:
        if body.role is not None:
            person = await people.set_role(actor, name, body.role)
        if body.disabled is not None:
            person = await people.set_disabled(actor, name, disabled=body.disabled)
        if body.scope is not None:
            venues = None if body.scope.venues is None else frozenset(body.scope.venues)
            person = await people.set_scope(actor, name, Scope(venues, body.scope.department))
        if body.new_password:
            person, password = await people.reset_password(actor, name)
    except PeopleError as error:
        raise ProblemError(409, "refused", str(error)) from None
    if person is None:
        raise ProblemError(400, "bad-body", "nothing is to be changed")
    return json_response(_person_view(person, password))


def _person_view(person: Person, password: str | None = None) -> PersonView:
    return PersonView(
        name=person.name,
        role=person.role,
        disabled=person.disabled,
        must_change=person.must_change,
        created_at=person.created_at,
        venues=None if person.scope.venues is None else sorted(person.scope.venues),
        department=person.scope.department,
        issuer=person.issuer,
        one_time_password=password,
    )


def _token_view(token: Token, text: str | None = None) -> TokenView:
    return TokenView(
        id=token.id,
        name=token.name,
        note=token.note,
        permissions=[name for name in PERMISSIONS if name in token.permissions],
        created_at=token.created_at,
        expires_at=token.expires_at,
        token=text,
    )


async def list_tokens(request: web.Request) -> web.StreamResponse:
    lasting = await _people(request).tokens()
    return json_response(TokensView(tokens=[_token_view(one) for one in lasting]))


async def add_token(request: web.Request) -> web.StreamResponse:
    people, body = _people(request), await json_body(request, TokenBody)
    lasts = timedelta(days=max(-1, min(body.days, 10_000)))
    try:
        token, text = await people.add_token(
            session_of(request).person.name, body.name, frozenset(body.permissions), lasts, body.note[:200]
        )
    except PeopleError as error:
        raise ProblemError(409, "refused", str(error)) from None
    return json_response(_token_view(token, text))


async def end_token(request: web.Request) -> web.StreamResponse:
    token_id = request.match_info["token"]
    if not await _people(request).end_token(session_of(request).person.name, token_id):
        raise ProblemError(404, "no-such-token", f"there is no token {token_id!r}")
    return await list_tokens(request)


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/tokens",
        list_tokens,
        "listTokens",
        "Keys for programs that last, the newest first",
        TokensView,
        problems=(409,),
        needs="tokens",
    ),
    Route(
        "/api/tokens",
        add_token,
        "addToken",
        "Make a key for a program: sent as `Authorization: Bearer`, and shown only now",
        TokenView,
        problems=(400, 409, 415),
        method="POST",
        body=TokenBody,
        is_secret=True,
        needs="tokens",
    ),
    Route(
        "/api/tokens/{token}",
        end_token,
        "endToken",
        "End a key at once",
        TokensView,
        (Param("token", "path", {"type": "string"}, "its id"),),
        problems=(404, 409),
        method="DELETE",
        needs="tokens",
    ),
    Route("/api/session", get_session, "getSession", "Who is logged in", SessionView, problems=(401,)),
    Route(
        "/api/session",
        log_in,
        "logIn",
        "Log in; the answer sets the session's cookie",
        SessionView,
        problems=(400, 401, 409, 415, 429),
        method="POST",
        is_secret=True,
        body=LoginBody,
    ),
    Route(
        "/api/session",
        log_out,
        "logOut",
        "Log out; the answer says where to go on to, to log out at the provider of logins too",
        LeftView,
        problems=(401, 409),
        method="DELETE",
    ),
    Route(
        "/api/session/password",
        change_password,
        "changePassword",
        "Give oneself another password; all other sessions of the person end",
        SessionView,
        problems=(400, 401, 409, 415, 429),
        method="POST",
        is_secret=True,
        body=PasswordBody,
    ),
    Route(
        "/api/people",
        list_people,
        "listPeople",
        "Everyone who may log in",
        PeopleView,
        problems=(409,),
        needs="users",
    ),
    Route(
        "/api/people",
        add_person,
        "addPerson",
        "Add a person, who chooses a password at the first login",
        PersonView,
        problems=(400, 409, 415),
        method="POST",
        is_secret=True,
        body=NewPersonBody,
        needs="users",
    ),
    Route(
        "/api/people/{name}",
        change_person,
        "changePerson",
        "Change a role, disable or enable, make a password for one use; the person's sessions end",
        PersonView,
        (Param("name", "path", {"type": "string"}, "whose"),),
        problems=(400, 409, 415),
        method="PATCH",
        is_secret=True,
        body=PersonChange,
        needs="users",
    ),
)
