"""People and their sessions in the database; each change and its audit entry in one transaction.

The key of a session is known to its browser alone: the table holds its digest. A change of
a person's role, password or state ends all sessions of that person. There is always an
administrator who can log in, with a password: a provider may be down or gone. The last such
one is neither disabled nor given another role. Who comes from a provider (`outsiders`) has
role, scope and password there, and is changed here in nothing but being disabled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa

from monitor.people.roles import PERMISSIONS, ROLES, Permission, Role
from monitor.people.scope import EVERYTHING, Scope
from monitor.store import Store
from monitor.store.audit import Chain
from monitor.store.errors import translated
from monitor.store.people_tables import logins, people, tokens

NAME = re.compile(r"[\w][\w.@-]{0,63}")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    role: Role
    disabled: bool
    must_change: bool
    """The password was made for one use: nothing else is allowed before another is chosen."""
    created_at: datetime
    scope: Scope = EVERYTHING
    issuer: str | None = None
    """The provider that vouches for the person; None: a password of this installation's own does."""


@dataclass(frozen=True, slots=True)
class Login:
    """A session that lasts."""

    person: Person
    expires_at: datetime
    permissions: frozenset[Permission] | None = None
    """What a token was made for; None: all that the person may."""


@dataclass(frozen=True, slots=True)
class Token:
    """A key for a program."""

    id: str
    name: str
    note: str
    permissions: frozenset[Permission]
    created_at: datetime
    expires_at: datetime


class PeopleError(Exception):
    """What was asked of the register cannot be; the message is one line."""


