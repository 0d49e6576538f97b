"""People whom a provider of logins vouches for, in the database.

    (issuer, subject) ──known?──> the person, with role and scope as the groups say today
                      └─not yet─> a new person without a password, if the name is free

A name, a mail address or a group can change hands at a provider; the subject cannot, and it
alone says who somebody is. A name that is taken here is never taken over.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from monitor.people.register import NAME, Person, person_of
from monitor.people.roles import Role
from monitor.people.scope import Scope
from monitor.store import Store
from monitor.store.errors import translated
from monitor.store.people_tables import logins, people, tokens

ACTOR = "daemon"
"""Who adds and changes these people: the provider's word, carried out by the daemon."""
Reason = Literal["no-group", "disabled", "name-taken", "bad-name"]


@dataclass(frozen=True, slots=True)
class Identity:
    issuer: str
    subject: str


@dataclass(frozen=True, slots=True)
class Grant:
    """What a group gives."""

    group: str
    role: Role
    scope: Scope


@dataclass(frozen=True, slots=True)
class Outsider:
    """Somebody whom a provider has just vouched for."""

    identity: Identity
    name: str
    """What the provider calls the person; it counts at the first login alone."""
    grant: Grant | None
    """None: no group that means anything here."""


class OutsiderRefusedError(Exception):
    """Known to the provider, and yet not let in."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason: Reason = reason


class Outsiders:
    """Blocking. Every call may raise `StoreError`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def admit(self, outsider: Outsider, address: str, now: datetime) -> Person:
        """The person, added or renewed as the groups say. Every refusal stands in the audit.

        Raises
        ------
        OutsiderRefusedError
        """
        person = self._find(outsider.identity)
        try:
            if person is not None and person.disabled:
                raise OutsiderRefusedError("disabled")
            if outsider.grant is None:
                raise OutsiderRefusedError("no-group")
            if person is None:
                return self._add(outsider, outsider.grant, now)
            return self._renew(person, outsider, outsider.grant, now)
        except OutsiderRefusedError as refusal:
            self._refuse(outsider, person.name if person is not None else "", refusal.reason, address, now)
            raise

    def refused(self, issuer: str, reason: str, address: str, now: datetime) -> None:
        """Note a login that failed before it was known whose it is."""
        body = {"address": address, "reason": reason, "issuer": issuer}
        self._store.change("", "user.login-refused", "", body, now, lambda _: None)

    def _find(self, identity: Identity) -> Person | None:
        with translated(), self._store.reader.connect() as db:
            row = db.execute(sa.select(people).where(_is(identity))).mappings().one_or_none()
            return person_of(row) if row is not None else None

    def _add(self, outsider: Outsider, grant: Grant, now: datetime) -> Person:
        name, identity = outsider.name, outsider.identity
        if not NAME.fullmatch(name):
            raise OutsiderRefusedError("bad-name")

        def work(db: sa.Connection) -> Person:
            # Names that differ in their spelling alone would be taken for one person by all who read them.
            taken = {_alike(known) for known in db.execute(sa.select(people.c.name)).scalars()}
            if _alike(name) in taken:
                raise OutsiderRefusedError("name-taken")
            row = {
                "name": name,
                "disabled": False,
                "must_change": False,
                "created_at": now,
                "password_hash": None,
                "issuer": identity.issuer,
                "subject": identity.subject,
                **_values(grant),
            }
            db.execute(sa.insert(people), [row])
            return person_of(db.execute(sa.select(people).where(_is(identity))).mappings().one())

        return self._store.change(ACTOR, "user.added", name, _said(outsider, grant), now, work)

    def _renew(self, person: Person, outsider: Outsider, grant: Grant, now: datetime) -> Person:
        if (person.role, person.scope) == (grant.role, grant.scope):
            return person

        def work(db: sa.Connection) -> Person:
            db.execute(sa.update(people).where(people.c.name == person.name).values(_values(grant)))
            db.execute(sa.delete(logins).where(logins.c.name == person.name))
            return person_of(db.execute(sa.select(people).where(_is(outsider.identity))).mappings().one())

        return self._store.change(ACTOR, "user.role", person.name, _said(outsider, grant), now, work)

    def _refuse(self, outsider: Outsider, name: str, reason: Reason, address: str, now: datetime) -> None:
        def work(db: sa.Connection) -> None:
            if reason == "no-group":
                # Who has lost all groups goes on with nothing: neither in another browser nor by a program.
                for table in (logins, tokens):
                    db.execute(sa.delete(table).where(table.c.name == name))

        body = {
            "address": address,
            "reason": reason,
            "issuer": outsider.identity.issuer,
            "subject": outsider.identity.subject,
        }
        self._store.change(name, "user.login-refused", name, body, now, work)


def _is(identity: Identity) -> sa.ColumnElement[bool]:
    return sa.and_(people.c.issuer == identity.issuer, people.c.subject == identity.subject)


def _values(grant: Grant) -> dict[str, Any]:
    venues = None if grant.scope.venues is None else sorted(grant.scope.venues)
    return {"role": grant.role, "venues": venues, "department": grant.scope.department}


def _said(outsider: Outsider, grant: Grant) -> dict[str, Any]:
    identity = {"issuer": outsider.identity.issuer, "subject": outsider.identity.subject}
    return _values(grant) | identity | {"group": grant.group}


def _alike(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()
