"""Events that count together, in the order of their own times, and whether they are enough.

    past:   x    x      x  x    anchor        within: how far back from the anchor
                 |------ within -----|

What is asked is always asked about an anchor, the last event of a window: whether it is
complete depends on the events in it that are known and not on the order in which they came.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

from rules.rule import Correlation, Near
from rules.sketch import Sketch, likeness

MAX_ENTRIES: Final = 256
"""Events remembered of one group; at_least may ask for 64."""
MAX_MISSED: Final = 3
"""A burst may be missed while the receiver is elsewhere: distances of one to three periods count."""


@dataclass(slots=True, order=True)
class Entry:
    """One event that counts in one group."""

    at: float
    id: str
    start: float = field(compare=False)
    """Where a period is counted from: when the emission began."""
    steps: tuple[int, ...] = field(compare=False)
    """Which steps of the correlation it meets."""
    value: str = field(compare=False)
    near: tuple[float | Sketch, ...] = field(compare=False)
    event: dict[str, Any] = field(compare=False)
    anchored: bool = field(compare=False, default=False)
    """A window that ends here was complete and has been told."""

    def to_list(self) -> list[Any]:
        near = [list(value) if isinstance(value, tuple) else value for value in self.near]
        return [self.at, self.id, self.start, list(self.steps), self.value, near, self.event, self.anchored]

    @classmethod
    def of_list(cls, raw: Sequence[Any]) -> Entry:
        at, id_, start, steps, value, near, event, anchored = raw
        values = tuple(tuple(each) if isinstance(each, list) else each for each in near)
        return cls(at, id_, start, tuple(steps), value, values, event, anchored)


class Window:
    """The remembered events of one group, by time."""

    def __init__(self, entries: Iterable[Entry] = ()) -> None:
        self.entries = sorted(entries)

    def known(self, event_id: str) -> Entry | None:
        return next((entry for entry in reversed(self.entries) if entry.id == event_id), None)

    def is_late(self, at: float, allowed_s: float) -> bool:
        return bool(self.entries) and at < self.entries[-1].at - allowed_s

    def add(self, entry: Entry, keep_s: float) -> int:
        """Take `entry` in and forget what is too old; how many were forgotten for want of room."""
        insort(self.entries, entry)
        first = bisect_left(self.entries, self.entries[-1].at - keep_s, key=lambda each: each.at)
        del self.entries[:first]
        if len(self.entries) <= MAX_ENTRIES:
            return 0
        # One loud source must not push the others out: the oldest of the commonest kind goes.
        kinds = Counter((each.steps, each.value) for each in self.entries)
        commonest = kinds.most_common(1)[0][0]
        del self.entries[next(n for n, e in enumerate(self.entries) if (e.steps, e.value) == commonest)]
        return 1

    def anchors(self, entry: Entry, within_s: float) -> Iterator[Entry]:
        """Entries whose windows `entry` lies in, not told yet."""
        for each in self.entries[bisect_left(self.entries, entry) :]:
            if each.at > entry.at + within_s:
                return
            if not each.anchored:
                yield each

    def up_to(self, anchor: Entry, within_s: float) -> list[Entry]:
        first = bisect_left(self.entries, anchor.at - within_s, key=lambda each: each.at)
        return self.entries[first : bisect_left(self.entries, anchor) + 1]


def complete(correlation: Correlation, past: Sequence[Entry], anchor: Entry) -> list[Entry]:
    """The events that make the window which ends at `anchor` complete, by time; none if it is not.

    Parameters
    ----------
    past
        By time, `anchor` last, none older than the window.
    """
    like = [entry for entry in past if entry is anchor or alike(correlation.near, entry, anchor)]
    match correlation.type:
        case "count":
            return like if len(like) >= correlation.at_least else []
        case "values":
            newest = {entry.value: entry for entry in like}
            return sorted(newest.values()) if len(newest) >= correlation.at_least else []
        case "sequence":
            return _sequence(len(correlation.steps), like)
        case "coincidence":
            return _coincidence(len(correlation.steps), like)
        case "period":
            return periodic(correlation, like)[0]


def possible(correlation: Correlation, entries: Sequence[Entry]) -> bool:
    """Whether any window of `entries` may be complete: what most events are spared the search by."""
    if correlation.type == "values":
        return len({entry.value for entry in entries}) >= correlation.at_least
    if correlation.type in ("sequence", "coincidence"):
        met = {step for entry in entries for step in entry.steps}
        return len(met) == len(correlation.steps) <= len(entries)
    return len(entries) >= correlation.at_least


def alike(near: Sequence[Near], one: Entry, other: Entry) -> bool:
    for rule, mine, its in zip(near, one.near, other.near, strict=True):
        if isinstance(mine, tuple) and isinstance(its, tuple):
            if likeness(mine, its) < rule.tolerance:
                return False
        elif isinstance(mine, tuple) or isinstance(its, tuple) or abs(mine - its) > rule.tolerance:
            return False
    return True


def _sequence(n_steps: int, like: Sequence[Entry]) -> list[Entry]:
    """From the last step back, the latest event of each: if any choice fits, this one does."""
    wanted = n_steps - 1
    found: list[Entry] = []
    for entry in reversed(like):
        if wanted in entry.steps:
            found.append(entry)
            wanted -= 1
        elif not found:
            return []  # the anchor is no last step
        if wanted < 0:
            return found[::-1]
    return []


def _coincidence(n_steps: int, like: Sequence[Entry]) -> list[Entry]:
    """One event a step, the anchor among them: a matching (Kuhn), the newest events first."""
    anchor, others = like[-1], list(reversed(like[:-1]))
    for own in anchor.steps:
        holds: dict[int, Entry] = {own: anchor}

        def settle(step: int, tried: set[int], holds: dict[int, Entry] = holds) -> bool:
            for number, entry in enumerate(others):
                if step not in entry.steps or number in tried:
                    continue
                tried.add(number)
                owner = next((s for s, held in holds.items() if held is entry), None)
                if owner is None or settle(owner, tried, holds):
                    holds[step] = entry
                    return True
            return False

        if all(settle(step, set()) for step in range(n_steps) if step != own):
            return sorted(holds.values())
    return []


def periodic(correlation: Correlation, like: Sequence[Entry]) -> tuple[list[Entry], float]:
    """The longest train of bursts that ends at the last one with even distances, and its period in s.

    A burst heard twice (by two sensors) is one; up to two in a row may be missing.
    """
    low, high = correlation.period_s
    bursts: list[Entry] = []
    for entry in sorted(like, key=lambda each: (each.start, each.id)):
        if not bursts or entry.start - bursts[-1].start >= low / 2:
            bursts.append(entry)
    for n_bursts in range(len(bursts), correlation.at_least - 1, -1):
        train = bursts[-n_bursts:]
        period_s = even_period([entry.start for entry in train], low, high, correlation.jitter)
        if period_s:
            return train, period_s
    return [], 0.0


def even_period(starts: Sequence[float], low_s: float, high_s: float, jitter: float) -> float:
    """The period that all distances of `starts` are one to three times of, within `jitter`; 0 if none is."""
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    for period_s in sorted({gap / missed for gap in gaps for missed in (1, 2, MAX_MISSED)}, reverse=True):
        if not low_s <= period_s <= high_s:
            continue
        counts = [round(gap / period_s) for gap in gaps]
        if min(counts) < 1 or max(counts) > MAX_MISSED:
            continue
        fitted_s = sum(gaps) / sum(counts)
        fits = all(abs(gap - n * fitted_s) <= jitter * fitted_s for gap, n in zip(gaps, counts, strict=True))
        if fits and low_s <= fitted_s <= high_s:
            return fitted_s
    return 0.0
