"""Whom a picture names: carried beside its text, never in it, and kept apart from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Personal:
    """Whom a picture names. Never part of a text, a label or a log."""

    name: str | None = None
    seat: str | None = None
    """Room and seat, as written."""
    number: str | None = None
    """Of the candidate."""

    @property
    def is_empty(self) -> bool:
        return self.name is None and self.seat is None and self.number is None


NOBODY = Personal()
