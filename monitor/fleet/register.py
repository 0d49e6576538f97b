"""Invitations and certificates in the store: each change and its audit entry in one transaction.

A code lets in one key, once. Asked again with the same key, it gives the same certificate: an answer
may be lost on a bad uplink. A node has one certificate that lasts; a new one ends the older.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from monitor.fleet.authority import (
    HUB,
    NODE_NAME,
    RESERVED,
    Authority,
    PublicKey,
    key_bytes,
    pem_of,
    serial_of,
)
from monitor.fleet.code import Code
from monitor.fleet.natsconf import Holder
from monitor.fleet.roll import Roll
from monitor.store import Store
from monitor.store.audit import Chain
from monitor.store.errors import translated
from monitor.store.fleet_tables import fleet_certificates as certificates
from monitor.store.fleet_tables import fleet_invites as invites
from monitor.store.fleet_tables import fleet_nodes as nodes

REPLACED = "replaced by a newer certificate"


class FleetError(Exception):
    """What was asked cannot be; one line."""


class EnrolRefusedError(Exception):
    """The code lets nobody in; which of its faults it is, the audit says and the asker is not told."""


@dataclass(frozen=True, slots=True)
class Invite:
    node: str
    venue: str
    created_by: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Enrolled:
    node: str
    venue: str
    pem: str
    serial: str
    is_new: bool
    """False: this key had it already."""


@dataclass(frozen=True, slots=True)
class Paper:
    """A certificate that was not revoked."""

    node: str
    venue: str
    serial: str
    pem: str
    made_at: datetime
    ends_at: datetime


class FleetRegister:
    """Blocking. Every call may raise `StoreError`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.roll = Roll(store)

    def invite(self, actor: str, code: Code, invite: Invite) -> None:
        """Keep the digest of a code. Raises `FleetError` if `invite.node` can be no name."""
        if not NODE_NAME.fullmatch(invite.node) or invite.node in RESERVED:
            raise FleetError(
                f"{invite.node!r} is no name of a node: letters, digits, _ and -, 32 at most, and not 'hub'"
            )

        def work(db: sa.Connection) -> None:
            # One open invitation a node: a second one is made because the first was lost.
            open_ones = sa.and_(invites.c.node == invite.node, invites.c.serial.is_(None))
            db.execute(sa.delete(invites).where(open_ones))
            row = {
                "code_digest": code.digest,
                "node": invite.node,
                "venue": invite.venue,
                "created_by": actor,
                "created_at": invite.created_at,
                "expires_at": invite.expires_at,
                "serial": None,
            }
            db.execute(sa.insert(invites), [row])

        body = {"venue": invite.venue, "expires_at": invite.expires_at}
        self._store.change(actor, "node.invited", invite.node, body, invite.created_at, work)

    def enrol(
        self,
        code_digest: str,
        key: PublicKey,
        authority: Authority,
        lasts: timedelta,
        address: str,
        now: datetime,
    ) -> Enrolled:
        """The certificate for `key`, for who holds the code of that digest.

        Raises
        ------
        EnrolRefusedError
            If the code is unknown, too old, or was used by another key. That is in the audit.
        """
        digest = hashlib.sha256(key_bytes(key)).hexdigest()
        with translated(), self._store.writer.begin() as db:
            chain = Chain(db)
            row = db.execute(sa.select(invites).where(invites.c.code_digest == code_digest)).one_or_none()
            fault = _fault(db, row, digest, now)
            if fault is not None:
                chain.append(now, "", "node.enrol-refused", row.node if row else "",
                             {"address": address, "reason": fault})  # fmt: skip
                chain.flush()
            elif row is not None and row.serial is not None:
                had = db.execute(sa.select(certificates).where(certificates.c.serial == row.serial)).one()
                return Enrolled(had.node, had.venue, had.pem, had.serial, is_new=False)
            elif row is not None:
                made = authority.sign_client(key, row.node, row.venue, now, lasts)
                _end_others(db, chain, row.node, now)
                _insert(db, made, row.node, row.venue, digest, row.created_by, address, now)
                db.execute(
                    sa.update(invites).where(invites.c.code_digest == code_digest)
                    .values(serial=serial_of(made))
                )  # fmt: skip
                body = {"venue": row.venue, "serial": serial_of(made), "address": address}
                chain.append(now, row.created_by, "node.enrolled", row.node, body)
                chain.flush()
                return Enrolled(row.node, row.venue, pem_of(made), serial_of(made), is_new=True)
        # Outside: what was noted of a refusal stays.
        raise EnrolRefusedError(fault or "")

    def enrol_hub(self, actor: str, key: PublicKey, authority: Authority, now: datetime) -> Enrolled:
        """A certificate for this hub itself; the older ones end."""
        made = authority.sign_client(key, HUB, "", now, timedelta(days=3650))
        digest = hashlib.sha256(key_bytes(key)).hexdigest()
        with translated(), self._store.writer.begin() as db:
            chain = Chain(db)
            _end_others(db, chain, HUB, now)
            _insert(db, made, HUB, "", digest, actor, "", now)
            chain.append(now, actor, "node.enrolled", HUB, {"venue": "", "serial": serial_of(made)})
            chain.flush()
        return Enrolled(HUB, "", pem_of(made), serial_of(made), is_new=True)

    def revoke(self, actor: str, node: str, reason: str, now: datetime) -> str:
        """Shut out whoever holds the node's certificate; its serial. Open invitations end, too.

        Raises
        ------
        FleetError
            If the node has none that lasts.
        """

        def work(db: sa.Connection) -> str:
            lasting = sa.and_(certificates.c.node == node, certificates.c.revoked_at.is_(None))
            serials = db.execute(sa.select(certificates.c.serial).where(lasting)).scalars().all()
            dropped = db.execute(
                sa.delete(invites).where(invites.c.node == node, invites.c.serial.is_(None))
            ).rowcount
            if not serials and not dropped:
                raise FleetError(f"there is no node '{node}' that could be revoked")
            db.execute(
                sa.update(certificates).where(lasting)
                .values(revoked_at=now, revoked_by=actor, reason=reason)
            )  # fmt: skip
            return serials[0] if serials else ""

        return self._store.change(actor, "node.revoked", node, {"reason": reason}, now, work)

    def holders(self, now: datetime) -> list[Holder]:
        """Who may connect."""
        lasting = sa.and_(certificates.c.revoked_at.is_(None), certificates.c.ends_at > now)
        with translated(), self._store.reader.connect() as db:
            table = certificates.c
            rows = db.execute(sa.select(table.serial, table.node, table.venue).where(lasting))
            return [Holder(row.serial, row.node, row.venue) for row in rows]

    def papers(self) -> dict[str, tuple[Paper, ...]]:
        """Each node's certificates that were not revoked, the newest first; this hub itself is none of them.

        There are two while a renewed one was not used yet.
        """
        wanted = sa.and_(certificates.c.revoked_at.is_(None), certificates.c.node != HUB)
        found: dict[str, tuple[Paper, ...]] = {}
        with translated(), self._store.reader.connect() as db:
            for row in db.execute(_PAPER.where(wanted).order_by(certificates.c.enrolled_at.desc())):
                found[row.node] = (*found.get(row.node, ()), _paper(row))
        return found

    def papers_of(self, node: str) -> tuple[Paper, ...]:
        """Those of one node."""
        wanted = sa.and_(certificates.c.revoked_at.is_(None), certificates.c.node == node)
        with translated(), self._store.reader.connect() as db:
            rows = db.execute(_PAPER.where(wanted).order_by(certificates.c.enrolled_at.desc()))
            return tuple(_paper(row) for row in rows)

    def retired(self) -> frozenset[str]:
        """Nodes that had a certificate, and have none that was not revoked."""
        table = certificates.c
        with translated(), self._store.reader.connect() as db:
            rows = db.execute(sa.select(table.node, table.revoked_at).where(table.node != HUB)).all()
        kept = {row.node for row in rows if row.revoked_at is None}
        return frozenset({row.node for row in rows} - kept)

    def renew(
        self,
        node: str,
        serial: str,
        key: PublicKey,
        authority: Authority,
        lasts: timedelta,
        address: str,
        now: datetime,
    ) -> Enrolled:
        """A certificate for the new `key` of a node that has shown to hold the one of `serial`.

        The older one lasts until the new is used: an answer may be lost. Asked again with the same key,
        it gives the same.

        Raises
        ------
        FleetError
            If `serial` does not last, or has more than half of its time left.
        """
        digest = hashlib.sha256(key_bytes(key)).hexdigest()
        lasting = sa.and_(
            certificates.c.node == node, certificates.c.revoked_at.is_(None), certificates.c.ends_at > now
        )
        with translated(), self._store.writer.begin() as db:
            query = sa.select(certificates).where(lasting).order_by(certificates.c.enrolled_at.desc())
            rows = db.execute(query).all()
            shown = next((row for row in rows if row.serial == serial), None)
            if shown is None:
                raise FleetError("its certificate does not last any more: it must be invited again")
            same = next((row for row in rows if row.key_digest == digest), None)
            if same is not None:
                return Enrolled(node, same.venue, same.pem, same.serial, is_new=False)
            if shown.ends_at - now > (shown.ends_at - shown.enrolled_at) / 2:
                raise FleetError("its certificate has more than half of its time left")
            chain = Chain(db)
            unused = [row.serial for row in rows if row.enrolled_at > shown.enrolled_at]
            _end(db, chain, node, unused, now)
            made = authority.sign_client(key, node, shown.venue, now, lasts)
            _insert(db, made, node, shown.venue, digest, shown.invited_by, address, now)
            body = {"venue": shown.venue, "serial": serial_of(made), "before": serial, "address": address}
            chain.append(now, "", "node.renewed", node, body)
            chain.flush()
            return Enrolled(node, shown.venue, pem_of(made), serial_of(made), is_new=True)

    def used(self, node: str, serial: str, now: datetime) -> None:
        """The node holds the certificate of `serial`: its older ones end."""
        with translated(), self._store.writer.begin() as db:
            chain = Chain(db)
            lasting = sa.and_(certificates.c.node == node, certificates.c.revoked_at.is_(None))
            serials = db.execute(sa.select(certificates.c.serial).where(lasting)).scalars().all()
            if serial in serials:
                _end(db, chain, node, [one for one in serials if one != serial], now)
            chain.flush()


