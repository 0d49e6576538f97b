"""Lost samples, told from late ones by the clock alone: no receiver here says when it drops.

    deficit(k) = time of delivery k - (samples up to k) / rate

Lateness raises the deficit for a while, loss for good:

              ____________________  loss: a new level, `n_missing` above the old
    ___/\\____|                      lateness: back to the old level

The old level is the lower envelope of all deficits. It falls at once and rises
only as fast as two clocks may drift apart. A rise of `threshold_s` is suspected;
until it has fallen again, or stood still at its new level for `confirm_s`,
nothing after it is settled, so that no reader ever sees a number that changes.
"""

from __future__ import annotations

from dataclasses import dataclass

_DRIFT = 200e-6
"""Rate error that is followed: a cold RTL-SDR is 30 +- 20 ppm off, the worst 100, machines' clocks some."""
_STEADY_S = 0.003
"""Two halves of the wait must agree to this before a level counts as new."""
_NEAR_SHARE = 0.3
"""Of the deliveries of a half: on two busy cores half of them come within `_STEADY_S` of the earliest."""
_N_MIN_DELIVERIES = 3
_MAX_HOLD_S = 1.0
"""Longer no reader waits for a decision: a ring holds little more. The gap is then placed later."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples that are missing for certain."""

    position: int
    """Count of delivered samples before it."""
    n_missing: int


class GapMeter:
    """Watches deliveries. Not thread-safe: it belongs to the thread that delivers.

    Parameters
    ----------
    rate_hz
        Nominal samples a second.
    threshold_s
        Shortest loss that is looked for. A sum of shorter ones is found when it reaches this.
    confirm_s
        How long a new level must stand.
    warm_up_s
        Deliveries at the start that say nothing: drivers hand over what they had queued.
    """

    def __init__(
        self, rate_hz: float, *, threshold_s: float = 0.010, confirm_s: float = 0.5, warm_up_s: float = 0.3
    ) -> None:
        self._rate_hz = rate_hz
        self._threshold_s = threshold_s
        self._confirm_s = confirm_s
        self._warm_up_s = warm_up_s
        self.n_delivered = 0
        """Samples delivered so far."""
        self.n_settled = 0
        """Samples before this position keep their numbers."""
        self._first_s: float | None = None
        self._last_s = 0.0
        self._level_s: float | None = None
        self._outage: _Outage | None = None
        self._suspect: _Suspicion | None = None

    def restart(self) -> None:
        """The stream begins anew (unplugged, reconnected): what it has lost is told after its warm-up."""
        if self._outage is None and self._level_s is not None:
            self._outage = _Outage(self.n_delivered, self._level_s)
        self.n_settled = self.n_delivered
        self._first_s = self._level_s = self._suspect = None

    def note(self, n_samples: int, at_s: float) -> Gap | None:
        """Count `n_samples` that were complete at monotonic time `at_s`; a gap, once it is certain."""
        before = self.n_delivered
        self.n_delivered += n_samples
        if self._first_s is None:
            self._first_s = at_s
        deficit_s = at_s - self.n_delivered / self._rate_hz
        if at_s - self._first_s < self._warm_up_s or self._level_s is None:
            self._level_s = deficit_s if self._level_s is None else min(self._level_s, deficit_s)
            self._last_s = at_s
            if self._outage is None:
                self.n_settled = self.n_delivered
            return None
        if self._outage is not None:
            return self._end_outage(self._outage, min(self._level_s, deficit_s))
        self._level_s = min(deficit_s, self._level_s + _DRIFT * max(0.0, at_s - self._last_s))
        self._last_s = at_s
        if deficit_s < self._level_s + self._threshold_s:
            self._suspect = None
            self.n_settled = self.n_delivered
            return None
        if self._suspect is None:
            self._suspect = _Suspicion(before, at_s)
        self._suspect.add(deficit_s, at_s, self._confirm_s)
        if not self._suspect.is_certain:
            if at_s - self._suspect.since_s > _MAX_HOLD_S:
                self.n_settled = self._suspect.position = self.n_delivered
            return None
        return self._confirm(self._suspect.level_s)

    def time_of(self, position: int) -> float | None:
        """Monotonic time at which the sample at `position` was taken, at the latest; None if unknown."""
        return None if self._level_s is None else position / self._rate_hz + self._level_s

    def position_at(self, at_s: float) -> int:
        """Position of the sample that was being taken at monotonic time `at_s`, at the earliest."""
        if self._level_s is None:
            return self.n_delivered
        return max(0, round((at_s - self._level_s) * self._rate_hz))

    def _end_outage(self, outage: _Outage, level_s: float) -> Gap | None:
        n_missing = round((level_s - outage.level_s) * self._rate_hz)
        self._level_s, self._outage = level_s, None
        self.n_settled = self.n_delivered
        return Gap(outage.position, n_missing) if n_missing > 0 else None

    def _confirm(self, level_s: float) -> Gap:
        assert self._suspect is not None
        assert self._level_s is not None
        gap = Gap(self._suspect.position, round((level_s - self._level_s) * self._rate_hz))
        self._level_s = level_s
        self._suspect = None
        self.n_settled = self.n_delivered
        return gap


@dataclass(frozen=True, slots=True)
class _Outage:
    """The stream stopped here, at this level."""

    position: int
    level_s: float


class _Suspicion:
    """A rise that has not yet turned out to be lateness or loss.

    Loss stands still: the lowest deficit of each half of the wait is the same,
    and many deliveries come near it. Lateness falls, or touches its lowest by chance.
    """

    def __init__(self, position: int, since_s: float) -> None:
        self.position = position
        self.since_s = since_s
        self.is_certain = False
        self._half_s = since_s
        self._older = _Lowest()
        self._newer = _Lowest()

    @property
    def level_s(self) -> float:
        """The new level, if it is one."""
        return min(self._older.at_s, self._newer.at_s)

    def add(self, deficit_s: float, at_s: float, confirm_s: float) -> None:
        self._newer.add(deficit_s)
        if at_s - self._half_s < confirm_s / 2:
            return
        is_level = abs(self._older.at_s - self._newer.at_s) < _STEADY_S
        self.is_certain = is_level and self._older.is_floor and self._newer.is_floor
        if not self.is_certain:
            self._older, self._newer, self._half_s = self._newer, _Lowest(), at_s


class _Lowest:
    """The lowest of some deficits, and how many came near it."""

    def __init__(self) -> None:
        self.at_s = float("inf")
        self._n = 0
        self._n_near = 0

    @property
    def is_floor(self) -> bool:
        return self._n >= _N_MIN_DELIVERIES and self._n_near >= _NEAR_SHARE * self._n

    def add(self, deficit_s: float) -> None:
        self._n += 1
        if deficit_s < self.at_s - _STEADY_S:
            self._n_near = 0
        self._n_near += deficit_s < self.at_s + _STEADY_S
        self.at_s = min(self.at_s, deficit_s)
