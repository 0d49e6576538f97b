"""Hot topics: how many documents of each kind, and when that is out of the ordinary.

    document that a rule matched ──(category, exam, place)──> count of its quarter hour ──z──> alarm?

Only counts are kept, of subjects and never of people: there is no author here, and nothing
from which one could be found again.

A count is compared with its own past by a robust z-score. Counts of rare things are Poisson, whose
spread grows with the mean, so they are first made even by Anscombe's transform 2·sqrt(n + 3/8)
(Biometrika 35, 1948), under which the standard deviation is 1. The spread is then 1.4826 times the
median absolute deviation, but no less than that 1.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median

BUCKET_S = 900.0
N_BUCKETS = 672
"""A week of quarter hours."""
MIN_BUCKETS = 96
"""Before a day has been seen, nothing is known to be unusual."""
Z_ALARM = 3.5
"""Iglewicz and Hoaglin, How to Detect and Handle Outliers, 1993, for the modified z-score."""
Z_END = 2.0
MIN_COUNT = 5
"""Fewer documents are an incident for the rules, not a topic."""
MAX_TOPICS = 2_000
MAX_IDS = 10_000
"""Last ones remembered, by which a document told twice counts once."""
MAD_TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Topic:
    category: str
    """Of the rule that matched: sell, scam, proxy …"""
    exam: str
    place: str
    """Venue, town or province, as far as the document tells; empty for nowhere in particular."""


@dataclass(frozen=True, slots=True)
class TopicAlarm:
    """A topic that is out of its own ordinary."""

    topic: Topic
    bucket_at: datetime
    """When the quarter hour began."""
    n: int
    usual: float
    """Median of the past."""
    z: float


@dataclass(frozen=True, slots=True)
class Usual:
    """What a topic's past makes of a count."""

    n_buckets: int
    middle: float
    """Of the counts as they are."""
    even_middle: float
    spread: float

    def z(self, n: int) -> float:
        """How many standard deviations `n` lies above the middle; 0 without a past."""
        return (_even(n) - self.even_middle) / max(1.0, self.spread) if self.n_buckets else 0.0


def usual(past: list[int]) -> Usual:
    """Median and spread of the counts of past quarter hours."""
    if not past:
        return Usual(0, 0.0, 0.0, 0.0)
    even = [_even(count) for count in past]
    middle = median(even)
    spread = MAD_TO_SIGMA * median(abs(value - middle) for value in even)
    return Usual(len(past), float(median(past)), middle, spread)


@dataclass(slots=True)
class _Series:
    counts: dict[int, int] = field(default_factory=dict[int, int])
    """By bucket; those without documents are missing."""
    is_hot: bool = False
    known: dict[int, Usual] = field(default_factory=dict[int, Usual])
    """The past of a bucket does not change while it fills."""


class Topics:
    """Counts of the last week, and which topics are hot.

    Parameters
    ----------
    since : datetime
        When counting began; nothing before it is taken for silence.
    """

    def __init__(self, since: datetime) -> None:
        self._first = _bucket(since)
        self._series: OrderedDict[Topic, _Series] = OrderedDict()
        self._ids: OrderedDict[tuple[Topic, str], None] = OrderedDict()
        self.n_forgotten = 0
        """Topics let go because there were too many."""

    def add(self, topic: Topic, document: str, at: datetime) -> TopicAlarm | None:
        """Count the document with the id `document`, first seen at `at`.

        Returns an alarm when this one makes the topic hot. A document counts once for a topic,
        however often and in however many versions it is told.
        """
        if (topic, document) in self._ids:
            return None
        self._ids[topic, document] = None
        if len(self._ids) > MAX_IDS:
            self._ids.popitem(last=False)
        series = self._series.setdefault(topic, _Series())
        self._series.move_to_end(topic)
        if len(self._series) > MAX_TOPICS:
            self._series.popitem(last=False)
            self.n_forgotten += 1
        now = _bucket(at)
        series.counts[now] = series.counts.get(now, 0) + 1
        if now < max(series.counts):
            series.known.clear()
        self._cool(series, now)
        n = series.counts[now]
        if series.is_hot or n < MIN_COUNT:
            return None
        past = self._usual(series, now)
        if past.n_buckets < MIN_BUCKETS or past.z(n) < Z_ALARM:
            return None
        series.is_hot = True
        return TopicAlarm(topic, _start(now), n, past.middle, past.z(n))

    def hot(self, now: datetime) -> list[Topic]:
        """Topics whose alarm has not ended: the last whole quarter hour, or this one, is still unusual."""
        for series in self._series.values():
            self._cool(series, _bucket(now))
        return [topic for topic, series in self._series.items() if series.is_hot]

    def counts(self, topic: Topic, now: datetime, n_buckets: int = 96) -> list[tuple[datetime, int]]:
        """Start and count of each of the last `n_buckets` quarter hours, the current one last."""
        series, last = self._series.get(topic, _Series()), _bucket(now)
        return [(_start(b), series.counts.get(b, 0)) for b in range(last - n_buckets + 1, last + 1)]

    def topics(self) -> list[Topic]:
        """Every topic that is counted, the one last added to last."""
        return list(self._series)

    def _cool(self, series: _Series, now: int) -> None:
        for bucket in [b for b in series.counts if b <= now - N_BUCKETS]:
            del series.counts[bucket]
        if not series.is_hot:
            return
        # The current one is not over: a low count of it says nothing yet.
        recent = max(series.counts.get(now, 0), series.counts.get(now - 1, 0))
        series.is_hot = self._usual(series, now - 1).z(recent) > Z_END

    def _usual(self, series: _Series, now: int) -> Usual:
        """The past of `now`: every quarter hour before it, also the silent ones."""
        found = series.known.get(now)
        if found is None:
            buckets = range(max(self._first, now - N_BUCKETS + 1), now)
            found = usual([series.counts.get(b, 0) for b in buckets])
            series.known = {b: past for b, past in series.known.items() if b == now - 1} | {now: found}
        return found

    def to_plain(self) -> dict[str, object]:
        """For a JSON file, so that a restart does not forget the week."""
        return {
            "first": self._first,
            "topics": [
                {
                    "topic": [topic.category, topic.exam, topic.place],
                    "hot": series.is_hot,
                    "counts": sorted(series.counts.items()),
                }
                for topic, series in self._series.items()
            ],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, object]) -> Topics:
        """What `to_plain` gave. Raises ValueError, KeyError or TypeError for anything else."""
        made = cls(_start(int(str(plain["first"]))))
        entries = plain["topics"]
        if not isinstance(entries, list):
            raise TypeError("topics is no list")
        for entry in entries:
            counts = {int(bucket): int(n) for bucket, n in entry["counts"]}
            made._series[Topic(*map(str, entry["topic"]))] = _Series(counts, bool(entry["hot"]))
        return made


def _even(n: int) -> float:
    return 2.0 * math.sqrt(n + 0.375)


def _bucket(at: datetime) -> int:
    return int(at.timestamp() // BUCKET_S)


def _start(bucket: int) -> datetime:
    return datetime.fromtimestamp(bucket * BUCKET_S, UTC)