_PAPER = sa.select(
    certificates.c.node, certificates.c.venue, certificates.c.serial, certificates.c.pem,
    certificates.c.enrolled_at, certificates.c.ends_at,
)  # fmt: skip


def _paper(row: sa.Row[*tuple[Any, ...]]) -> Paper:
    return Paper(row.node, row.venue, row.serial, row.pem, row.enrolled_at, row.ends_at)


def _fault(db: sa.Connection, row: sa.Row[Any] | None, key_digest: str, now: datetime) -> str | None:
    if row is None:
        return "unknown code"
    if row.serial is None:
        return "code too old" if row.expires_at <= now else None
    had = db.execute(sa.select(certificates).where(certificates.c.serial == row.serial)).one()
    if had.key_digest != key_digest:
        return "code used before"
    return "revoked" if had.revoked_at is not None else None


def _end_others(db: sa.Connection, chain: Chain, node: str, now: datetime) -> None:
    lasting = sa.and_(certificates.c.node == node, certificates.c.revoked_at.is_(None))
    _end(db, chain, node, db.execute(sa.select(certificates.c.serial).where(lasting)).scalars().all(), now)
    # Another machine from here on: what was heard of the one before says nothing of it.
    db.execute(sa.delete(nodes).where(nodes.c.node == node))


def _end(db: sa.Connection, chain: Chain, node: str, serials: Sequence[str], now: datetime) -> None:
    for serial in serials:
        chain.append(now, "", "node.replaced", node, {"serial": serial})
    these = certificates.c.serial.in_(serials)
    db.execute(sa.update(certificates).where(these).values(revoked_at=now, revoked_by="", reason=REPLACED))


def _insert(
    db: sa.Connection,
    made: Any,
    node: str,
    venue: str,
    key_digest: str,
    invited_by: str,
    address: str,
    now: datetime,
) -> None:
    row = {
        "serial": serial_of(made),
        "node": node,
        "venue": venue,
        "key_digest": key_digest,
        "pem": pem_of(made),
        "invited_by": invited_by,
        "enrolled_at": now,
        "address": address,
        "ends_at": made.not_valid_after_utc,
        "revoked_at": None,
        "revoked_by": None,
        "reason": None,
    }
    db.execute(sa.insert(certificates), [row])
