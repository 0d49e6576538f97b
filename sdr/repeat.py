"""Who was heard before: emissions on one channel, and the rhythm they keep."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from datetime import timedelta

from sdr.measure import Rhythm, rhythm
from sdr.types import Emission

NEAR_HZ = 6_250.0
"""Half of a channel: a burst's measured centre moves less than this from one time to the next."""
MAX_CHANNELS = 2048
MAX_STARTS = 16


@dataclass(slots=True)
class _Channel:
    center_hz: float
    starts_s: deque[float]


class Repetition:
    """Keeps when each channel was heard. Bounded: the channel not heard for longest goes first."""

    def __init__(self) -> None:
        self._channels: list[_Channel] = []

    def add(self, emission: Emission) -> Emission:
        """Count `emission`; it comes back with the period that its channel shows, if it has none itself."""
        reach = max(NEAR_HZ, emission.bandwidth_hz / 2)
        near = [c for c in self._channels if abs(c.center_hz - emission.center_hz) <= reach]
        if near:
            channel = min(near, key=lambda c: abs(c.center_hz - emission.center_hz))
            self._channels.remove(channel)
        else:
            channel = _Channel(emission.center_hz, deque(maxlen=MAX_STARTS))
        self._channels.append(channel)
        channel.starts_s.append(emission.start_s)
        del self._channels[:-MAX_CHANNELS]
        if emission.burst_period_s is not None:
            return emission
        found = rhythm(tuple(channel.starts_s))
        if found is None:
            return emission
        duty = min(1.0, emission.on_time_s / found.period_s)
        return predicted(replace(emission, burst_period_s=found.period_s, duty_cycle=duty), found)


def predicted(emission: Emission, found: Rhythm | None) -> Emission:
    """`emission` with its next burst, of which `found` is the rhythm on the run's clock."""
    if found is None:
        return emission
    at = emission.first_seen + timedelta(seconds=found.next_s - emission.start_s)
    return replace(emission, next_burst_at=at, next_burst_within_s=found.within_s)
