"""Releases and how far they got, in the store: each step and its audit entry in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from monitor.fleet.bundle import Manifest, pack, unpack
from monitor.fleet.register import FleetError
from monitor.fleet.rollout import Rollout
from monitor.store import Store
from monitor.store.audit import Chain
from monitor.store.errors import translated
from monitor.store.fleet_tables import fleet_releases as releases
from monitor.store.fleet_tables import fleet_rollouts as rollouts

DAEMON = "daemon"


@dataclass(frozen=True, slots=True)
class Release:
    serial: int
    made_by: str
    made_at: datetime
    note: str
    content: str
    rollout: Rollout


class Releases:
    """Blocking. Every call may raise `StoreError`."""

    def __init__(self, store: Store, key: Ed25519PrivateKey) -> None:
        self._store = store
        self._key = key

    def list(self, limit: int = 20) -> list[Release]:
        """The newest first."""
        with translated(), self._store.reader.connect() as db:
            return _read(db, limit)

    def bundle(self, serial: int) -> bytes:
        with translated(), self._store.reader.connect() as db:
            return db.execute(sa.select(releases.c.bundle).where(releases.c.serial == serial)).scalar_one()

    def begin(self, actor: str, files: Mapping[str, bytes], note: str, now: datetime) -> Release:
        """Number and sign `files`, and let their way to the nodes begin.

        Raises
        ------
        FleetError
            While another is under way.
        """
        with translated(), self._store.writer.begin() as db:
            newest = next(iter(_read(db, 1)), None)
            if newest is not None and newest.rollout.state == "running":
                raise FleetError(f"release {newest.serial} is under way: halt it or wait")
            serial = newest.serial + 1 if newest is not None else 1
            made = self._insert(db, serial, actor, files, note, now, Rollout(serial, now))
            chain = Chain(db)
            body = {"content": made.content, "note": note, "n_files": len(files)}
            chain.append(now, actor, "fleet.release-begun", str(serial), body)
            chain.flush()
            return made

    def save(self, before: Rollout, after: Rollout, now: datetime, actor: str = DAEMON) -> bool:
        """Keep a step; False where somebody else took one meanwhile. Going back makes the release anew
        that was good before, under the next number.
        """
        with translated(), self._store.writer.begin() as db:
            row = sa.and_(rollouts.c.serial == after.serial, rollouts.c.state == before.state)
            values = {"state": after.state, "updated_at": now, "body": msgspec.to_builtins(after)}
            if db.execute(sa.update(rollouts).where(row).values(values)).rowcount != 1:
                return False
            action = _action(before, after)
            if action is None:
                return True
            chain = Chain(db)
            body: dict[str, Any] = {"stage": after.stage, "why": after.why, "n_nodes": len(after.nodes)}
            chain.append(now, actor, action, str(after.serial), body)
            if after.state == "rolled-back":
                self._take_back(db, chain, after, now)
            chain.flush()
            return True

    def _take_back(self, db: sa.Connection, chain: Chain, bad: Rollout, now: datetime) -> None:
        good = next((one for one in _read(db, 1000) if one.rollout.state == "done"), None)
        if good is None:
            return
        raw = db.execute(sa.select(releases.c.bundle).where(releases.c.serial == good.serial)).scalar_one()
        files = unpack(raw, self._key.public_key()).files
        serial = bad.serial + 1
        why = f"takes back {bad.serial}, has the files of {good.serial}"
        made = self._insert(db, serial, DAEMON, files, why, now, Rollout(serial, now, state="done", why=why))
        body = {"content": made.content, "bad": bad.serial, "good": good.serial}
        chain.append(now, DAEMON, "fleet.release-restored", str(serial), body)

    def _insert(
        self,
        db: sa.Connection,
        serial: int,
        by: str,
        files: Mapping[str, bytes],
        note: str,
        now: datetime,
        rollout: Rollout,
    ) -> Release:
        raw = pack(files, serial, by, now, note, self._key)
        manifest: Manifest = unpack(raw, self._key.public_key()).manifest
        row = {
            "serial": serial,
            "made_by": by,
            "made_at": now,
            "note": note,
            "content": manifest.content,
            "bundle": raw,
        }
        db.execute(sa.insert(releases), [row])
        state = {
            "serial": serial,
            "state": rollout.state,
            "updated_at": now,
            "body": msgspec.to_builtins(rollout),
        }
        db.execute(sa.insert(rollouts), [state])
        return Release(serial, by, now, note, manifest.content, rollout)


def _action(before: Rollout, after: Rollout) -> str | None:
    if after.state != before.state:
        return {"done": "fleet.release-done", "rolled-back": "fleet.release-rolled-back"}[after.state]
    return "fleet.release-advanced" if after.stage != before.stage else None


def _read(db: sa.Connection, limit: int) -> list[Release]:
    query = (
        sa.select(
            releases.c.serial, releases.c.made_by, releases.c.made_at, releases.c.note,
            releases.c.content, rollouts.c.body,
        )
        .join(rollouts, rollouts.c.serial == releases.c.serial)
        .order_by(releases.c.serial.desc())
        .limit(limit)
    )  # fmt: skip
    return [
        Release(row.serial, row.made_by, row.made_at, row.note, row.content,
                msgspec.convert(row.body, Rollout))
        for row in db.execute(query)
    ]  # fmt: skip
