"""What the server reads of alerts, and what each change tells.

The live stream pulls: `AlertBook.subscribe` only wakes it, `changes_since` delivers. So a
connection holds no queue of its own, and one that was away asks for what it missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitor.people.scope import EVERYTHING, Scope
from monitor.server.case_views import CaseView
from monitor.server.views import (
    AlertDetail,
    AlertPage,
    AlertState,
    AlertView,
    Kind,
    Level,
    Review,
)


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """Which alerts to list. Empty sets and None do not restrict."""

    kinds: frozenset[Kind] = frozenset()
    levels: frozenset[Level] = frozenset()
    venue: str | None = None
    state: AlertState | None = None
    review: Review | None = None
    asker: str = ""
    scope: Scope = EVERYTHING
    drill: bool | None = None
    case: str | None = None
    """Only the alerts of this case."""
    copies_of: str | None = None
    """Only this document and its near copies."""
    near_hz: float | None = None
    """Only radio that was heard within half a channel of there."""
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Change:
    """An alert was raised, merged or ended, or a step was taken with a case: one of the two is there."""

    id: int
    """Grows with each change, over restarts too; gaps are allowed."""
    alert: AlertView | None = None
    case: CaseView | None = None


class Named(Protocol):
    """Whom one picture names."""

    @property
    def attachment(self) -> str: ...
    @property
    def name(self) -> str | None: ...
    @property
    def seat(self) -> str | None: ...
    @property
    def number(self) -> str | None: ...
    @property
    def seen_at(self) -> datetime: ...


class BadCursorError(ValueError):
    """The cursor was not made by this store."""


class AlertBook(Protocol):
    """The store's alerts as the server reads them."""

    async def list_alerts(self, query: AlertQuery) -> AlertPage:
        """One page, gravest level first and newest first within a level.

        ``live_id`` must have been read before the alerts, so that a change between
        the two is streamed again rather than missed.

        Raises
        ------
        BadCursorError
            If ``query.cursor`` is not one of ours.
        """
        ...

    async def get_alert(self, fingerprint: str) -> AlertDetail | None: ...

    async def last_change(self) -> int:
        """The newest change's number; 0 when there was none yet."""
        ...

    async def changes_since(self, after: int, limit: int) -> Sequence[Change]:
        """The changes with a number over `after`, in order, at most `limit`.

        Of several changes of one alert the older ones may be left out.
        """
        ...

    async def view_personal(self, fingerprint: str, actor: str) -> Sequence[Named] | None:
        """Whom the pictures of an alert name, None where there is no such alert.

        That `actor` asked is in the audit before the answer is given.
        """
        ...

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` in the event loop after each committed change; the result ends that."""
        ...
