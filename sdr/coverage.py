"""What a source is asked to watch, what it can watch, and what it has watched so far."""

from __future__ import annotations

from collections.abc import Sequence

from sdr.plan import Band, BandOdds, Plan, make_plan, unwatched
from sdr.rounds import Rounds, VisitLog
from sdr.source.base import SourceInfo


class Coverage:
    """The plan of one scan and its odds. One thread drives it; any may ask for odds.

    Parameters
    ----------
    bands : sequence of (low_hz, high_hz)
        Empty: what the source hears where it is tuned.
    weights : sequence of float
        What a burst missed in each band weighs; 1.0 where none is given.
    plan : Plan, optional
        This receiver's part of a plan that several share; without hops it is no part, and all is watched.
    """

    def __init__(
        self,
        info: SourceInfo,
        bands: Sequence[tuple[float, float]],
        weights: Sequence[float],
        dwell_s: float,
        gain_db: float | None,
        plan: Plan | None = None,
    ) -> None:
        self._info = info
        self._asked = tuple(bands)
        self.plan = Plan((), (), ())
        if plan is not None and plan.hops and info.tunable:
            self.plan = plan
            self._asked = tuple((band.low_hz, band.high_hz) for band in plan.bands)
        elif bands and info.tunable:
            padded = (*weights, *[1.0] * len(bands))[: len(bands)]
            weighted = [Band(low, high, weight) for (low, high), weight in zip(bands, padded, strict=True)]
            self.plan = make_plan(weighted, info.rate_hz, dwell_s, gain_db)
        self.rounds = Rounds(self.plan)
        self._visits = VisitLog()

    def note_visit(self, hop: int, n_samples: int, end_sample: int) -> None:
        """`hop` was heard for `n_samples` that ended before `end_sample`."""
        if n_samples:
            rate_hz = self._info.rate_hz
            self._visits.note(hop, (end_sample - n_samples) / rate_hz, end_sample / rate_hz)

    def start_anew(self) -> None:
        """The receiver was away from its plan: until they are measured again the odds are the plan's."""
        self._visits.forget()

    @property
    def odds(self) -> list[BandOdds]:
        """What is promised of each band; once every hop had two visits, what is kept."""
        if not self.plan.hops:
            return [BandOdds(low, high, 0.0, 0.0) for low, high in self.bands]
        return self.plan.odds(self._visits.visits(len(self.plan.hops)) if self.plan.is_sweep else None)

    @property
    def bands(self) -> list[tuple[float, float]]:
        """What is heard of what was asked for: a source that cannot be tuned hears its passband only."""
        if self.plan.hops:
            return list(self._asked)
        half = self._info.rate_hz / 2
        low, high = self._info.center_hz - half, self._info.center_hz + half
        if not self._asked:
            return [(low, high)]
        parts = [(max(low, a), min(high, b)) for a, b in self._asked]
        return [(a, b) for a, b in parts if a < b]

    @property
    def unwatched(self) -> list[tuple[float, float]]:
        """Ranges that an RTL-SDR could tune and this scan does not hear; none where the centre is unknown."""
        return unwatched(self.bands) if self._info.center_known else []
