"""Logging in and out, for the event loop.

    name, password ──throttle──> argon2 in a thread ──> session key (to the browser) + digest (kept)
    a provider's word (`monitor.oidc`) ──throttle──────────┘

The token against forged requests is derived from the key: a page of somebody else cannot
read it, and nothing more need be kept.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol, TypeVar

from monitor.clock import Clock
from monitor.people.passwords import fault_of, fits, hash_password, one_time_password
from monitor.people.register import Login, PeopleError, Person, Register, Token
from monitor.people.roles import GRANTED, Permission, Role
from monitor.people.scope import Scope
from monitor.people.throttle import Throttle

LASTS = timedelta(hours=12)
"""A shift. Who comes back the next day logs in again."""
LONGEST_TOKEN = timedelta(days=400)
TOKEN_PREFIX = "ewt_"  # noqa: S105 - what each begins with
"""So that a token that was left somewhere is known for what it is."""
FIRST_NAME = "admin"
SETUP = "setup"
T = TypeVar("T")


class LoginRefusedError(Exception):
    """Name and password do not go together, or the person is disabled; which of them is not told."""


class LoginThrottledError(Exception):
    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many logins failed; wait {wait_s:.0f} s")
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is logged in, as a request shows."""

    key: str
    login: Login
    is_token: bool = False

    @property
    def person(self) -> Person:
        return self.login.person

    @property
    def granted(self) -> frozenset[Permission]:
        """What the person may, and of that what the token was made for."""
        role = GRANTED[self.login.person.role]
        return role if self.login.permissions is None else role & self.login.permissions

    @property
    def csrf(self) -> str:
        return hmac.new(self.key.encode(), b"examwatch csrf 1", hashlib.sha256).hexdigest()


class Executor(Protocol):
    """The store's threads: one that writes, some that read."""

    async def write(self, work: Callable[[], T]) -> T: ...

    async def read(self, work: Callable[[], T]) -> T: ...


