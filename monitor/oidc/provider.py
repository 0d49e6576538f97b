"""The provider as we reach it: its description, its keys, and the exchange of a code for a token.

Description and keys are kept for an hour; keys are fetched anew, once, when a token shows one
that is not among them. After a failure nothing is asked for some seconds, so that people who
wait do not wait one after the other.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import aiohttp
import msgspec
from joserfc.jwk import KeySet

from crawlers.errors import CrawlError
from crawlers.secrets import read_line
from monitor.clock import Clock
from monitor.faults import WorldError
from monitor.oidc.idtoken import Expected, KeyChangedError, TokenError, claims_of, read_keys, value_at
from monitor.oidc.settings import Settings, is_safe

TIMEOUT_S = 10.0
"""Of one request; somebody is waiting at the login page."""
MAX_ANSWER_BYTES = 512 * 1024
KEPT_S = 3600.0
PAUSE_S = 5.0
T = TypeVar("T")


class ProviderError(WorldError):
    """The provider does not answer, or not as one. The message names the address."""


class ExchangeRefusedError(Exception):
    """The provider answered, and gave no token for the code."""


class Description(msgspec.Struct, frozen=True):
    """Of the provider (OpenID Connect Discovery 1.0, 3), as far as it is needed."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    token_endpoint_auth_methods_supported: list[str] = msgspec.field(
        default_factory=lambda: ["client_secret_basic"]
    )
    authorization_response_iss_parameter_supported: bool = False


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str = ""


@dataclass(frozen=True, slots=True)
class Identified:
    """Somebody who has logged in at the provider."""

    claims: dict[str, Any]
    id_token: str
    """The words in which it said so."""


