"""The store: alerts merged, history kept, everything in the audit chain, in one transaction.

Only the pipeline's one thread writes. Storing is idempotent by event id: what the queue
delivers twice changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa
from sqlalchemy.event import listen

from monitor.alert import wire
from monitor.alert.alert import LEVEL_RANK, Alert, EvidenceRef, RuleHit
from monitor.store import audit, upgrade
from monitor.store.audit import Chain, Entry, Head
from monitor.store.batches import batches
from monitor.store.engine import open_engines
from monitor.store.errors import AuditError, translated
from monitor.store.merge import Merged, fold
from monitor.store.tables import DAEMON, event_ids, evidence_alerts
from monitor.store.tables import alerts as alerts_table
from monitor.store.tables import audit as audit_table
from monitor.store.tables import changes as changes_table
from monitor.store.tables import events as events_table
from monitor.store.tables import evidence as evidence_table

T = TypeVar("T")
FORGOT = "retention.forgot"
"""The action of letting go of what is older than it is to be kept."""


@dataclass(slots=True)
class _Held:
    """An alert within one transaction: as read, then as folded."""

    merged: Merged | None
    stored: bool
    seq: int = 0


class Store:
    """Blocking; every call takes and gives back its own connection."""

    def __init__(
        self,
        url: str,
        password_file: Path | None = None,
        guard: Callable[[sa.Connection], None] | None = None,
    ) -> None:
        """`password_file` holds the password of a PostgreSQL user, which never stands in `url`.

        `guard` is called in each transaction that writes, before all else, and may raise `StoreError`.

        Raises
        ------
        StoreError
            If the database cannot be opened.
        StoreVersionError
            If its tables are of another version.
        """
        self._engines = open_engines(url, password_file)
        try:
            with translated():
                upgrade.prepare(self._engines.writer)
            if guard is not None:
                listen(self._engines.writer, "begin", guard)
        except BaseException:
            self._engines.close()
            raise

    @property
    def reader(self) -> sa.Engine:
        return self._engines.reader

    @property
    def writer(self) -> sa.Engine:
        return self._engines.writer

    def close(self) -> None:
        self._engines.close()

    def merge(self, raised: Sequence[Alert], now: datetime) -> int:
        """Store `raised`; the number of those that were not there before.

        Raises
        ------
        StoreError
            If nothing could be stored; the same call may work later.
        """
        with translated(), self._engines.writer.begin() as db:
            # What an edge of an older release sent has not gone through `wire.encode` of this one.
            sent = [wire.sound(alert) for alert in raised]
            known = _known(db, event_ids.c.event_id, {alert.id for alert in sent})
            fresh = list({alert.id: alert for alert in sent if alert.id not in known}.values())
            if fresh:
                self._store(db, fresh, now)
            return len(fresh)

    def stored(self, asked: Iterable[str]) -> frozenset[str]:
        """Which of these alerts are committed."""
        with translated(), self._engines.reader.connect() as db:
            return frozenset(_known(db, event_ids.c.event_id, set(asked)))

    def _store(self, db: sa.Connection, fresh: list[Alert], now: datetime) -> None:
        chain = Chain(db)
        fingerprints = {alert.fingerprint for alert in fresh}
        held = {fingerprint: _Held(None, stored=False) for fingerprint in fingerprints}
        for merged in _read_merged(db, fingerprints):
            held[merged.fingerprint] = _Held(merged, stored=True)
        causes = _known_causes(db, {(alert.fingerprint, alert.cause) for alert in fresh})
        change_rows: list[dict[str, Any]] = []
        event_rows: list[dict[str, Any]] = []
        refs: dict[str, EvidenceRef] = {}
        for alert in fresh:
            box = held[alert.fingerprint]
            key = (alert.fingerprint, alert.cause)
            body = wire.encode(alert).decode()
            action = _action(box.merged, alert, is_known=key in causes)
            box.merged = fold(box.merged, alert, new_cause=key not in causes)
            causes.add(key)
            refs |= {ref.digest: ref for ref in alert.evidence}
            box.seq = chain.append(
                now,
                DAEMON,
                f"alert.{action}",
                alert.fingerprint,
                {
                    "event_id": alert.id,
                    "digest": wire.digest(body),
                    "level": alert.level,
                    "evidence": [ref.digest for ref in alert.evidence],
                },
            )
            change_rows.append(_change_row(box.seq, alert.fingerprint, now, action, alert.id))
            event_rows.append(_event_row(alert, body, now))
        # First the ids: what another hub has stored meanwhile fails here, in whatever month it lies.
        names = ("event_id", "fingerprint", "cause", "at")
        db.execute(sa.insert(event_ids), [{name: row[name] for name in names} for row in event_rows])
        db.execute(sa.insert(events_table), event_rows)
        for box in held.values():
            _write_merged(db, box)
        db.execute(sa.insert(changes_table), change_rows)
        _index_evidence(db, refs, now)
        _index_carriers(db, fresh)
        chain.flush()

    def end_abandoned(
        self,
        before: datetime,
        hold: timedelta,
        now: datetime,
        sensors: frozenset[tuple[str | None, str]] | None = None,
    ) -> int:
        """Give an end to radio alerts left open by a run that ended before `before`.

        Whoever would have told their end is gone. They end `hold` after the last news of them.
        With `sensors` only those whose newest event is of one of these, each with its venue.
        """
        table = alerts_table
        with translated(), self._engines.writer.begin() as db:
            rows = db.execute(
                sa.select(table.c.fingerprint, table.c.updated_at, table.c.event).where(
                    table.c.ends_at.is_(None), table.c.kind == "radio", table.c.updated_at < before
                )
            ).all()
            chain = Chain(db)
            left = [
                row
                for row in rows
                if sensors is None or (row.event.get("venue"), row.event.get("sensor")) in sensors
            ]
            for fingerprint, updated_at, _ in left:
                ends_at = updated_at + hold
                seq = chain.append(now, DAEMON, "alert.abandoned", fingerprint, {"ends_at": ends_at})
                db.execute(sa.insert(changes_table), [_change_row(seq, fingerprint, now, "abandoned", None)])
                db.execute(
                    sa.update(table)
                    .where(table.c.fingerprint == fingerprint)
                    .values(ends_at=ends_at, changed_seq=seq)
                )
            chain.flush()
            return len(left)

    def change(
        self,
        actor: str,
        action: str,
        subject: str,
        body: Mapping[str, Any],
        now: datetime,
        work: Callable[[sa.Connection], T],
    ) -> T:
        """Do `work`, and append to the audit chain that it was done, in one transaction."""
        with translated(), self._engines.writer.begin() as db:
            done = work(db)
            chain = Chain(db)
            chain.append(now, actor, action, subject, body)
            chain.flush()
            return done

    def record(self, now: datetime, actor: str, action: str, subject: str, body: Mapping[str, Any]) -> int:
        """Append something that was done to the audit chain; its number."""
        with translated(), self._engines.writer.begin() as db:
            chain = Chain(db)
            seq = chain.append(now, actor, action, subject, body)
            chain.flush()
            return seq

    def evidence(self, digest: str) -> tuple[str, str, str] | None:
        """Path within the evidence store, media type and role of a file that some alert carries."""
        table = evidence_table.c
        with translated(), self._engines.reader.connect() as db:
            row = db.execute(
                sa.select(table.path, table.media_type, table.role).where(table.digest == digest)
            ).one_or_none()
            return (row.path, row.media_type, row.role) if row else None

    def carried(self, paths: Sequence[str]) -> set[str]:
        """Which of these files of the evidence store some alert carries."""
        path, found = evidence_table.c.path, set[str]()
        with translated(), self._engines.reader.connect() as db:
            for some in batches(paths):
                found.update(db.execute(sa.select(path).where(path.in_(some))).scalars())
        return found

    def evidence_digests(self) -> dict[str, str]:
        """Digest to path within the evidence store, of all files that some alert carries."""
        with translated(), self._engines.reader.connect() as db:
            rows = db.execute(sa.select(evidence_table.c.digest, evidence_table.c.path))
            return {row.digest: row.path for row in rows}

    def head(self) -> Head:
        with translated(), self._engines.reader.connect() as db:
            return audit.read_head(db)

    def verify(self, heads: Iterable[Head] = ()) -> int:
        """Check the whole chain and every event against it; the number of entries.

        Raises
        ------
        AuditError
            Naming the first thing that does not fit.
        """
        n_entries = n_alerts = n_forgotten = n_gone = 0
        first_gone: Entry | None = None
        with translated(), self._engines.reader.connect() as db:
            rows = db.execution_options(yield_per=1000).execute(
                sa.select(audit_table.c.seq, audit_table.c.entry, audit_table.c.hash).order_by(
                    audit_table.c.seq
                )
            )
            for entry in audit.check_chain((tuple(row) for row in rows), heads):
                n_entries += 1
                if entry.action == FORGOT:
                    n_forgotten += entry.body.get("n_events", 0)
                if "event_id" in entry.body:
                    n_alerts += 1
                    if not _is_there(db, entry):
                        n_gone += 1
                        first_gone = first_gone or entry
            n_known, n_stored = (
                db.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in (event_ids, events_table)
            )
        if first_gone is not None and n_gone != n_forgotten:
            what = f"entry {first_gone.seq} records alert {first_gone.body['event_id']}, which is gone"
            raise AuditError(f"{what}: {n_gone} are, but the chain knows that of {n_forgotten}")
        for n in (n_known, n_stored + n_gone):
            if n != n_alerts:
                raise AuditError(f"{n} alerts are stored, but the chain knows {n_alerts}")
        return n_entries


def _action(held: Merged | None, alert: Alert, *, is_known: bool) -> str:
    if held is None:
        return "raised"
    if is_known:
        return "updated"
    # It was over before this began: what people made of it then says nothing of this.
    is_over = held.ends_at is not None and held.ends_at <= alert.starts_at
    return "recurred" if is_over else "repeated"


def read_merged_row(row: sa.RowMapping) -> Merged:
    """An ``alerts`` row as the noun it stands for."""
    values = {name: row[name] for name in Merged.__dataclass_fields__}
    values["evidence"] = msgspec.convert(row["evidence"], list[EvidenceRef])
    values["rules"] = msgspec.convert(row["rules"], list[RuleHit])
    return Merged(**values)


def _read_merged(db: sa.Connection, fingerprints: set[str]) -> Iterator[Merged]:
    rows = db.execute(sa.select(alerts_table).where(alerts_table.c.fingerprint.in_(fingerprints)))
    for row in rows.mappings():
        yield read_merged_row(row)


def _write_merged(db: sa.Connection, box: _Held) -> None:
    if box.merged is None:
        return
    values = {name: getattr(box.merged, name) for name in Merged.__dataclass_fields__}
    values["evidence"] = msgspec.to_builtins(box.merged.evidence)
    values["rules"] = msgspec.to_builtins(box.merged.rules)
    values["level_rank"] = LEVEL_RANK[box.merged.level]
    values["changed_seq"] = box.seq
    if box.stored:
        where = alerts_table.c.fingerprint == values.pop("fingerprint")
        db.execute(sa.update(alerts_table).where(where).values(values))
    else:
        db.execute(sa.insert(alerts_table), [values])


def _index_evidence(db: sa.Connection, refs: dict[str, EvidenceRef], now: datetime) -> None:
    known = _known(db, evidence_table.c.digest, set(refs))
    rows = [
        {**{k: v for k, v in asdict(ref).items() if k != "at"}, "recorded_at": now}
        for digest, ref in refs.items()
        if digest not in known
    ]
    if rows:
        db.execute(sa.insert(evidence_table), rows)


def _known(db: sa.Connection, column: sa.Column[str], asked: set[str]) -> set[str]:
    return set(db.execute(sa.select(column).where(column.in_(asked))).scalars())


def _index_carriers(db: sa.Connection, fresh: list[Alert]) -> None:
    pairs = {(ref.digest, alert.fingerprint) for alert in fresh for ref in alert.evidence}
    known = _known_pairs(db, evidence_alerts.c.digest, evidence_alerts.c.fingerprint, pairs)
    rows = [{"digest": digest, "fingerprint": name} for digest, name in sorted(pairs - known)]
    if rows:
        db.execute(sa.insert(evidence_alerts), rows)


def _known_causes(db: sa.Connection, pairs: set[tuple[str, str]]) -> set[tuple[str, str]]:
    return _known_pairs(db, event_ids.c.fingerprint, event_ids.c.cause, pairs)


def _known_pairs(
    db: sa.Connection, one: sa.Column[str], other: sa.Column[str], pairs: set[tuple[str, str]]
) -> set[tuple[str, str]]:
    # Pairs, not two lists: those would be every one of the one with every one of the other.
    asked = sa.select(one, other).where(sa.tuple_(one, other).in_(sorted(pairs))).distinct()
    return {(row[0], row[1]) for row in db.execute(asked)}


def _change_row(
    seq: int, fingerprint: str, now: datetime, action: str, event_id: str | None
) -> dict[str, Any]:
    return {"seq": seq, "fingerprint": fingerprint, "at": now, "action": action, "event_id": event_id}


def _event_row(alert: Alert, body: str, now: datetime) -> dict[str, Any]:
    return {
        "event_id": alert.id,
        "fingerprint": alert.fingerprint,
        "cause": alert.cause,
        "at": alert.updated_at,
        "recorded_at": now,
        "kind": alert.kind,
        "level": alert.level,
        "venue": alert.venue,
        "body": body,
    }


def _is_there(db: sa.Connection, entry: Entry) -> bool:
    """Whether its alert was not let go of. Raises `AuditError` if it is not what was recorded."""
    event_id = entry.body["event_id"]
    body = db.execute(
        sa.select(events_table.c.body)
        .join(
            event_ids,
            sa.and_(event_ids.c.at == events_table.c.at, event_ids.c.event_id == events_table.c.event_id),
        )
        .where(event_ids.c.event_id == event_id)
    ).scalar_one_or_none()
    if body is not None and wire.digest(body) != entry.body["digest"]:
        raise AuditError(f"entry {entry.seq} records alert {event_id}, which was changed")
    return body is not None
