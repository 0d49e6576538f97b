"""Every node once, as the register and its own reports have it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa

from monitor.fleet.authority import HUB
from monitor.store import Store
from monitor.store.errors import translated
from monitor.store.fleet_tables import fleet_certificates as certificates
from monitor.store.fleet_tables import fleet_invites as invites
from monitor.store.fleet_tables import fleet_nodes as nodes

NodeState = Literal["invited", "enrolled", "revoked", "expired"]


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
    expires_at: datetime | None
    """Of the invitation."""
    revoked_at: datetime | None
    revoked_by: str | None
    reason: str | None
    software: str | None
    release: int | None
    refused: int | None
    """The release it could not take; 0: none."""
    refused_why: str | None
    health: str | None
    problem: str | None
    clock_offset_s: float | None
    cloned_at: datetime | None


class Roll:
    """Blocking. Every call may raise `StoreError`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, now: datetime) -> list[Node]:
        """Each node once, with its newest certificate, or its invitation where it has none that was not
        revoked; by name.
        """
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
        gone = {name for name, row in newest.items() if row["revoked_at"] is not None}
        awaited = {name: row for name, row in asked.items() if name not in newest or name in gone}
        made = [_node(row, seen.get(name), now) for name, row in newest.items() if name not in awaited]
        made += map(_invited, awaited.values())
        return sorted(made, key=lambda one: one.node)

    def save_seen(self, rows: dict[str, tuple[datetime, dict[str, Any]]]) -> None:
        """What was last heard of each node; not in the audit, which would hold little else."""
        if not rows:
            return
        with translated(), self._store.writer.begin() as db:
            had = db.execute(sa.select(nodes.c.node, nodes.c.seen_at).where(nodes.c.node.in_(rows)))
            # Another hub may have heard it since.
            later = {row.node for row in had if row.seen_at > rows[row.node][0]}
            values = [
                {"node": name, "seen_at": at, "body": body}
                for name, (at, body) in rows.items()
                if name not in later
            ]
            if values:
                db.execute(sa.delete(nodes).where(nodes.c.node.in_([row["node"] for row in values])))
                db.execute(sa.insert(nodes), values)

    def seen(self) -> dict[str, tuple[datetime, dict[str, Any]]]:
        """What was last heard of each node, by whichever hub."""
        with translated(), self._store.reader.connect() as db:
            return {row.node: (row.seen_at, row.body) for row in db.execute(sa.select(nodes))}


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
        expires_at=None,
        revoked_at=row["revoked_at"],
        revoked_by=row["revoked_by"],
        reason=row["reason"],
        software=told.get("software"),
        release=told.get("release"),
        refused=told.get("refused"),
        refused_why=told.get("refused_why"),
        health=told.get("health"),
        problem=told.get("problem"),
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
        expires_at=row["expires_at"],
        revoked_at=None,
        revoked_by=None,
        reason=None,
        software=None,
        release=None,
        refused=None,
        refused_why=None,
        health=None,
        problem=None,
        clock_offset_s=None,
        cloned_at=None,
    )
