"""Documents as records for other programs: the fields of `Document`, instants as text."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from crawlers.document import Document


def to_record(document: Document) -> dict[str, Any]:
    """One JSON object, ``{"type": "document", …}``."""
    record: dict[str, Any] = {"type": "document", **asdict(document)}
    for name in ("published_at", "first_seen_at", "fetched_at"):
        record[name] = _instant(record[name])
    record["attachments"] = [
        {name: list(value) if name == "qr" else value for name, value in part.items() if name != "personal"}
        for part in record["attachments"]
    ]
    return record


def _instant(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
