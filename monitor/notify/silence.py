"""A silence, and who may end it. Pure.

Ending one tells people what its author wanted kept back: that is the author's own affair, and else that of a
supervisor who sees all the venues for which it holds, and the department it comes from. An operator ends
no other's: who keeps the machines running does not overrule a department.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from monitor.notify.matcher import Matcher
from monitor.people.roles import Permission
from monitor.people.scope import Scope

Bar = Literal["role", "author", "venues", "department"]
_TOLD: Final[dict[Bar, str]] = {
    "role": "it needs 'silence'",
    "author": "its author or a supervisor may",
    "venues": "its author may, or a supervisor of all its venues",
    "department": "its author may, or a supervisor of that department or of all",
}


@dataclass(frozen=True, slots=True)
class Silence:
    """What its matchers fit is not told until it ends; it still stands in the console."""

    id: str
    matchers: tuple[Matcher, ...]
    reason: str
    author: str
    starts_at: datetime
    ends_at: datetime
    venues: frozenset[str] | None = None
    """Those of its author, then; None: all."""
    department: str | None = None
    """That of its author, then; None: all."""

    @property
    def held_venues(self) -> frozenset[str] | None:
        """Where it holds at most; None: anywhere."""
        named = [frozenset({one.value}) for one in self.matchers if (one.name, one.op) == ("venue", "=")]
        known = [*named, *([self.venues] if self.venues is not None else [])]
        return frozenset.intersection(*known) if known else None


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants to end one."""

    name: str
    granted: frozenset[Permission]
    scope: Scope


class NotYoursError(Exception):
    """The asker may not end it. The message is one line."""

    def __init__(self, silence: Silence, bar: Bar) -> None:
        super().__init__(f"silence {silence.id} is {silence.author}'s: {_TOLD[bar]} end it")


def barred(silence: Silence, asker: Asker) -> Bar | None:
    """Why `asker` may not end it; None where they may."""
    if "silence" not in asker.granted:
        return "role"
    if asker.name == silence.author:
        return None
    if "supervise" not in asker.granted:
        return "author"
    venues, mine = silence.held_venues, asker.scope.venues
    if mine is not None and (venues is None or not venues <= mine):
        return "venues"
    if asker.scope.department not in (None, silence.department):
        return "department"
    return None
