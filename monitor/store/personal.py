"""Names and seats read off pictures: kept apart, read by few, each reading in the audit chain.

Kept only of documents that raised an alert: of nobody else is it anybody's business.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from crawlers.document import Document
from monitor.store.audit import Chain
from monitor.store.errors import translated
from monitor.store.people_tables import personal
from monitor.store.store import Store
from monitor.store.tables import alerts

VIEWED = "personal.viewed"


@dataclass(frozen=True, slots=True)
class NamedPerson:
    """Whom one picture names."""

    attachment: str
    """Digest of the picture."""
    name: str | None
    seat: str | None
    number: str | None
    seen_at: datetime


def keep(store: Store, document: Document, now: datetime) -> int:
    """Keep whom the pictures of `document` name; the number that are new. Raises `StoreError`."""
    rows = [
        {
            "document": document.id,
            "attachment": part.digest,
            "place": place,
            "name": one.name,
            "seat": one.seat,
            "number": one.number,
            "seen_at": now,
        }
        for part in {part.digest: part for part in document.attachments}.values()
        for place, one in enumerate(part.personal)
    ]
    if not rows:
        return 0
    with translated(), store.writer.begin() as db:
        known = set(
            db.execute(sa.select(personal.c.attachment).where(personal.c.document == document.id)).scalars()
        )
        fresh = [row for row in rows if row["attachment"] not in known]
        if fresh:
            db.execute(sa.insert(personal), fresh)
        return len(fresh)


def view(store: Store, fingerprint: str, actor: str, now: datetime) -> list[NamedPerson] | None:
    """Whom the pictures of an alert's document name; that `actor` asked is recorded. None: no such alert.

    Raises
    ------
    StoreError
        If it could not be recorded: then nothing is shown.
    """
    with translated(), store.writer.begin() as db:
        labels = db.execute(
            sa.select(alerts.c.labels).where(alerts.c.fingerprint == fingerprint)
        ).scalar_one_or_none()
        if labels is None:
            return None
        rows = db.execute(
            sa.select(personal)
            .where(personal.c.document == labels.get("document", ""))
            .order_by(personal.c.seen_at, personal.c.attachment, personal.c.place)
        ).mappings()
        found = [NamedPerson(**{name: row[name] for name in NamedPerson.__slots__}) for row in rows]
        chain = Chain(db)
        chain.append(now, actor, VIEWED, fingerprint, {"n_named": len(found)})
        chain.flush()
        return found
