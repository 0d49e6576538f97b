"""The timetable: which exam sits where, when; read from YAML, asked by instant and venue.

    time_zone: Asia/Shanghai
    venues:
      - {id: no1, name: {en: No. 1 High School, zh: 第一中学}, position: {lat: 30.5931, lon: 114.3054}}
    exams:
      - id: gaokao-2026
        sessions:
          - {id: chinese, start: 2026-06-07 09:00, end: 2026-06-07 11:30, venues: [no1]}

A session without ``venues`` is held at all of them. Times are wall-clock times of the time
zone. Only a file marked ``demo: true`` may say ``now-5m``: a demo is always in session.

       before            in           after
    |---120 min---|=============|---60 min---|    phase by venue; anything else is "none"
               start           end
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from monitor import yamltree
from monitor.faults import FaultList
from monitor.geo import Place
from monitor.walltime import instant_of, zone_of
from monitor.yamltree import Tree

BEFORE = timedelta(minutes=120)
"""Candidates arrive and sets are tried out; field staff are on site from 30 min before at the latest."""
AFTER = timedelta(minutes=60)
"""Photographs that were taken inside come out with the candidates."""

Phase = Literal["before", "in", "after", "none"]
Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]

_RELATIVE = re.compile(r"now(?:(?P<sign>[+-])(?P<count>\d{1,6})(?P<unit>[smhd]))?")
_UNIT = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Name:
    """What people call it, in both languages."""

    en: str
    zh: str

    def of(self, language: Literal["zh", "en"]) -> str:
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Session:
    """One paper being sat. Starts at its first instant, has ended at ``ends_at``."""

    exam: str
    id: str
    name: Name
    starts_at: datetime
    ends_at: datetime
    venues: tuple[str, ...]

    def distance(self, at: datetime) -> timedelta:
        """How far `at` lies outside; zero inside."""
        return max(self.starts_at - at, at - self.ends_at, timedelta(0))

    def phase(self, at: datetime) -> Phase:
        if self.starts_at <= at < self.ends_at:
            return "in"
        if self.starts_at - BEFORE <= at < self.starts_at:
            return "before"
        if self.ends_at <= at < self.ends_at + AFTER:
            return "after"
        return "none"


@dataclass(frozen=True, slots=True)
class SessionContext:
    """Where an instant lies in the timetable. Without any session, only the phase is known."""

    phase: Phase
    exam: str | None = None
    session: str | None = None
    minutes_from_start: float | None = None


@dataclass(frozen=True, slots=True)
class Timetable:
    sessions: tuple[Session, ...] = ()
    """In the order of their starts."""
    venues: dict[str, Name] = field(default_factory=dict[str, Name])
    exams: dict[str, Name] = field(default_factory=dict[str, Name])
    zone: tzinfo = UTC
    """In which its days begin."""
    places: dict[str, Place] = field(default_factory=dict[str, Place])
    """Where venues are, of those that say so."""

    def exam_name(self, exam: str) -> Name:
        """As people call it; its id where the timetable does not know it."""
        return self.exams.get(exam) or Name(exam, exam)

    def venue_names(self, language: Literal["zh", "en"]) -> dict[str, str]:
        """Id to name, of those that are called something."""
        return {venue: name.of(language) for venue, name in self.venues.items()}

    def nearest(self, at: datetime, venue: str | None = None) -> Session | None:
        """The session at `venue` (None: anywhere) that `at` lies in or next to."""
        there = [s for s in self.sessions if venue is None or venue in s.venues]
        # At the instant at which one ends and another runs, the running one is the nearer.
        return min(there, key=lambda one: (one.distance(at), one.phase(at) != "in"), default=None)

    def context(self, at: datetime, venue: str | None = None) -> SessionContext:
        """The phase at `venue`, and the nearest session of any day."""
        session = self.nearest(at, venue)
        if session is None:
            return SessionContext("none")
        minutes = (at - session.starts_at) / timedelta(minutes=1)
        return SessionContext(session.phase(at), session.exam, session.id, round(minutes, 3))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Name(_Strict):
    en: str
    zh: str


class _Position(_Strict):
    lat: float = Field(ge=-85, le=85)
    lon: float = Field(ge=-180, le=180)


class _Venue(_Strict):
    id: Id
    name: _Name | str = ""
    position: _Position | None = None


class _Session(_Strict):
    id: Id
    name: _Name | str = ""
    start: str
    end: str
    venues: Annotated[list[str], Field(min_length=1)] | None = None


class _Exam(_Strict):
    id: Id
    name: _Name | str = ""
    sessions: Annotated[list[_Session], Field(min_length=1)]


class _Timetable(_Strict):
    time_zone: str
    demo: bool = False
    venues: Annotated[list[_Venue], Field(min_length=1)]
    exams: Annotated[list[_Exam], Field(min_length=1)]


def load(path: Path, now: datetime) -> Timetable:
    """Read the timetable in `path`; `now` is what a demo's relative times start from.

    Raises
    ------
    InputError
        With every fault and its line.
    """
    tree = yamltree.read(path)
    raw = yamltree.validate(tree, _Timetable)
    return _Reader(tree, raw, now).timetable()


class _Reader:
    """Turns what was written into instants, and finds what does not fit together."""

    def __init__(self, tree: Tree, raw: _Timetable, now: datetime) -> None:
        self._tree = tree
        self._raw = raw
        self._now = now
        self._faults = FaultList(tree.path)
        self._zone = self._read_zone(raw.time_zone)

    def timetable(self) -> Timetable:
        venues = self._distinct(("venues",), [(v.id, v.name) for v in self._raw.venues])
        exams = self._distinct(("exams",), [(e.id, e.name) for e in self._raw.exams])
        placed: list[tuple[Session, int]] = []
        for i, exam in enumerate(self._raw.exams):
            self._distinct(("exams", i, "sessions"), [(s.id, s.name) for s in exam.sessions])
            for j, session in enumerate(exam.sessions):
                where = ("exams", i, "sessions", j)
                read = self._session(exam.id, session, where, tuple(venues))
                if read is not None:
                    placed.append((read, self._line(*where, "start")))
        placed.sort(key=lambda pair: pair[0].starts_at)
        self._find_overlaps(placed)
        self._faults.raise_any()
        places = {
            one.id: Place(one.position.lat, one.position.lon)
            for one in self._raw.venues
            if one.position is not None
        }
        sessions = tuple(session for session, _ in placed)
        return Timetable(sessions, venues, exams, self._zone or UTC, places)

    def _line(self, *where: str | int) -> int:
        return self._tree.line(where)

    def _read_zone(self, name: str) -> ZoneInfo | None:
        try:
            return zone_of(name)
        except ValueError as error:
            self._faults.add(self._line("time_zone"), str(error))
            return None

    def _distinct(
        self, where: tuple[str | int, ...], named: Iterable[tuple[str, _Name | str]]
    ) -> dict[str, Name]:
        found: dict[str, Name] = {}
        for i, (key, name) in enumerate(named):
            if key in found:
                self._faults.add(self._line(*where, i, "id"), f"id '{key}' stands twice")
            found[key] = _name(name, key)
        return found

    def _session(
        self, exam: str, raw: _Session, where: tuple[str | int, ...], known: tuple[str, ...]
    ) -> Session | None:
        venues = tuple(dict.fromkeys(raw.venues)) if raw.venues else known
        for i, venue in enumerate(raw.venues or ()):
            if venue not in known:
                self._faults.add(self._line(*where, "venues", i), f"unknown venue '{venue}'")
        starts_at = self._instant(raw.start, self._line(*where, "start"))
        ends_at = self._instant(raw.end, self._line(*where, "end"))
        if starts_at is None or ends_at is None:
            return None
        if ends_at <= starts_at:
            self._faults.add(
                self._line(*where, "end"),
                f"session '{raw.id}' ends at {raw.end}, not after its start {raw.start}",
            )
            return None
        return Session(exam, raw.id, _name(raw.name, raw.id), starts_at, ends_at, venues)

    def _instant(self, text: str, line: int) -> datetime | None:
        relative = _RELATIVE.fullmatch(text.replace(" ", ""))
        if relative is not None:
            if not self._raw.demo:
                self._faults.add(line, f"'{text}' is only for a timetable marked 'demo: true'")
                return None
            if relative["count"] is None:
                return self._now
            shift = timedelta(**{_UNIT[relative["unit"]]: int(relative["count"])})
            return self._now + shift if relative["sign"] == "+" else self._now - shift
        try:
            # Without a zone what is written wrong is told all the same.
            found = instant_of(text, self._zone or ZoneInfo("UTC"))
            return found if self._zone is not None else None
        except ValueError as error:
            self._faults.add(line, str(error))
            return None

    def _find_overlaps(self, placed: list[tuple[Session, int]]) -> None:
        for n, (later, line) in enumerate(placed):
            for earlier, earlier_line in placed[:n]:
                shared = sorted(set(later.venues) & set(earlier.venues))
                if shared and later.starts_at < earlier.ends_at:
                    self._faults.add(
                        line,
                        f"session '{later.id}' overlaps '{earlier.id}' (line {earlier_line}) "
                        f"at {', '.join(shared[:3])}{' …' if len(shared) > 3 else ''}",
                    )


def _name(raw: _Name | str, key: str) -> Name:
    return Name(raw.en, raw.zh) if isinstance(raw, _Name) else Name(raw or key, raw or key)