class Register:
    """Blocking. Every call may raise `StoreError`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def everyone(self) -> list[Person]:
        with translated(), self._store.reader.connect() as db:
            return [
                person_of(row) for row in db.execute(sa.select(people).order_by(people.c.name)).mappings()
            ]

    def find(self, name: str) -> tuple[Person, str | None] | None:
        """A person and the hash of the password, None for whoever has none."""
        with translated(), self._store.reader.connect() as db:
            row = db.execute(sa.select(people).where(people.c.name == name)).mappings().one_or_none()
            return (person_of(row), row["password_hash"]) if row else None

    def add(self, actor: str, name: str, role: Role, password_hash: str, now: datetime) -> Person:
        """Raises `PeopleError` if the name is taken or is none."""
        if not NAME.fullmatch(name):
            raise PeopleError(f"{name!r} is no name: letters, digits, . _ @ - and at most 64 of them")

        def work(db: sa.Connection) -> Person:
            if db.execute(sa.select(people.c.name).where(people.c.name == name)).first():
                raise PeopleError(f"there is a '{name}' already")
            person = Person(name, role, disabled=False, must_change=True, created_at=now)
            db.execute(
                sa.insert(people),
                [
                    {
                        "name": name,
                        "role": role,
                        "disabled": False,
                        "must_change": True,
                        "created_at": now,
                        "password_hash": password_hash,
                        "department": None,
                        "venues": None,
                    }
                ],
            )
            return person

        return self._store.change(actor, "user.added", name, {"role": role}, now, work)

    def set_role(self, actor: str, name: str, role: Role, now: datetime) -> Person:
        """Raises `PeopleError`, as all changes do, for nobody known and for the last administrator."""
        return self._alter(actor, "user.role", name, {"role": role}, {"role": role}, now, own=True)

    def set_scope(self, actor: str, name: str, scope: Scope, now: datetime) -> Person:
        """What of all the person sees."""
        venues = None if scope.venues is None else sorted(scope.venues)
        values = {"venues": venues, "department": scope.department}
        return self._alter(actor, "user.scope", name, values, values, now, own=True)

    def add_token(self, actor: str, token: Token, key_digest: str, now: datetime) -> None:
        """Raises `PeopleError` if there is no such person."""

        def work(db: sa.Connection) -> None:
            if not db.execute(sa.select(people.c.name).where(people.c.name == token.name)).first():
                raise PeopleError(f"there is no '{token.name}'")
            db.execute(sa.delete(tokens).where(tokens.c.expires_at <= now))
            row = {
                "id": token.id,
                "key_digest": key_digest,
                "name": token.name,
                "note": token.note,
                "permissions": sorted(token.permissions),
                "created_at": token.created_at,
                "expires_at": token.expires_at,
            }
            db.execute(sa.insert(tokens), [row])

        body = {
            "name": token.name,
            "permissions": sorted(token.permissions),
            "expires_at": token.expires_at,
            "note": token.note,
        }
        self._store.change(actor, "token.added", token.id, body, now, work)

    def tokens(self, now: datetime) -> list[Token]:
        """Those that last, the newest first."""
        with translated(), self._store.reader.connect() as db:
            rows = db.execute(
                sa.select(tokens).where(tokens.c.expires_at > now).order_by(tokens.c.created_at.desc())
            ).mappings()
            return [
                Token(
                    row["id"], row["name"], row["note"], _permissions(row["permissions"]),
                    row["created_at"], row["expires_at"],
                )
                for row in rows
            ]  # fmt: skip

    def end_token(self, actor: str, token_id: str, now: datetime) -> bool:
        """False where there is none of that id."""
        with translated(), self._store.writer.begin() as db:
            if db.execute(sa.delete(tokens).where(tokens.c.id == token_id)).rowcount != 1:
                return False
            chain = Chain(db)
            chain.append(now, actor, "token.ended", token_id, {})
            chain.flush()
            return True

    def token_login(self, key_digest: str, now: datetime) -> Login | None:
        """Whom a token stands for, and what for, if it lasts and its person may still log in."""
        with translated(), self._store.reader.connect() as db:
            row = (
                db.execute(
                    sa.select(people, tokens.c.expires_at, tokens.c.permissions)
                    .join(tokens, tokens.c.name == people.c.name)
                    .where(tokens.c.key_digest == key_digest, tokens.c.expires_at > now)
                )
                .mappings()
                .one_or_none()
            )
            if row is None or row["disabled"]:
                return None
            return Login(person_of(row), row["expires_at"], _permissions(row["permissions"]))

    def set_disabled(self, actor: str, name: str, disabled: bool, now: datetime) -> Person:
        action = "user.disabled" if disabled else "user.enabled"
        return self._alter(actor, action, name, {}, {"disabled": disabled}, now)

    def set_password(
        self, actor: str, name: str, password_hash: str, now: datetime, *, must_change: bool
    ) -> Person:
        values = {"password_hash": password_hash, "must_change": must_change}
        body = {"must_change": must_change}
        return self._alter(actor, "user.password", name, body, values, now, own=True)

    def begin(
        self,
        key_digest: str,
        name: str,
        now: datetime,
        expires_at: datetime,
        address: str,
        issuer: str | None = None,
        id_token: str | None = None,
    ) -> None:
        """Note a new session, and let go of those that are over.

        `issuer` is who vouched for the person, `id_token` the words in which that was said.
        """
        body = {"address": address} | ({"issuer": issuer} if issuer is not None else {})

        def work(db: sa.Connection) -> None:
            db.execute(sa.delete(logins).where(logins.c.expires_at <= now))
            row = {
                "key_digest": key_digest,
                "name": name,
                "began_at": now,
                "expires_at": expires_at,
                "id_token": id_token,
            }
            db.execute(sa.insert(logins), [row])

        self._store.change(name, "user.login", name, body, now, work)

    def refused(self, name: str, address: str, now: datetime) -> None:
        """Note a login that failed; a name that nobody has could be a password typed in the wrong place."""
        known = self.find(name) is not None
        subject = name if known else ""
        self._store.change(subject, "user.login-refused", subject, {"address": address}, now, lambda _: None)

    def login(self, key_digest: str, now: datetime) -> Login | None:
        """The session of that key, if it lasts and its person may still log in."""
        with translated(), self._store.reader.connect() as db:
            row = (
                db.execute(
                    sa.select(people, logins.c.expires_at)
                    .join(logins, logins.c.name == people.c.name)
                    .where(logins.c.key_digest == key_digest, logins.c.expires_at > now)
                )
                .mappings()
                .one_or_none()
            )
            if row is None or row["disabled"]:
                return None
            return Login(person_of(row), row["expires_at"])

    def end(self, key_digest: str, name: str, now: datetime) -> str | None:
        """End a session; the answer is the provider's word with which it began, if one did."""

        def work(db: sa.Connection) -> str | None:
            mine = logins.c.key_digest == key_digest
            id_token = db.execute(sa.select(logins.c.id_token).where(mine)).scalar_one_or_none()
            db.execute(sa.delete(logins).where(mine))
            return id_token

        return self._store.change(name, "user.logout", name, {}, now, work)

    def link(self, actor: str, name: str, issuer: str, subject: str, now: datetime) -> Person:
        """From now on `issuer` vouches for the person, whose password is gone."""
        values = {"issuer": issuer, "subject": subject, "password_hash": None, "must_change": False}
        body = {"issuer": issuer, "subject": subject}
        with translated(), self._store.reader.connect() as db:
            same = sa.and_(people.c.issuer == issuer, people.c.subject == subject)
            other = db.execute(sa.select(people.c.name).where(same, people.c.name != name)).scalar()
        if other is not None:
            raise PeopleError(f"that subject of {issuer} is '{other}' already")
        return self._alter(actor, "user.linked", name, body, values, now)

    def _alter(
        self,
        actor: str,
        action: str,
        name: str,
        body: dict[str, Any],
        values: dict[str, Any],
        now: datetime,
        *,
        own: bool = False,
    ) -> Person:
        """Change a person; `own`: only one whom no provider vouches for."""

        def work(db: sa.Connection) -> Person:
            issuer = db.execute(sa.select(people.c.issuer).where(people.c.name == name)).scalar()
            if own and issuer is not None:
                raise PeopleError(f"'{name}' logs in at {issuer}: role, scope and password are kept there")
            had_administrator = has_administrator(db)
            changed = db.execute(sa.update(people).where(people.c.name == name).values(values))
            if changed.rowcount != 1:
                raise PeopleError(f"there is no '{name}'")
            if had_administrator and not has_administrator(db):
                raise PeopleError(f"'{name}' is the last administrator")
            db.execute(sa.delete(logins).where(logins.c.name == name))
            return person_of(db.execute(sa.select(people).where(people.c.name == name)).mappings().one())

        return self._store.change(actor, action, name, body, now, work)


def has_administrator(db: sa.Connection) -> bool:
    active = sa.and_(
        people.c.role == "administrator", people.c.disabled.is_(False), people.c.password_hash.is_not(None)
    )
    return db.execute(sa.select(people.c.name).where(active)).first() is not None


def person_of(row: sa.RowMapping) -> Person:
    role = str(row["role"])
    if role not in ROLES:
        raise PeopleError(f"'{row['name']}' has the role '{role}', which this version does not know")
    venues = None if row["venues"] is None else frozenset[str](row["venues"])
    scope = Scope(venues, row["department"])
    return Person(
        row["name"], role, row["disabled"], row["must_change"], row["created_at"], scope, row["issuer"]
    )


def _permissions(names: list[str]) -> frozenset[Permission]:
    return frozenset(one for one in PERMISSIONS if one in names)
