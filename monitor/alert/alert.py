"""The alert: what the whole system agrees on.

Labels are identity, their digest is the fingerprint; annotations are prose. There is
no status: an alert fires while ``ends_at`` is unset or ahead (as in Alertmanager).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal["radio", "web", "correlation", "health"]
Level = Literal["low", "medium", "high", "critical"]


def fingerprint(labels: dict[str, str]) -> str:
    """16 hex digits that depend on names and values of `labels`, and not on their order."""
    joined = "\xff".join(f"{name}\xfe{labels[name]}" for name in sorted(labels))
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class EvidenceRef:
    """A file of the evidence store, by its content."""

    digest: str
    """``sha256:`` and 64 hex digits."""
    media_type: str
    role: str
    """``spectrogram``, ``samples``, ``metadata``, ``audio``, ``document`` …"""
    path: str
    """Within the evidence store."""
    n_bytes: int
    at: datetime
    """When what it shows happened."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One raised alert, as it goes into the queue. Raising it again with the same ``id`` changes nothing."""

    id: str
    """Derived from what caused it (emission or document version, and rule), so a replay gives the same."""
    cause: str
    """What is counted: two alerts of one cause are news of one thing (an emission heard, then ended)."""
    kind: Kind
    level: Level
    labels: dict[str, str]
    """Identity: rule, venue, and what tells one case from another (channel, document). All strings."""
    annotations: dict[str, str]
    """Prose in both languages: title_en, title_zh, summary_en, summary_zh, advice_en, advice_zh."""
    starts_at: datetime
    updated_at: datetime
    ends_at: datetime | None
    why: list[dict[str, Any]]
    """What the rule tested and found, as `rules.Match.why`."""
    event: dict[str, Any]
    """The flat event that the rule saw."""
    evidence: list[EvidenceRef] = field(default_factory=list[EvidenceRef])
    venue: str | None = None
    drill: bool = False
    experimental: bool = False
    """Raised by a rule that has not proven itself; shown, never paged."""

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.labels)
