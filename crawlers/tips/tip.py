"""A tip, and the door to where tips are kept.

Nothing of the sender is part of it: no address, no browser, no name unless written in the text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class TipFile:
    name: str
    """As the sender called it, the last part of its path only."""
    data: bytes


@dataclass(frozen=True, slots=True)
class Tip:
    id: str
    received_at: datetime
    text: str
    via: str
    """``form`` or ``hotline``."""
    exam: str = ""
    place: str = ""
    link: str = ""
    """Where the sender saw it; never fetched by itself."""
    files: tuple[TipFile, ...] = field(default=())


class BoxFullError(Exception):
    """No room for a further tip until somebody makes some."""


class Sink(Protocol):
    """The door to kept tips."""

    async def keep(self, tip: Tip) -> None:
        """Have `tip` on disk when this returns. Raises BoxFullError or OSError when it cannot be."""
        ...
