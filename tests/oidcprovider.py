"""A little provider of logins (OpenID Connect), with whatever answers a test wants of it."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote, urlencode

from aiohttp import BasicAuth, web
from joserfc import jwt
from joserfc.jwk import ECKey, Key

CLIENT, SECRET = "examwatch", "s:e/cret 统一"
PAGE = """<!doctype html><html lang="en"><title>Provider</title><h1>Provider of the province</h1>
<p><a href="/go?{query}">Go on as {name}</a> <a href="/go?{query}&deny=1">Refuse</a></html>"""


def new_key(kid: str) -> Key:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig"}, private=True)


class LittleProvider:
    """`app` is served by the test; `issuer` is set to where. Turn its parts before a login."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC), name: str = "li") -> None:
        self.issuer, self.now = "", now
        self.key, self.alg = new_key("first"), "ES256"
        self.published: list[Key] = [self.key]
        self.user: dict[str, Any] = {"sub": "u-1", "preferred_username": name, "groups": ["radio-east"]}
        self.userinfo: dict[str, Any] | None = None
        self.lifetime_s, self.auth_methods = 300, ["client_secret_basic"]
        self.claims: dict[str, Any] = {}
        """Over those that are due; None leaves one out."""
        self.sign: Callable[[dict[str, Any]], str] = self._sign
        self.slow_s: dict[str, float] = {}
        self.instead: dict[str, web.Response | bytes | dict[str, Any]] = {}
        """Other answers, by path."""
        self.asked: Counter[str] = Counter()
        self.returned_to: list[str] = []
        self.ends_sessions = True
        self.left: list[dict[str, str]] = []
        """What each logout was asked with."""
        self._codes: dict[str, dict[str, str]] = {}
        self.app = web.Application(middlewares=[self._middleware])
        self.app.router.add_get("/.well-known/openid-configuration", self._describe)
        self.app.router.add_get("/authorize", self._authorize)
        self.app.router.add_get("/go", self._go)
        self.app.router.add_post("/token", self._token)
        self.app.router.add_get("/keys", self._keys)
        self.app.router.add_get("/userinfo", self._userinfo)
        self.app.router.add_get("/logout", self._logout)

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.asked[request.path] += 1
        await asyncio.sleep(self.slow_s.get(request.path, 0))
        answer = self.instead.get(request.path)
        if isinstance(answer, bytes):
            return web.Response(body=answer, content_type="application/json")
        if isinstance(answer, dict):
            return web.json_response(answer)
        return web.Response(status=answer.status) if answer is not None else await handler(request)

    def description(self) -> dict[str, Any]:
        said: dict[str, Any] = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "token_endpoint_auth_methods_supported": self.auth_methods,
            "authorization_response_iss_parameter_supported": True,
            "something_else": [1, 2],
        }
        if self.ends_sessions:
            said["end_session_endpoint"] = f"{self.issuer}/logout"
        return said | ({"userinfo_endpoint": f"{self.issuer}/userinfo"} if self.userinfo is not None else {})

    async def _describe(self, _request: web.Request) -> web.Response:
        return web.json_response(self.description())

    async def _authorize(self, request: web.Request) -> web.Response:
        query = request.query
        assert (query["response_type"], query["client_id"]) == ("code", CLIENT)
        assert query["code_challenge_method"] == "S256"
        assert "openid" in query["scope"].split()
        assert len(query["state"]) >= 32
        assert len(query["nonce"]) >= 32
        name = self.user["preferred_username"]
        return web.Response(text=PAGE.format(query=request.query_string, name=name), content_type="text/html")

    async def _go(self, request: web.Request) -> web.Response:
        query = request.query
        said = {"state": query["state"], "iss": self.issuer}
        if "deny" in query:
            said |= {"error": "access_denied"}
        else:
            code = secrets.token_urlsafe(16)
            self._codes[code] = dict(query)
            said |= {"code": code}
        self.returned_to.append(query["redirect_uri"])
        raise web.HTTPFound(f"{query['redirect_uri']}?{urlencode(said)}")

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        if self.auth_methods == ["client_secret_basic"]:
            shown = BasicAuth.decode(request.headers["Authorization"])
            client = unquote(shown.login), unquote(shown.password)
        else:
            client = form["client_id"], form["client_secret"]
        if client != (CLIENT, SECRET):
            return web.json_response({"error": "invalid_client"}, status=401)
        begun = self._codes.pop(str(form["code"]), None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if begun is None or begun["code_challenge"] != challenge:
            return web.json_response({"error": "invalid_grant"}, status=400)
        assert (form["grant_type"], form["redirect_uri"]) == ("authorization_code", begun["redirect_uri"])
        now_s = int(self.now().timestamp())
        due = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now_s,
            "exp": now_s + self.lifetime_s,
            "nonce": begun["nonce"],
            **self.user,
        }
        said = {name: value for name, value in (due | self.claims).items() if value is not None}
        token = {"access_token": "at", "token_type": "Bearer", "id_token": self.sign(said)}
        return web.json_response(token)

    def _sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": self.alg, "kid": self.key.kid}, claims, self.key, [self.alg])

    async def _keys(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": [key.as_dict(private=False) for key in self.published]})

    async def _logout(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        self.left.append(query)
        assert query["client_id"] == CLIENT
        raise web.HTTPFound(f"{query['post_logout_redirect_uri']}?{urlencode({'state': query['state']})}")

    async def _userinfo(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer at"
        return web.json_response(self.userinfo)


def unsigned(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    """A token put together by hand."""
    parts = [json.dumps(header).encode(), json.dumps(claims).encode(), signature]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
