"""The rules as the server changes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from rules.book import Edition
from rules.budget import Over

if TYPE_CHECKING:
    from monitor.ruledesk.texts import Written
    from monitor.ruledesk.unsettled import Leaving


class RuleService(Protocol):
    """The rules in force, and how they change; every change is audited."""

    @property
    def edition(self) -> Edition: ...

    @property
    def trial(self) -> Edition | None: ...

    @property
    def leaving(self) -> Leaving | None:
        """The rule whose removal is on trial."""
        ...

    @property
    def history(self) -> list[Edition]: ...

    @property
    def faults(self) -> Sequence[str]: ...

    @property
    def venues(self) -> frozenset[str]:
        """Those of the timetable, where an edition can be tried."""
        ...

    def n_alerts(self, rule: str) -> int: ...

    def over(self) -> Sequence[Over]:
        """Rules that have used up their day, the worst first."""
        ...

    async def reload(self, author: str, venues: frozenset[str]) -> Edition:
        """Raises `RuleErrors` with every fault; the old edition stays."""
        ...

    async def written(self, rule_id: str) -> Written | None:
        """The file that holds a rule, as it stands; None where none does."""
        ...

    async def place(self, rule_id: str) -> Path | None:
        """Where a rule would be saved to; None where nothing may be written."""
        ...

    async def written_exceptions(self) -> Written | None:
        """The file of exceptions; None where there is none. Raises OSError."""
        ...

    async def save(self, text: str, was: str | None, author: str, venues: frozenset[str]) -> Edition:
        """Raises `RuleErrors`, `NotWritableError`, `ChangedError`, `UnsettledError`, OSError; all stays."""
        ...

    async def remove(
        self, rule_id: str, was: str, author: str, reason: str, venues: frozenset[str]
    ) -> Edition:
        """As `save`."""
        ...

    async def save_exceptions(self, text: str, was: str | None, author: str) -> Edition:
        """As `save`."""
        ...

    async def spread(self, author: str) -> Edition:
        """Raises `NoEditionError`, `ChangedError`, OSError."""
        ...

    async def roll_back(self, author: str) -> Edition:
        """Raises `NoEditionError`, `RuleErrors`."""
        ...
