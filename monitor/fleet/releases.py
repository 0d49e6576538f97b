"""Releases and how far they got, in the store: each step and its audit entry in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
import sqlalchemy as sa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from monitor.fleet.bundle import Manifest, pack, unpack
from monitor.fleet.register import FleetError
from monitor.fleet.rollout import Policy, Rollout, halted
from monitor.store import Store
from monitor.store.audit import Chain
from monitor.store.errors import translated
from monitor.store.fleet_tables import fleet_releases as releases
from monitor.store.fleet_tables import fleet_rollouts as rollouts

DAEMON = "daemon"
MOST = 1000
"""Releases that are looked through for one that was good."""


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

    def good(self) -> int:
        """The newest that was on all nodes; 0: none."""
        with translated(), self._store.reader.connect() as db:
            done = sa.select(sa.func.max(rollouts.c.serial)).where(rollouts.c.state == "done")
            return db.execute(done).scalar() or 0

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

    def step(
        self, serial: int, change: Callable[[Rollout], Rollout], now: datetime, actor: str = DAEMON
    ) -> tuple[Rollout, Rollout]:
        """What a release's rollout was, and what `change` made of it; kept in one transaction, so that
        of several hubs one alone takes a step. Going back makes the release anew that was good before,
        under the next number.
        """
        with translated(), self._store.writer.begin() as db:
            row = rollouts.c.serial == serial
            before = msgspec.convert(db.execute(sa.select(rollouts.c.body).where(row)).scalar_one(), Rollout)
            after = change(before)
            if after == before:
                return before, after
            values = {"state": after.state, "updated_at": now, "body": msgspec.to_builtins(after)}
            db.execute(sa.update(rollouts).where(row).values(values))
            action = _action(before, after)
            if action is not None:
                chain = Chain(db)
                body: dict[str, Any] = {"stage": after.stage, "why": after.why, "n_nodes": len(after.nodes)}
                chain.append(now, actor, action, str(serial), body)
                if after.state == "rolled-back":
                    self._take_back(db, chain, after, now)
                chain.flush()
            return before, after

    def halt(self, actor: str, policy: Policy, now: datetime, serial: int | None = None) -> int:
        """Take back the release that is under way; its number.

        Raises
        ------
        FleetError
            Where none is, or another than `serial`.
        """
        newest = next(iter(self.list(1)), None)
        if newest is not None and serial in (None, newest.serial):
            change = partial(halted, policy=policy, by=actor, now=now)
            before, after = self.step(newest.serial, change, now, actor)
            if after != before:
                return newest.serial
        named = "no release is under way" if serial is None else f"release {serial} is not under way"
        raise FleetError(named)

    def again(self, actor: str, serial: int, now: datetime) -> Release:
        """Give the files of a release that was good to all nodes at once, under the next number.

        Raises
        ------
        FleetError
            While one is under way, or where `serial` was never on all nodes or is what they have.
        """
        with translated(), self._store.writer.begin() as db:
            found = _read(db, MOST)
            one = next((one for one in found if one.serial == serial), None)
            if found and found[0].rollout.state == "running":
                raise FleetError(f"release {found[0].serial} is under way: halt it first")
            if one is None or one.rollout.state != "done":
                raise FleetError(f"there is no release {serial} that was on all nodes")
            now_good = next(other for other in found if other.rollout.state == "done")
            if now_good.content == one.content:
                raise FleetError(f"all nodes have the files of release {serial}")
            chain = Chain(db)
            made = self._restore(db, chain, found[0].serial, now_good.serial, serial, actor, now)
            chain.flush()
            return made

    def _take_back(self, db: sa.Connection, chain: Chain, bad: Rollout, now: datetime) -> None:
        good = next((one for one in _read(db, MOST) if one.rollout.state == "done"), None)
        if good is not None:
            self._restore(db, chain, bad.serial, bad.serial, good.serial, DAEMON, now)

    def _restore(
        self, db: sa.Connection, chain: Chain, newest: int, bad: int, good: int, actor: str, now: datetime
    ) -> Release:
        raw = db.execute(sa.select(releases.c.bundle).where(releases.c.serial == good)).scalar_one()
        files = unpack(raw, self._key.public_key()).files
        serial = newest + 1
        why = f"takes back {bad}, has the files of {good}"
        made = self._insert(db, serial, actor, files, why, now, Rollout(serial, now, state="done", why=why))
        body = {"content": made.content, "bad": bad, "good": good}
        chain.append(now, actor, "fleet.release-restored", str(serial), body)
        return made

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
