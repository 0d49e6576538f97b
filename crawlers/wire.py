"""Documents as records for other programs: the fields of `Document`, instants as text."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from crawlers.document import Document, recorded


def to_record(document: Document) -> dict[str, Any]:
    """One JSON object, ``{"type": "document", …}``."""
    record: dict[str, Any] = {"type": "document", **asdict(recorded(document))}
    for name in ("published_at", "first_seen_at", "fetched_at"):
        record[name] = _instant(record[name])
    record["attachments"] = [_attachment(part) for part in record["attachments"]]
    return record


def _attachment(part: dict[str, Any]) -> dict[str, Any]:
    del part["personal"]
    part["qr"] = list(part["qr"])
    if part["picture"] is not None:
        del part["picture"]["content"]
        part["picture"]["boxes"] = [
            {**box, "corners_px": list(box["corners_px"])} for box in part["picture"]["boxes"]
        ]
    return part


def _instant(at: datetime | None) -> str | None:
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