class People:
    def __init__(self, register: Register, store: Executor, clock: Clock) -> None:
        self._register = register
        self._store = store
        self._clock = clock
        self._throttle = Throttle()
        # One at a time: each takes 64 MiB and a core for a tenth of a second.
        self._hashing = ThreadPoolExecutor(1, thread_name_prefix="argon2")

    async def first_administrator(self) -> tuple[str, str] | None:
        """Where there is nobody yet, make one; the name and the password for one use. Raises `StoreError`."""
        if await self._store.read(self._register.everyone):
            return None
        _, password = await self.add(SETUP, FIRST_NAME, "administrator")
        return FIRST_NAME, password

    async def log_in(self, name: str, password: str, address: str) -> Session:
        """
        Raises
        ------
        LoginRefusedError, LoginThrottledError, StoreError
        """
        keys = (f"name {name.lower()}", f"address {address}")
        self._attempt(keys)
        found = await self._store.read(partial(self._register.find, name))
        good = await self._hash(partial(fits, password, found[1] if found else None))
        if found is None or not good or found[0].disabled:
            await self._store.write(partial(self._register.refused, name, address, self._clock.now()))
            raise LoginRefusedError
        self._throttle.succeeded(keys)
        return await self._begin(found[0], address)

    def attempt(self, address: str) -> None:
        """Count an attempt by a provider as failed until it is `vouched`. Raises `LoginThrottledError`."""
        self._attempt((f"address {address}",))

    async def vouched(self, person: Person, address: str, id_token: str | None) -> Session:
        """A session for somebody whom a provider has just vouched for. Raises `StoreError`."""
        self._throttle.succeeded((f"address {address}",))
        return await self._begin(person, address, id_token)

    def _attempt(self, keys: tuple[str, ...]) -> None:
        now_s = self._clock.monotonic()
        wait_s = self._throttle.wait_s(keys, now_s)
        if wait_s > 0:
            raise LoginThrottledError(wait_s)
        self._throttle.attempt(keys, now_s)

    async def _begin(self, person: Person, address: str, id_token: str | None = None) -> Session:
        key, now = secrets.token_urlsafe(32), self._clock.now()
        expires_at = now + LASTS
        begin = partial(self._register.begin, _digest(key), person.name, now, expires_at, address)
        await self._store.write(partial(begin, person.issuer, id_token))
        return Session(key, Login(person, expires_at))

    async def who(self, key: str) -> Session | None:
        """The session that a request's key stands for. Raises `StoreError`."""
        login = await self._store.read(partial(self._register.login, _digest(key), self._clock.now()))
        return Session(key, login) if login is not None else None

    async def bearer(self, token: str) -> Session | None:
        """What a token stands for. Raises `StoreError`."""
        if not token.startswith(TOKEN_PREFIX):
            return None
        login = await self._store.read(partial(self._register.token_login, _digest(token), self._clock.now()))
        return Session(token, login, is_token=True) if login is not None else None

    async def add_token(
        self, actor: str, name: str, permissions: frozenset[Permission], lasts: timedelta, note: str
    ) -> tuple[Token, str]:
        """A key for a program, and its text, which is kept nowhere. Raises `PeopleError`, `StoreError`."""
        if not timedelta(0) < lasts <= LONGEST_TOKEN:
            raise PeopleError(f"a token lasts 1 to {LONGEST_TOKEN.days} days")
        text, now = TOKEN_PREFIX + secrets.token_urlsafe(32), self._clock.now()
        token = Token(secrets.token_hex(6), name, note, permissions, now, now + lasts)
        await self._store.write(partial(self._register.add_token, actor, token, _digest(text), now))
        return token, text

    async def tokens(self) -> list[Token]:
        return await self._store.read(partial(self._register.tokens, self._clock.now()))

    async def end_token(self, actor: str, token_id: str) -> bool:
        return await self._store.write(partial(self._register.end_token, actor, token_id, self._clock.now()))

    async def set_scope(self, actor: str, name: str, scope: Scope) -> Person:
        return await self._store.write(
            partial(self._register.set_scope, actor, name, scope, self._clock.now())
        )

    async def log_out(self, session: Session) -> str | None:
        """End it; the answer is the provider's word with which it began, if one did."""
        return await self._store.write(
            partial(self._register.end, _digest(session.key), session.person.name, self._clock.now())
        )

    async def change_password(self, session: Session, old: str, new: str, address: str) -> Session:
        """Give oneself another password; all older sessions end, a new one begins.

        Raises
        ------
        LoginRefusedError, LoginThrottledError, PeopleError, StoreError
        """
        name = session.person.name
        fault = fault_of(new, name) or ("the new password is the old one" if new == old else None)
        if fault is not None:
            raise PeopleError(fault)
        await self.log_in(name, old, address)
        hashed = await self._hash(partial(hash_password, new))
        person = await self._store.write(
            partial(self._register.set_password, name, name, hashed, self._clock.now(), must_change=False)
        )
        return await self._begin(person, address)

    async def everyone(self) -> list[Person]:
        return await self._store.read(self._register.everyone)

    async def add(self, actor: str, name: str, role: Role) -> tuple[Person, str]:
        """A new person and the password for one use. Raises `PeopleError`, `StoreError`."""
        password = one_time_password()
        hashed = await self._hash(partial(hash_password, password))
        add = partial(self._register.add, actor, name, role, hashed, self._clock.now())
        return await self._store.write(add), password

    async def set_role(self, actor: str, name: str, role: Role) -> Person:
        return await self._store.write(partial(self._register.set_role, actor, name, role, self._clock.now()))

    async def set_disabled(self, actor: str, name: str, *, disabled: bool) -> Person:
        return await self._store.write(
            partial(self._register.set_disabled, actor, name, disabled, self._clock.now())
        )

    async def reset_password(self, actor: str, name: str) -> tuple[Person, str]:
        password = one_time_password()
        hashed = await self._hash(partial(hash_password, password))
        change = partial(
            self._register.set_password, actor, name, hashed, self._clock.now(), must_change=True
        )
        return await self._store.write(change), password

    def _hash(self, work: Callable[[], T]) -> Awaitable[T]:
        return asyncio.get_running_loop().run_in_executor(self._hashing, work)

    def close(self) -> None:
        self._hashing.shutdown(wait=False)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
