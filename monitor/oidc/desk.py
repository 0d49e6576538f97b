"""A login by the provider, from the button to the session.

begin     state, nonce, verifier kept for this browser ──> the provider's address
finish    the state is this browser's, once ──> code for token ──> who, which groups ──> session
leave     the session is over here ──> the provider's address, to log out there (RP-Initiated Logout 1.0)
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from urllib.parse import urlencode

import structlog

from monitor.clock import Clock
from monitor.oidc.idtoken import Expected, TokenError, texts_at, value_at
from monitor.oidc.pending import Begun, Pending, digest
from monitor.oidc.provider import ExchangeRefusedError, Identified, Provider, ProviderError
from monitor.oidc.settings import Settings
from monitor.people.desk import Executor, LoginThrottledError, People, Session
from monitor.people.outsiders import Identity, Outsider, OutsiderRefusedError, Outsiders
from monitor.people.outsiders import Reason as OutsiderReason
from monitor.people.register import Person

MAX_TO = 2000
MAX_HINT = 4096
"""Characters of an ID token that is kept for the logout: it goes into an address."""
Reason = OutsiderReason | Literal["expired", "denied", "failed", "unavailable", "throttled"]
"""``expired``: there is no such login, or not in this browser. ``denied``: the provider let nobody in.
``failed``: its answer is not what it should be. ``unavailable``: there was none."""
log = structlog.get_logger()


class OidcRefusedError(Exception):
    def __init__(self, reason: Reason, to: str = "/") -> None:
        super().__init__(reason)
        self.reason: Reason = reason
        self.to = to
        """Where the person was going."""


@dataclass(frozen=True, slots=True)
class Entered:
    session: Session
    to: str


class OidcDesk:
    def __init__(
        self,
        settings: Settings,
        provider: Provider,
        people: People,
        outsiders: Outsiders,
        store: Executor,
        clock: Clock,
        pending: Pending | None = None,
    ) -> None:
        self.settings = settings
        self._provider, self._people, self._outsiders = provider, people, outsiders
        self._store, self._clock = store, clock
        self.pending = pending or Pending()
        self.outcomes: Counter[str] = Counter()
        """Finished logins, by how they ended: ``entered``, or the reason why not."""

    async def begin(self, to: str, key: str) -> tuple[str, str]:
        """Where to send the browser, and the key for its cookie; `key` is the one it has, if any.

        Raises
        ------
        ProviderError
        """
        description = await self._provider.describe()
        now_s = self._clock.monotonic()
        if not key or not self.pending.knows(key, now_s):
            key = secrets.token_urlsafe(32)
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        self.pending.put(state, Begun(digest(key), nonce, verifier, to, self._clock.now(), now_s))
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": self.settings.redirect_uri,
            "scope": " ".join(self.settings.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge.decode(),
            "code_challenge_method": "S256",
        }
        return _with_query(description.authorization_endpoint, asked), key

    async def finish(self, answer: Mapping[str, str], key: str, address: str) -> Entered:
        """What the provider's redirect brought (`answer`, its query) as a session.

        Raises
        ------
        OidcRefusedError, StoreError
        """
        to = "/"
        try:
            self._people.attempt(address)
            begun = self.pending.take(answer.get("state", ""), key, self._clock.monotonic())
            if begun is None:
                raise OidcRefusedError("expired")
            to = begun.to
            found = await self._identified(answer, begun)
            admit = partial(self._outsiders.admit, self._outsider(found.claims), address, self._clock.now())
            person = await self._store.write(admit)
            session = await self._people.vouched(person, address, await self._hint(found))
        except (LoginThrottledError, OidcRefusedError, OutsiderRefusedError, ProviderError) as error:
            reason = _reason(error)
            self.outcomes[reason] += 1
            log.warning("a login by the provider is refused", reason=reason, told=str(error))
            if not isinstance(error, OutsiderRefusedError):
                await self._note(reason, address)
            raise OidcRefusedError(reason, to) from None
        self.outcomes["entered"] += 1
        return Entered(session, to)

    async def leave(self, person: Person, id_token: str | None) -> tuple[str, str] | None:
        """Where to send the browser of `person`, whose session is over, and the state it comes back with.

        `id_token` is what that session began with. None: there is nothing to log out of there.
        """
        if not self.settings.log_out_there or person.issuer != self.settings.issuer:
            return None
        try:
            endpoint = (await self._provider.describe()).end_session_endpoint
        except ProviderError as error:
            # The session here is over all the same.
            log.warning("nobody is logged out at the provider", told=str(error))
            return None
        if endpoint is None:
            return None
        state = secrets.token_urlsafe(32)
        asked = {
            "client_id": self.settings.client_id,
            "post_logout_redirect_uri": self.settings.left_uri,
            "state": state,
            # Without it the provider asks the person whether they mean it.
            **({"id_token_hint": id_token} if id_token is not None else {}),
        }
        return _with_query(endpoint, asked), state

    async def _identified(self, answer: Mapping[str, str], begun: Begun) -> Identified:
        description = await self._provider.describe()
        issuer = answer.get("iss")
        # RFC 9207: an answer of another provider, passed off as this one's.
        if issuer != self.settings.issuer and (
            issuer is not None or description.authorization_response_iss_parameter_supported
        ):
            raise OidcRefusedError("failed")
        if "error" in answer or not answer.get("code"):
            raise OidcRefusedError("denied" if answer.get("error") == "access_denied" else "failed")
        expected = Expected(
            self.settings.issuer, self.settings.client_id, begun.nonce, begun.at, self._clock.now()
        )
        try:
            return await self._provider.identify(answer["code"], begun.verifier, expected)
        except (TokenError, ExchangeRefusedError) as error:
            log.warning("the provider's answer is refused", issuer=self.settings.issuer, told=str(error))
            raise OidcRefusedError("failed") from None

    async def _hint(self, found: Identified) -> str | None:
        """What is kept of a login for its logout: nothing where there is none, or it is too long."""
        if not self.settings.log_out_there or len(found.id_token) > MAX_HINT:
            return None
        offered = (await self._provider.describe()).end_session_endpoint is not None
        return found.id_token if offered else None

    def _outsider(self, claims: Mapping[str, Any]) -> Outsider:
        name = value_at(claims, self.settings.username)
        return Outsider(
            Identity(self.settings.issuer, claims["sub"]),
            unicodedata.normalize("NFKC", name).strip() if isinstance(name, str) else "",
            self.settings.grant(texts_at(claims, self.settings.groups)),
        )

    async def _note(self, reason: Reason, address: str) -> None:
        """Nobody is known yet, so the entry has no subject."""
        if reason not in ("throttled", "unavailable"):
            await self._store.write(
                partial(self._outsiders.refused, self.settings.issuer, reason, address, self._clock.now())
            )


def _with_query(endpoint: str, asked: Mapping[str, str]) -> str:
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def _reason(error: Exception) -> Reason:
    match error:
        case OidcRefusedError() | OutsiderRefusedError():
            return error.reason
        case LoginThrottledError():
            return "throttled"
        case _:
            return "unavailable"


def is_own_path(to: str) -> bool:
    """Whether `to` is an address within the console, whichever way a browser reads it.

    ``//host`` and ``/\\host`` lead elsewhere, and tabs and line ends between are left out by browsers.
    """
    return (
        to.startswith("/")
        and not to.startswith(("//", "/\\"))
        and len(to) <= MAX_TO
        and all("!" <= letter <= "~" and letter != "\\" for letter in to)
        and not to.startswith("/api/")
    )
