"""What was heard lately at each place: which channel, how often, by how many sensors. Bounded.

    place, channel ──> transmissions of this session, newest last
                         └─ one may be heard by several sensors: at most COINCIDENT_S apart it is one

A sender near the border of two raster channels keeps the one under which it was heard first
(hysteresis), or it would be two alerts.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sdr.types import Emission

RASTER_HZ = 12_500
"""Channel spacing of narrowband land mobile radio in China and of ITU-R practice."""
BORDER_HZ = 2_500
"""How far beyond its channel a known sender may be measured: 5 ppm at 470 MHz, a warm dongle's error."""
COINCIDENT_S = 5.0
"""Sensors' clocks and detectors differ by less (NTP, integration of at most a second), bursts of one
sender come further apart (6 min published, 30 s for pagers)."""
MAX_CHANNELS = 20_000
"""A 1.7 GHz sweep has 136,000 raster channels; a site where more than this were active is all noise."""
MAX_RECENT = 16
MAX_EMISSIONS = 4096

Key = tuple[str, int]


def channel_number(center_hz: float) -> int:
    """The raster channel nearest to `center_hz`."""
    return round(center_hz / RASTER_HZ)


def channel_label(number: int) -> str:
    """A raster channel as people write it: ``433.925 MHz``."""
    return f"{number * RASTER_HZ / 1e6:.4f}".rstrip("0").rstrip(".") + " MHz"


@dataclass(frozen=True, slots=True)
class Sighting:
    """What an emission means beside the others."""

    channel: str
    transmission: str
    """The id of the emission under which this transmission was heard first."""
    n_repeats: int
    """Earlier transmissions on the channel in this session."""
    n_sensors: int
    others: tuple[tuple[str, int], ...] = ()
    """Emissions of other sensors that are now known to be heard by more sensors, and by how many."""


@dataclass(slots=True)
class _Ear:
    """An emission as one sensor heard it."""

    emission_id: str
    sensor: str
    first_seen: datetime
    last_seen: datetime
    number: int
    """Of its transmission within the session, from 0."""
    transmission: str
    n_sensors: int = 1


@dataclass(slots=True)
class _Channel:
    session: str
    n_transmissions: int = 0
    recent: deque[_Ear] = field(default_factory=lambda: deque[_Ear](maxlen=MAX_RECENT))


class AirLog:
    """The channel heard longest ago is forgotten first, and counted in ``n_forgotten``."""

    def __init__(self, capacity: int = MAX_CHANNELS) -> None:
        self._capacity = capacity
        self._channels: OrderedDict[Key, _Channel] = OrderedDict()
        self._key_of: OrderedDict[str, Key] = OrderedDict()
        self.n_forgotten = 0

    def remember(self, place: str, label: str) -> None:
        """A channel that had an alert before this run: its sender keeps that name."""
        try:
            number = channel_number(float(label.removesuffix(" MHz")) * 1e6)
        except ValueError:
            return
        self._channels.setdefault((place, number), _Channel(""))

    def note(self, place: str, emission: Emission, session: str) -> Sighting:
        """Put news of `emission` into the log. Repeated news of it counts nothing twice."""
        key = self._key(place, emission)
        channel = self._channels.get(key)
        if channel is None or channel.session != session:
            channel = self._channels[key] = _Channel(session)
        self._channels.move_to_end(key)
        if len(self._channels) > self._capacity:
            self._channels.popitem(last=False)
            self.n_forgotten += 1
        ear = self._ear(channel, emission)
        others = _coincident(ear, channel.recent)
        n_sensors = len({ear.sensor, *(other.sensor for other in others)})
        ear.n_sensors = max(ear.n_sensors, n_sensors)
        risen: list[tuple[str, int]] = []
        for other in others:
            n = len({other.sensor, *(each.sensor for each in _coincident(other, channel.recent))})
            if n > other.n_sensors:
                other.n_sensors = n
                risen.append((other.emission_id, n))
        return Sighting(channel_label(key[1]), ear.transmission, ear.number, ear.n_sensors, tuple(risen))

    def _key(self, place: str, emission: Emission) -> Key:
        key = self._key_of.get(emission.id)
        if key is None:
            key = self._key_of[emission.id] = (place, self._number(place, emission.center_hz))
        self._key_of.move_to_end(emission.id)
        if len(self._key_of) > MAX_EMISSIONS:
            self._key_of.popitem(last=False)
        return key

    def _number(self, place: str, center_hz: float) -> int:
        nearest = channel_number(center_hz)
        if (place, nearest) in self._channels:
            return nearest
        for number in (nearest - 1, nearest + 1):
            off_hz = abs(center_hz - number * RASTER_HZ)
            if (place, number) in self._channels and off_hz <= RASTER_HZ / 2 + BORDER_HZ:
                return number
        return nearest

    def _ear(self, channel: _Channel, emission: Emission) -> _Ear:
        for ear in channel.recent:
            if ear.emission_id == emission.id:
                ear.last_seen = max(ear.last_seen, emission.last_seen)
                return ear
        ear = _Ear(emission.id, emission.sensor, emission.first_seen, emission.last_seen, 0, emission.id)
        taken = {each.number for each in channel.recent if each.sensor == ear.sensor}
        heard = [each for each in _coincident(ear, channel.recent) if each.number not in taken]
        if heard:
            ear.number, ear.transmission = heard[-1].number, heard[-1].transmission
        else:
            ear.number = channel.n_transmissions
            channel.n_transmissions += 1
        channel.recent.append(ear)
        return ear


def _coincident(ear: _Ear, recent: deque[_Ear]) -> list[_Ear]:
    slack = timedelta(seconds=COINCIDENT_S)
    return [
        other
        for other in recent
        if other.sensor != ear.sensor
        and other.first_seen - slack <= ear.last_seen
        and ear.first_seen - slack <= other.last_seen
    ]
