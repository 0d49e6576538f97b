"""One group's next message: what to tell, and why. Pure.

    first    nothing of the group was ever told           after group_wait
    new      something fires that was not told            group_interval after the last message
    resolved all news is that something is over           likewise
    repeat   it all still fires, and was told long ago    repeat_interval after the last message

An alert that grows graver is news. What is judged benign counts as over, and tells again what no longer
fits the verdict. What was over before anyone was told of it is told with the rest
of the group, never alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from monitor.alert.alert import LEVEL_RANK, Level
from monitor.notify.route import Route

Reason = Literal["first", "new", "resolved", "repeat"]
OVER = "over"
"""Beside the levels: what was told of an alert."""


@dataclass(frozen=True, slots=True)
class Member:
    """An alert of the group as it stands now."""

    fingerprint: str
    level: Level
    fires: bool
    """False also for what is judged benign."""
    lifted: str = ""
    """Names the benign verdict that no longer holds for it: to be told once more."""

    @property
    def as_told(self) -> str:
        return f"{self.level}@{self.lifted}" if self.lifted else self.level


@dataclass(frozen=True, slots=True)
class Told:
    """What the receiver knows of a group."""

    at: datetime | None = None
    """Of the last message; None before the first."""
    alerts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Fingerprint to `Member.as_told`, or `OVER`."""


@dataclass(frozen=True, slots=True)
class Message:
    reason: Reason
    firing: tuple[str, ...]
    """Fingerprints, the gravest first."""
    resolved: tuple[str, ...]
    told: Told
    """What the receiver knows once it has it."""


def next_message(members: Mapping[str, Member], told: Told, route: Route, now: datetime) -> Message | None:
    """What to tell now; `members` are those that no silence and no inhibition mutes."""
    firing = sorted(
        (one for one in members.values() if one.fires),
        key=lambda one: (-LEVEL_RANK[one.level], one.fingerprint),
    )
    over = sorted(
        one.fingerprint
        for one in members.values()
        if not one.fires and told.alerts.get(one.fingerprint, OVER) != OVER
    )
    graver = [one for one in firing if _is_news(one, told.alerts.get(one.fingerprint))]
    reason: Reason | None = None
    if graver:
        reason = "first" if told.at is None else "new"
    elif over:
        reason = "resolved"
    elif firing and told.at is not None and now - told.at >= route.repeat_interval:
        reason = "repeat"
    if reason is None:
        return None
    known = {one.fingerprint: one.as_told for one in firing} | dict.fromkeys(over, OVER)
    return Message(reason, tuple(one.fingerprint for one in firing), tuple(over), Told(now, known))


def _is_news(one: Member, told: str | None) -> bool:
    if told is None or told == OVER:
        return True
    level, _, lifted = told.partition("@")
    if one.lifted and one.lifted != lifted:
        return True
    return next((LEVEL_RANK[name] for name in LEVEL_RANK if name == level), -1) < LEVEL_RANK[one.level]


def due_at(told: Told, began_at: datetime, route: Route) -> datetime:
    """When the group is looked at next."""
    return began_at + route.group_wait if told.at is None else told.at + route.group_interval
