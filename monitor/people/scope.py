"""Whose affairs a person sees: some venues or all, one department's cases or all. Pure.

What has no venue (a post that names no place) is seen by everyone: it may be anybody's.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa


@dataclass(frozen=True, slots=True)
class Scope:
    venues: frozenset[str] | None = None
    """None: all."""
    department: str | None = None
    """Of cases; None: all."""

    def holds(self, venue: str | None) -> bool:
        return self.venues is None or venue is None or venue in self.venues

    def conditions(self, table: sa.Table) -> list[sa.ColumnElement[bool]]:
        """For a table with ``venue``, and with ``department`` if it holds cases."""
        wanted: list[sa.ColumnElement[bool]] = []
        if self.venues is not None:
            wanted.append(sa.or_(table.c.venue.is_(None), table.c.venue.in_(sorted(self.venues))))
        if self.department is not None and "department" in table.c:
            wanted.append(table.c.department == self.department)
        return wanted


EVERYTHING = Scope()
