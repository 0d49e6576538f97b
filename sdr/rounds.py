"""A plan as it is driven: which hop comes next, and which visits were made. Pure, clock-free."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from sdr.plan import LEAST_OVERLAP_S, Plan, Visits

HIT_SHARE = 1 / 3
"""Of all visits, in the long run: what hits may take from the plan."""
HIT_SPARE = 8
"""Visits that a first hit may take at once: 0.8 s on the spot."""
HIT_VISITS = 12
"""Visits after which an old hit is no news any more."""
MAX_VISITS = 4096
"""Visits that are remembered: 8 min of them at 0.1 s each."""


@dataclass(slots=True)
class Rounds:
    """Which hop comes next. A hit turns the plan towards its hop; the others never starve.

    Of any n visits in a row at most ``HIT_SHARE * n + HIT_SPARE + 1`` go to hits, so that a hop waits at
    most ``1 / (1 - HIT_SHARE) = 1.5`` times as long as planned, and `HIT_SPARE` + 2 visits longer.
    """

    plan: Plan
    _at: int = 0
    _spare: float = HIT_SPARE
    _hits: dict[int, int] = field(default_factory=dict[int, int])

    def next(self) -> int:
        """The index of the hop to visit now."""
        if self._hits and self._spare >= 1:
            self._spare -= 1
            hop = next(iter(self._hits))
            left = self._hits.pop(hop) - 1
            if left:
                # Behind the others: where several were hit they take turns.
                self._hits[hop] = left
            return hop
        hop = self.plan.cycle[self._at]
        self._at = (self._at + 1) % len(self.plan.cycle)
        self._spare = min(HIT_SPARE, self._spare + HIT_SHARE / (1 - HIT_SHARE))
        return hop

    def note_hit(self, hop: int) -> None:
        """Something new was heard in `hop`."""
        self._hits[hop] = HIT_VISITS


class VisitLog:
    """The newest visits as they were made, for odds that hold of what was done and not of what was meant."""

    def __init__(self) -> None:
        self._made: deque[tuple[int, float, float]] = deque(maxlen=MAX_VISITS)

    def note(self, hop: int, start_s: float, end_s: float) -> None:
        """`hop` was listened to from `start_s` to `end_s`; what joins on to the last visit is one with it."""
        if self._made:
            last_hop, last_start, last_end = self._made[-1]
            if last_hop == hop and start_s - last_end < LEAST_OVERLAP_S:
                self._made[-1] = (hop, last_start, end_s)
                return
        self._made.append((hop, start_s, end_s))

    def forget(self) -> None:
        """Begin anew: what was made before is no measure of what will be."""
        self._made.clear()

    def visits(self, n_hops: int) -> list[Visits] | None:
        """The visits of each hop, as if what was done went on for ever; None until each had two."""
        # A copy in one step: this is read while another thread writes.
        made = list(self._made)
        spans: list[list[tuple[float, float]]] = [[] for _ in range(n_hops)]
        if not made:
            return None
        begin, end = made[0][1], made[-1][2]
        for hop, start_s, end_s in made:
            spans[hop].append((start_s - begin, end_s - begin))
        if any(len(one) < 2 for one in spans):
            return None
        return [Visits(end - begin, tuple(one)) for one in spans]
