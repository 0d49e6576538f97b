"""What is to be told and what was, in the store: every step is committed before the next is taken.

    alerts ──changed since──> groups ──due──> notice (waiting) ──> sending ──> sent
                 └─ position                        ^                 │
                                                    └── failed, later ┘

A crash while a notice is ``sending`` leaves it open whether it arrived: it is sent again, marked so.
Blocking; one thread writes.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from monitor.notify.group import Message, Told
from monitor.notify.judged import Judged, judged
from monitor.notify.matcher import Matcher, all_hold, labels_of, parse
from monitor.notify.silence import Asker, NotYoursError, Silence, barred
from monitor.people.scope import EVERYTHING, Scope
from monitor.store.audit import Chain
from monitor.store.desk_tables import notices, notify_groups, notify_members, silences
from monitor.store.errors import translated
from monitor.store.merge import Merged
from monitor.store.position import Position
from monitor.store.store import DAEMON, Store, read_merged_row
from monitor.store.tables import alerts

BATCH = 500
N_TRIED = 1_000
"""Alerts that somebody who writes a silence waits for."""
POSITION = Position("notify.position", BATCH)


@dataclass(frozen=True, slots=True)
class Joining:
    """An alert that belongs to a group."""

    key: str
    route: str
    labels: Mapping[str, str]
    fingerprint: str
    due_at: datetime
    is_urgent: bool
    """Does not wait for the group's next message."""


@dataclass(frozen=True, slots=True)
class Group:
    key: str
    route: str
    labels: Mapping[str, str]
    began_at: datetime
    told: Told
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    id: str
    group_key: str
    receiver: str
    reason: str
    body: Mapping[str, Any]
    state: str
    """``waiting``, ``sending``, ``sent``, or ``given up``."""
    n_attempts: int
    maybe_repeated: bool
    created_at: datetime
    next_at: datetime
    sent_at: datetime | None
    error: str | None


