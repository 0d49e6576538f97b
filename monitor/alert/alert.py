"""The alert: what the whole system agrees on.

Labels are identity, their digest is the fingerprint; annotations are prose. There is
no status: an alert fires while ``ends_at`` is unset or ahead (as in Alertmanager).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

Kind = Literal["radio", "web", "correlation", "health"]
Level = Literal["low", "medium", "high", "critical"]

LEVEL_RANK: dict[Level, int] = {"low": 0, "medium": 1, "high": 2, "critical": 3}


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
class RuleHit:
    """A rule that fired, and the newest event on which it did."""

    rule: str
    level: Level
    category: str
    experimental: bool
    texts: dict[str, str]
    """Prose in both languages: title_en, title_zh, advice_en, advice_zh."""
    at: datetime
    event_id: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One raised alert, as it goes into the queue. Raising it again with the same ``id`` changes nothing."""

    id: str
    """Derived from cause (emission or document version) and identity, so a replay gives the same."""
    cause: str
    """What is counted: two alerts of one cause are news of one thing (an emission heard, then ended)."""
    kind: Kind
    level: Level
    labels: dict[str, str]
    """Identity: venue, and what tells one case from another (channel, document); never the rule."""
    annotations: dict[str, str]
    """Prose in both languages: title_en, title_zh, summary_en, summary_zh, advice_en, advice_zh."""
    starts_at: datetime
    updated_at: datetime
    ends_at: datetime | None
    why: list[dict[str, Any]]
    """What each rule tested and found: `rules.Match.reasons`, each with its ``rule``."""
    event: dict[str, Any]
    """The flat event that the rules saw."""
    evidence: list[EvidenceRef] = field(default_factory=list[EvidenceRef])
    venue: str | None = None
    drill: bool = False
    experimental: bool = False
    """Raised only by rules that have not proven themselves; shown, never paged."""
    rules: list[RuleHit] = field(default_factory=list[RuleHit])
    """All that fired; the alert's level and title are those of the gravest. Empty: no rule raised it."""

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.labels)


def ranked(hits: Iterable[RuleHit]) -> list[RuleHit]:
    """The rule that speaks for all of `hits` first: proven before experimental, gravest, newest, by name.

    So a rule that has not proven itself never raises the level of one that has.
    """
    by_name = sorted(hits, key=lambda hit: hit.rule)
    return sorted(by_name, key=_weight, reverse=True)


def _weight(hit: RuleHit) -> tuple[bool, int, datetime]:
    return not hit.experimental, LEVEL_RANK[hit.level], hit.at
