"""A part of the system as it is now: what health looks at, here and at the edges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

OF_EACH_HUB: Final = frozenset({"clock", "queue", "disk", "link"})
"""Kinds of parts that each of several hubs has; of all others there is one in the installation."""


@dataclass(frozen=True, slots=True)
class Part:
    """A sensor or a source, as it is now."""

    kind: str
    id: str
    venue: str | None
    problems: tuple[str, ...]
    """What does not work; empty while all does."""
    since: datetime | None
    """From when on, where the part knows."""
    error: str | None
    settled: bool
    """Enough is known of it to say that something is over."""
    texts: Mapping[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """What is said of a problem, in English and Chinese, where its kind does not say it."""

    @property
    def key(self) -> tuple[str, str]:
        return self.kind, self.id


def of_hub(part: Part, hub: str) -> Part:
    """`part` of one of several hubs, told apart from the others'."""
    return part if part.id == hub else replace(part, id=f"{hub}:{part.id}")


def is_of_hub(kind: str, id: str, hub: str) -> bool:
    """Whether `of_hub` gives such parts of `hub`."""
    return kind in OF_EACH_HUB and (id == hub or id.startswith(f"{hub}:"))