class _Kept(Generic[T]):
    """A thing of the provider's, fetched by one for all who wait, and kept for a while."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], clock: Clock) -> None:
        self._fetch, self._clock = fetch, clock
        self._lock = asyncio.Lock()
        self._value: tuple[float, T] | None = None
        self._failed: tuple[float, str] | None = None

    async def get(self, *, newer_than: T | None = None) -> T:
        """The thing; `newer_than`: what was fetched after that one. Raises `ProviderError`."""
        async with self._lock:
            now_s = self._clock.monotonic()
            if self._value is not None and now_s - self._value[0] < KEPT_S:
                found = self._value[1]
                if newer_than is None or found is not newer_than:
                    return found
            if self._failed is not None and now_s - self._failed[0] < PAUSE_S:
                raise ProviderError(self._failed[1])
            try:
                found = await self._fetch()
            except ProviderError as error:
                self._failed = (self._clock.monotonic(), str(error))
                raise
            self._value, self._failed = (self._clock.monotonic(), found), None
            return found


class Provider:
    def __init__(
        self, settings: Settings, client: aiohttp.ClientSession, clock: Clock, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._settings, self._client, self._clock = settings, client, clock
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._description = _Kept(self._fetch_description, clock)
        self._keys = _Kept(self._fetch_keys, clock)

    async def describe(self) -> Description:
        """Raises `ProviderError`."""
        return await self._description.get()

    async def identify(self, code: str, verifier: str, expected: Expected) -> Identified:
        """Whoever the code stands for: verified, and completed from the userinfo.

        Raises
        ------
        ProviderError, ExchangeRefusedError, TokenError
        """
        description = await self._description.get()
        tokens = await self._exchange(description, code, verifier)
        keys = await self._keys.get()
        try:
            claims = claims_of(tokens.id_token, keys, expected)
        except KeyChangedError:
            claims = claims_of(tokens.id_token, await self._keys.get(newer_than=keys), expected)
        wanted = (self._settings.username, self._settings.groups)
        if description.userinfo_endpoint is None or all(value_at(claims, one) is not None for one in wanted):
            return Identified(claims, tokens.id_token)
        more = await self._userinfo(description.userinfo_endpoint, tokens.access_token)
        # Core 5.3.2: an answer about somebody else must not be used.
        if more.get("sub") != claims["sub"]:
            raise TokenError("the userinfo is about somebody else (sub)")
        return Identified(more | claims, tokens.id_token)

    async def _fetch_description(self) -> Description:
        issuer = self._settings.issuer
        url = issuer.rstrip("/") + "/.well-known/openid-configuration"
        found = _decoded(url, await self._ask("GET", url), Description)
        if found.issuer != issuer:
            raise ProviderError(f"{url}: describes another issuer, {found.issuer[:200]!r}")
        endpoints = [found.authorization_endpoint, found.token_endpoint, found.jwks_uri]
        more = (found.userinfo_endpoint, found.end_session_endpoint)
        endpoints += [one for one in more if one is not None]
        for one in endpoints:
            if not is_safe(one) or (issuer.startswith("https:") and not one.startswith("https:")):
                raise ProviderError(f"{url}: names an address that is not https: {one[:200]!r}")
        return found

    async def _fetch_keys(self) -> KeySet:
        url = (await self._description.get()).jwks_uri
        return read_keys(_decoded(url, await self._ask("GET", url), dict[str, Any]))

    async def _exchange(self, description: Description, code: str, verifier: str) -> _Tokens:
        settings, url = self._settings, description.token_endpoint
        secret = await asyncio.to_thread(_read_secret, settings)
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": settings.redirect_uri,
            "code_verifier": verifier,
        }
        headers: dict[str, str] = {}
        if "client_secret_basic" in description.token_endpoint_auth_methods_supported:
            # RFC 6749, 2.3.1: both are form-encoded first.
            pair = quote(settings.client_id, safe=""), quote(secret, safe="")
            headers["Authorization"] = aiohttp.BasicAuth(*pair).encode()
        else:
            form |= {"client_id": settings.client_id, "client_secret": secret}
        raw = await self._ask("POST", url, data=form, headers=headers, refusals=True)
        return _decoded(url, raw, _Tokens)

    async def _userinfo(self, url: str, access_token: str) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {access_token}"}
        return _decoded(url, await self._ask("GET", url, headers=headers), dict[str, Any])

    async def _ask(
        self,
        method: str,
        url: str,
        *,
        data: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        refusals: bool = False,
    ) -> bytes:
        """The body of a good answer. `refusals`: a status of 400 to 499 is a refusal, not a failure."""
        try:
            async with self._client.request(
                method,
                url,
                data=data,
                headers={"Accept": "application/json", **(headers or {})},
                timeout=self._timeout,
                allow_redirects=False,
            ) as answer:
                body = bytearray()
                async for part in answer.content.iter_any():
                    body += part
                    if len(body) > MAX_ANSWER_BYTES:
                        raise ProviderError(f"{url}: answers with more than {MAX_ANSWER_BYTES >> 10} KiB")
                status = answer.status
        except TimeoutError:
            raise ProviderError(f"{url}: no answer within {self._timeout.total:g} s") from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ProviderError(f"{url}: {type(error).__name__}") from None
        if status == 200:
            return bytes(body)
        if refusals and 400 <= status < 500:
            raise ExchangeRefusedError(f"status {status} {_error_in(bytes(body))}".strip())
        raise ProviderError(f"{url}: status {status}")


def _decoded(url: str, raw: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProviderError(f"{url}: answers with something else than is due: {str(error)[:160]}") from None


def _error_in(raw: bytes) -> str:
    """The code of an error (RFC 6749, 5.2), for the log."""
    try:
        said = msgspec.json.decode(raw, type=dict[str, Any]).get("error")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return ""
    return said[:60] if isinstance(said, str) and said.isprintable() else ""


def _read_secret(settings: Settings) -> str:
    """Blocking. At each exchange, so that a renewed secret counts."""
    try:
        return read_line(settings.secret_file)
    except CrawlError as error:
        raise ProviderError(str(error)) from None