class Ledger:
    """Every call may raise `StoreError`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self) -> int:
        """Begin where the last run was; of what happened before there was any, nobody is told.

        Returns
        -------
        How many notices may be told twice.
        """
        with translated(), self._store.writer.begin() as db:
            POSITION.begin(db)
            cut_off = (
                sa.update(notices)
                .where(notices.c.state == "sending")
                .values(state="waiting", maybe_repeated=True)
            )
            return db.execute(cut_off).rowcount

    def changed(self) -> tuple[list[Merged], int]:
        """Alerts with news since the position, and the position after them."""
        return POSITION.changed(self._store)

    def join(self, joinings: Sequence[Joining], position: int, now: datetime) -> None:
        """Put alerts into their groups, and the position behind them, at once."""
        with translated(), self._store.writer.begin() as db:
            for one in joinings:
                held = db.execute(
                    sa.select(notify_groups.c.due_at).where(notify_groups.c.key == one.key)
                ).scalar_one_or_none()
                if held is None:
                    row = {
                        "key": one.key,
                        "route": one.route,
                        "labels": dict(one.labels),
                        "began_at": now,
                        "told_at": None,
                        "told": {},
                        "due_at": one.due_at,
                    }
                    db.execute(sa.insert(notify_groups), [row])
                elif one.due_at < held:
                    untold = sa.true() if one.is_urgent else notify_groups.c.told_at.is_(None)
                    db.execute(
                        sa.update(notify_groups)
                        .where(notify_groups.c.key == one.key, untold)
                        .values(due_at=one.due_at)
                    )
                member = (
                    notify_members.c.group_key == one.key,
                    notify_members.c.fingerprint == one.fingerprint,
                )
                if db.execute(sa.select(notify_members.c.fingerprint).where(*member)).first() is None:
                    row = {"group_key": one.key, "fingerprint": one.fingerprint}
                    db.execute(sa.insert(notify_members), [row])
            POSITION.move(db, position)

    def due(self, now: datetime) -> list[Group]:
        with translated(), self._store.reader.connect() as db:
            rows = db.execute(
                sa.select(notify_groups)
                .where(notify_groups.c.due_at <= now)
                .order_by(notify_groups.c.due_at)
                .limit(BATCH)
            ).mappings()
            return [_group(row) for row in rows]

    def members(self, key: str) -> list[Merged]:
        with translated(), self._store.reader.connect() as db:
            rows = db.execute(
                sa.select(alerts)
                .join(notify_members, notify_members.c.fingerprint == alerts.c.fingerprint)
                .where(notify_members.c.group_key == key)
            ).mappings()
            return [read_merged_row(row) for row in rows]

    def judged(self, fingerprints: Collection[str], now: datetime) -> dict[str, Judged]:
        """The benign verdicts on these alerts, those that no longer hold included."""
        with translated(), self._store.reader.connect() as db:
            return judged(db, fingerprints, now)

    def firing(self, now: datetime) -> list[Merged]:
        """All that fires now: what may inhibit others."""
        with translated(), self._store.reader.connect() as db:
            fires = sa.or_(alerts.c.ends_at.is_(None), alerts.c.ends_at > now)
            return [read_merged_row(row) for row in db.execute(sa.select(alerts).where(fires)).mappings()]

    def tell(
        self,
        group: Group,
        message: Message,
        receiver: str,
        body: Mapping[str, Any],
        due_at: datetime,
        now: datetime,
        gone: Collection[str],
    ) -> str:
        """Write down that `receiver` is to have `message`, and what it then knows; the notice's id.

        The alerts that are `gone` leave the group.
        """
        row = notice_row(group.key, receiver, message.reason, body, now)
        with translated(), self._store.writer.begin() as db:
            db.execute(sa.insert(notices), [row])
            self._after(db, group, message.told, due_at, gone)
        return row["id"]

    def write_down(self, receiver: str, reason: str, body: Mapping[str, Any], now: datetime) -> None:
        """A message of no group, to be sent."""
        with translated(), self._store.writer.begin() as db:
            db.execute(sa.insert(notices), [notice_row(reason, receiver, reason, body, now)])

    def look_later(self, group: Group, due_at: datetime, gone: Collection[str]) -> None:
        """Nothing to tell: look again then, without the members that are `gone`."""
        with translated(), self._store.writer.begin() as db:
            self._after(db, group, group.told, due_at, gone)

    def _after(
        self, db: sa.Connection, group: Group, told: Told, due_at: datetime, gone: Collection[str]
    ) -> None:
        if gone:
            db.execute(
                sa.delete(notify_members).where(
                    notify_members.c.group_key == group.key, notify_members.c.fingerprint.in_(gone)
                )
            )
        left = db.execute(
            sa.select(sa.func.count()).where(notify_members.c.group_key == group.key)
        ).scalar_one()
        this = notify_groups.c.key == group.key
        if left == 0:
            db.execute(sa.delete(notify_groups).where(this))
        else:
            db.execute(
                sa.update(notify_groups)
                .where(this)
                .values(told_at=told.at, told=dict(told.alerts), due_at=due_at)
            )

    def waiting(self, now: datetime) -> list[Notice]:
        with translated(), self._store.reader.connect() as db:
            rows = db.execute(
                sa.select(notices)
                .where(notices.c.state == "waiting", notices.c.next_at <= now)
                .order_by(notices.c.created_at)
                .limit(BATCH)
            ).mappings()
            return [_notice(row) for row in rows]

    def newest(self, limit: int) -> list[Notice]:
        with translated(), self._store.reader.connect() as db:
            rows = db.execute(
                sa.select(notices).order_by(notices.c.created_at.desc(), notices.c.id).limit(limit)
            ).mappings()
            return [_notice(row) for row in rows]

    def sending(self, notice: Notice) -> None:
        """About to be sent: from now on a crash leaves it open whether it arrived."""
        self._set(notice.id, state="sending", n_attempts=notice.n_attempts + 1)

    def sent(self, notice: Notice, now: datetime) -> None:
        with translated(), self._store.writer.begin() as db:
            db.execute(
                sa.update(notices)
                .where(notices.c.id == notice.id)
                .values(state="sent", sent_at=now, error=None)
            )
            chain = Chain(db)
            told = {
                "receiver": notice.receiver,
                "reason": notice.reason,
                "maybe_repeated": notice.maybe_repeated,
            }
            chain.append(now, DAEMON, "notice.sent", notice.id, told)
            chain.flush()

    def failed(self, notice: Notice, error: str, next_at: datetime, receiver: str) -> None:
        """Try again at `next_at`, by `receiver`: its own, or the one that it falls over to."""
        n_attempts = notice.n_attempts + 1 if receiver == notice.receiver else 0
        self._set(
            notice.id, state="waiting", error=error, next_at=next_at, receiver=receiver, n_attempts=n_attempts
        )

    def given_up(self, notice: Notice, error: str, now: datetime) -> None:
        with translated(), self._store.writer.begin() as db:
            db.execute(
                sa.update(notices).where(notices.c.id == notice.id).values(state="given up", error=error)
            )
            chain = Chain(db)
            chain.append(
                now, DAEMON, "notice.given-up", notice.id, {"receiver": notice.receiver, "error": error}
            )
            chain.flush()

    def _set(self, notice_id: str, **values: Any) -> None:
        with translated(), self._store.writer.begin() as db:
            db.execute(sa.update(notices).where(notices.c.id == notice_id).values(values))

    # --- silences ---

    def silences(self, since: datetime) -> list[Silence]:
        """Those that have not ended before `since`, the one that ends first first."""
        with translated(), self._store.reader.connect() as db:
            rows = db.execute(
                sa.select(silences).where(silences.c.ends_at > since).order_by(silences.c.ends_at)
            ).mappings()
            return [_silence(row) for row in rows]

    def silence(
        self, matchers: Sequence[Matcher], reason: str, author: str, ends_at: datetime, now: datetime,
        scope: Scope = EVERYTHING,
    ) -> Silence:  # fmt: skip
        """Silence what `matchers` fit, from now on until `ends_at`; audited. `scope` is its author's."""
        made = Silence(
            secrets.token_hex(6),
            tuple(matchers),
            reason,
            author,
            now,
            ends_at,
            scope.venues,
            scope.department,
        )
        row = {
            "id": made.id,
            "matchers": [str(one) for one in matchers],
            "reason": reason,
            "author": author,
            "starts_at": now,
            "ends_at": ends_at,
            "venues": None if scope.venues is None else sorted(scope.venues),
            "department": scope.department,
        }
        with translated(), self._store.writer.begin() as db:
            db.execute(sa.insert(silences), [row])
            chain = Chain(db)
            told = {"matchers": row["matchers"], "reason": reason, "ends_at": ends_at}
            chain.append(now, author, "silence.added", made.id, told)
            chain.flush()
        return made

    def unsilence(self, silence_id: str, asker: Asker, now: datetime) -> bool:
        """End a silence now; false where none of that id lasts. Audited, as is a refusal.

        Raises `NotYoursError`.
        """
        with translated(), self._store.writer.begin() as db:
            lasting = sa.select(silences).where(silences.c.id == silence_id, silences.c.ends_at > now)
            row = db.execute(lasting).mappings().one_or_none()
            if row is None:
                return False
            silence = _silence(row)
            bar = barred(silence, asker)
            if bar is None:
                db.execute(sa.update(silences).where(silences.c.id == silence_id).values(ends_at=now))
            chain = Chain(db)
            told = {"author": silence.author, **({"why": bar} if bar else {})}
            chain.append(now, asker.name, "silence.not-ended" if bar else "silence.ended", silence_id, told)
            chain.flush()
        if bar is not None:
            raise NotYoursError(silence, bar)
        return True

    def would_hide(self, matchers: Sequence[Matcher], now: datetime, days: float = 7.0) -> int:
        """How many alerts with news in the last days they fit, of the newest `N_TRIED`."""
        with translated(), self._store.reader.connect() as db:
            recent = alerts.c.updated_at > now - timedelta(days=days)
            newest = alerts.c.updated_at.desc()
            rows = db.execute(sa.select(alerts).where(recent).order_by(newest).limit(N_TRIED)).mappings()
            return sum(all_hold(matchers, labels_of(read_merged_row(row))) for row in rows)


def notice_row(
    group_key: str, receiver: str, reason: str, body: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """A notice that waits to be sent, as the table has it."""
    return {
        "id": secrets.token_hex(8),
        "group_key": group_key,
        "receiver": receiver,
        "reason": reason,
        "body": dict(body),
        "state": "waiting",
        "n_attempts": 0,
        "maybe_repeated": False,
        "created_at": now,
        "next_at": now,
        "sent_at": None,
        "error": None,
    }


def _group(row: sa.RowMapping) -> Group:
    return Group(
        row["key"],
        row["route"],
        row["labels"],
        row["began_at"],
        Told(row["told_at"], row["told"]),
        row["due_at"],
    )


def _notice(row: sa.RowMapping) -> Notice:
    return Notice(**{name: row[name] for name in Notice.__dataclass_fields__})


def _silence(row: sa.RowMapping) -> Silence:
    matchers = tuple(parse(text) for text in row["matchers"])
    venues = None if row["venues"] is None else frozenset(row["venues"])
    return Silence(
        row["id"], matchers, row["reason"], row["author"], row["starts_at"], row["ends_at"], venues,
        row["department"],
    )  # fmt: skip
