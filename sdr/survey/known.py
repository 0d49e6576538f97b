"""Emissions of a survey, folded into a list of what belongs to the site."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sdr.survey.licences import Licence, licence_at
from sdr.survey.template import Known
from sdr.types import Emission

MAX_KNOWN = 5000
"""A week in a city centre stays below; the list must not grow for ever."""
NEAR_HZ = 3000.0
"""Centres of one narrow sender scatter by less than this: half of the smallest channel (6.25 kHz)."""
GHOST_FLAGS = frozenset({"dc", "image", "mirror", "intermod"})
"""The receiver's own doing: it moves with the tuning and belongs to no site."""


def is_same(center_a_hz: float, width_a_hz: float, center_b_hz: float, width_b_hz: float) -> bool:
    """Whether two emissions may be one sender: centres nearer than half of the narrower one's width.

    The narrower one counts so that a television channel does not swallow the carrier inside it.
    """
    return abs(center_a_hz - center_b_hz) <= max(NEAR_HZ, 0.5 * min(width_a_hz, width_b_hz))


@dataclass(slots=True)
class _Entry:
    center_hz: float
    bandwidth_hz: float
    peak_dbfs: float
    snr_db: float
    first_seen: datetime
    last_seen: datetime
    n_heard: int = 0
    on_time_s: float = 0.0
    hours: set[int] = field(default_factory=set[int])
    modulations: Counter[str] = field(default_factory=Counter[str])

    def add(self, emission: Emission) -> None:
        self.n_heard += 1
        self.center_hz += (emission.center_hz - self.center_hz) / self.n_heard
        self.bandwidth_hz = max(self.bandwidth_hz, emission.bandwidth_hz)
        self.peak_dbfs = max(self.peak_dbfs, emission.peak_dbfs)
        self.snr_db = max(self.snr_db, emission.snr_db)
        self.first_seen = min(self.first_seen, emission.first_seen)
        self.last_seen = max(self.last_seen, emission.last_seen)
        self.on_time_s += emission.on_time_s
        self.hours |= hours_between(emission.first_seen, emission.last_seen)
        if emission.modulation not in (None, "unknown"):
            self.modulations[emission.modulation] += 1


class KnownList:
    """Gathers emissions; those of one sender become one entry."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []
        self.n_unlisted = 0

    def add(self, emission: Emission) -> None:
        if GHOST_FLAGS & set(emission.flags):
            return
        entry = self._nearest(emission)
        if entry is None:
            if len(self._entries) >= MAX_KNOWN:
                self.n_unlisted += 1
                return
            entry = _Entry(
                emission.center_hz,
                emission.bandwidth_hz,
                emission.peak_dbfs,
                emission.snr_db,
                emission.first_seen,
                emission.last_seen,
            )
            self._entries.append(entry)
        entry.add(emission)

    def entries(self, licences: Sequence[Licence] = ()) -> list[Known]:
        """Lowest frequency first, each with the name that `licences` has for it."""
        found = [
            Known(
                center_hz=round(entry.center_hz, 1),
                bandwidth_hz=round(entry.bandwidth_hz, 1),
                peak_dbfs=round(entry.peak_dbfs, 1),
                snr_db=round(entry.snr_db, 1),
                n_heard=entry.n_heard,
                hours=sorted(entry.hours),
                first_seen=entry.first_seen,
                last_seen=entry.last_seen,
                on_time_s=round(entry.on_time_s, 3),
                modulation=entry.modulations.most_common(1)[0][0] if entry.modulations else None,
            )
            for entry in sorted(self._entries, key=lambda entry: entry.center_hz)
        ]
        return [named(one, licences) for one in found]

    def _nearest(self, emission: Emission) -> _Entry | None:
        same = [
            entry
            for entry in self._entries
            if is_same(entry.center_hz, entry.bandwidth_hz, emission.center_hz, emission.bandwidth_hz)
        ]
        return min(same, key=lambda entry: abs(entry.center_hz - emission.center_hz), default=None)


def named(one: Known, licences: Sequence[Licence]) -> Known:
    """`one` with name and service of the station that is licensed there, if there is any."""
    licence = licence_at(licences, one.center_hz, one.bandwidth_hz)
    return one if licence is None else replace(one, name=licence.name, service=licence.service)


def hours_between(first: datetime, last: datetime) -> set[int]:
    """Hours of the day that the time from `first` to `last` touches."""
    at = first.replace(minute=0, second=0, microsecond=0)
    hours: set[int] = set()
    while at <= last and len(hours) < 24:
        hours.add(at.hour)
        at += timedelta(hours=1)
    return hours
