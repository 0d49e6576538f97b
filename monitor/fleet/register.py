"""Invitations and certificates in the store: each change and its audit entry in one transaction.

A code lets in one key, once. Asked again with the same key, it gives the same certificate: an answer
may be lost on a bad uplink. A node has one certificate that lasts; a new one ends the older.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

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
from monitor.store import Store
from monitor.store.audit import Chain
from monitor.store.errors import translated
from monitor.store.fleet_tables import fleet_certificates as certificates
from monitor.store.fleet_tables import fleet_invites as invites
from monitor.store.fleet_tables import fleet_nodes as nodes

REPLACED = "replaced by a newer certificate"
NodeState = Literal["invited", "enrolled", "revoked", "expired"]
T = TypeVar("T")


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
class Node:
    """A row of ``sensor list``; times that are not known are None."""

    node: str
    venue: str
    state: NodeState
    serial: str | None
    invited_by: str
    enrolled_at: datetime | None
    last_seen: datetime | None
    certificate_ends_at: datetime | None
    revoked_at: datetime | None
    reason: str | None
    software: str | None
    release: int | None
    health: str | None
    clock_offset_s: float | None
    cloned_at: datetime | None


class FleetRegister:
    """Blocking. Every call may raise `StoreError`."""

    def __init__(self, store: Store) -> None:
        self._store = store

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

    def certificate(self, node: str, now: datetime) -> str | None:
        """The node's certificate that lasts, as PEM."""
        lasting = sa.and_(
            certificates.c.node == node, certificates.c.revoked_at.is_(None), certificates.c.ends_at > now
        )
        with translated(), self._store.reader.connect() as db:
            return db.execute(sa.select(certificates.c.pem).where(lasting)).scalars().first()

    def lasting(self, now: datetime) -> dict[str, tuple[str, str, str]]:
        """Node to serial, venue and PEM of its certificate that lasts; this hub itself is none of them."""
        wanted = sa.and_(
            certificates.c.revoked_at.is_(None), certificates.c.ends_at > now, certificates.c.node != HUB
        )
        table = certificates.c
        with translated(), self._store.reader.connect() as db:
            rows = db.execute(sa.select(table.node, table.serial, table.venue, table.pem).where(wanted))
            return {row.node: (row.serial, row.venue, row.pem) for row in rows}

    def list(self, now: datetime) -> list[Node]:
        """Each node once, with its newest certificate, or its invitation where it has none; by name."""
        with translated(), self._store.reader.connect() as db:
            newest = {
                row["node"]: row
                for row in db.execute(sa.select(certificates).order_by(certificates.c.enrolled_at)).mappings()
                if row["node"] != HUB
            }
            asked = {
                row["node"]: row
                for row in db.execute(sa.select(invites).where(invites.c.serial.is_(None))).mappings()
                if row["expires_at"] > now
            }
            seen = {row["node"]: row for row in db.execute(sa.select(nodes)).mappings()}
        made = [_node(row, seen.get(name), now) for name, row in newest.items()]
        made += [_invited(row) for name, row in asked.items() if name not in newest]
        return sorted(made, key=lambda one: one.node)

    def save_seen(self, rows: dict[str, tuple[datetime, dict[str, Any]]]) -> None:
        """What was last heard of each node; not in the audit, which would hold little else."""
        if not rows:
            return
        with translated(), self._store.writer.begin() as db:
            db.execute(sa.delete(nodes).where(nodes.c.node.in_(rows)))
            values = [{"node": name, "seen_at": at, "body": body} for name, (at, body) in rows.items()]
            db.execute(sa.insert(nodes), values)


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
    for serial in db.execute(sa.select(certificates.c.serial).where(lasting)).scalars().all():
        chain.append(now, "", "node.replaced", node, {"serial": serial})
    db.execute(sa.update(certificates).where(lasting).values(revoked_at=now, revoked_by="", reason=REPLACED))


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


def _node(row: sa.RowMapping, seen: sa.RowMapping | None, now: datetime) -> Node:
    if row["revoked_at"] is not None:
        state: NodeState = "revoked"
    else:
        state = "expired" if row["ends_at"] <= now else "enrolled"
    told: dict[str, Any] = seen["body"] if seen is not None else {}
    cloned_at = told.get("cloned_at")
    return Node(
        node=row["node"],
        venue=row["venue"],
        state=state,
        serial=row["serial"],
        invited_by=row["invited_by"],
        enrolled_at=row["enrolled_at"],
        last_seen=seen["seen_at"] if seen is not None else None,
        certificate_ends_at=row["ends_at"],
        revoked_at=row["revoked_at"],
        reason=row["reason"],
        software=told.get("software"),
        release=told.get("release"),
        health=told.get("health"),
        clock_offset_s=told.get("clock_offset_s"),
        cloned_at=datetime.fromisoformat(cloned_at) if cloned_at else None,
    )


def _invited(row: sa.RowMapping) -> Node:
    return Node(
        node=row["node"],
        venue=row["venue"],
        state="invited",
        serial=None,
        invited_by=row["created_by"],
        enrolled_at=None,
        last_seen=None,
        certificate_ends_at=None,
        revoked_at=None,
        reason=None,
        software=None,
        release=None,
        health=None,
        clock_offset_s=None,
        cloned_at=None,
    )
