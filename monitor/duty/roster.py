"""The duty roster: who answers for a department at an instant. Pure, but for reading the file.

    time_zone: Asia/Shanghai
    people:
      - {id: wang, name: {en: Wang Li, zh: 王力}, receivers: [wang-sms]}
    departments:
      - {id: duty, receivers: [room]}            told where nobody of it is on duty
    shifts:
      - {department: duty, start: 2026-06-07 07:00, end: 2026-06-07 13:00, people: [wang, li]}
      - {department: police, daily: "19:00-07:00", people: [zhao]}
      - {department: radio, people: [chen]}      always

The first of a shift's people is called first. A shift that begins later comes before one that goes on
since longer: who has just come takes over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import Field

from monitor import yamltree
from monitor.faults import FaultList
from monitor.strict import Id, Strict
from monitor.walltime import instant_of, zone_of

UTC_ZONE: Final = ZoneInfo("UTC")
_DAILY: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    en: str
    zh: str
    receivers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shift:
    department: str
    people: tuple[Person, ...]
    start: datetime | None = None
    end: datetime | None = None
    daily: tuple[time, time] | None = None
    """Wall-clock times; an end before the start is on the next day."""

    def span(self, at: datetime, zone: ZoneInfo) -> tuple[datetime, datetime | None] | None:
        """From when to when it goes on at `at`; None where it does not. An end of None is never."""
        if self.start is not None and self.end is not None:
            return (self.start, self.end) if self.start <= at < self.end else None
        if self.daily is None:
            return datetime.min.replace(tzinfo=UTC), None
        began, ends = self.daily
        day = at.astimezone(zone).date()
        for first in (day, day - timedelta(days=1)):
            start = datetime.combine(first, began, zone)
            last = first if began < ends else first + timedelta(days=1)
            end = datetime.combine(last, ends, zone)
            if start <= at < end:
                return start.astimezone(UTC), end.astimezone(UTC)
        return None


@dataclass(frozen=True, slots=True)
class OnDuty:
    """A department at an instant."""

    department: str
    people: tuple[Person, ...]
    """Who is called first comes first; empty where the roster names nobody."""
    since: datetime | None
    until: datetime | None
    """None where there is no shift, or one without an end."""


@dataclass(frozen=True, slots=True)
class Roster:
    zone: ZoneInfo = UTC_ZONE
    people: tuple[Person, ...] = ()
    shifts: tuple[Shift, ...] = ()
    fallback: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Receivers of a department of which nobody is on duty."""

    def on_duty(self, department: str, at: datetime) -> OnDuty:
        going = [
            (span, shift)
            for shift in self.shifts
            if shift.department == department and (span := shift.span(at, self.zone)) is not None
        ]
        going.sort(key=lambda one: one[0][0], reverse=True)
        people = tuple(dict.fromkeys(person for _, shift in going for person in shift.people))
        if not going:
            return OnDuty(department, (), None, None)
        start, end = going[0][0]
        return OnDuty(department, people, None if start.year == 1 else start, end)

    def receivers(self, department: str, rank: int | None, at: datetime) -> tuple[str, ...]:
        """Where the person of `rank` (from 1) of a department is reached, or all of its people."""
        people = self.on_duty(department, at).people
        if rank is not None:
            people = people[rank - 1 : rank]
        found = tuple(dict.fromkeys(one for person in people for one in person.receivers))
        return found or dict(self.fallback).get(department, ())

    @property
    def named_receivers(self) -> set[str]:
        return {one for person in self.people for one in person.receivers} | {
            one for _, some in self.fallback for one in some
        }

    @property
    def departments(self) -> set[str]:
        return {shift.department for shift in self.shifts} | {name for name, _ in self.fallback}


class _Name(Strict):
    en: str
    zh: str


class _Person(Strict):
    id: Id
    name: _Name | str
    receivers: tuple[Id, ...] = ()


class _Department(Strict):
    id: Id
    receivers: tuple[Id, ...] = Field(min_length=1)


class _Shift(Strict):
    department: Id
    people: tuple[Id, ...] = Field(min_length=1)
    start: str | None = None
    end: str | None = None
    daily: str | None = None


class _Roster(Strict):
    time_zone: str
    people: tuple[_Person, ...] = Field(min_length=1)
    departments: tuple[_Department, ...] = ()
    shifts: tuple[_Shift, ...] = Field(min_length=1)


def load_roster(path: Path) -> Roster:
    """
    Raises
    ------
    InputError
        With every fault and its line.
    """
    tree = yamltree.read(path)
    raw, faults = yamltree.validate(tree, _Roster), FaultList(path)
    zone = UTC_ZONE
    try:
        zone = zone_of(raw.time_zone)
    except ValueError as error:
        faults.add(tree.line(("time_zone",)), str(error))
    people: dict[str, Person] = {}
    for i, one in enumerate(raw.people):
        if one.id in people:
            faults.add(tree.line(("people", i, "id")), f"id '{one.id}' stands twice")
        name = one.name if isinstance(one.name, _Name) else _Name(en=one.name, zh=one.name)
        people[one.id] = Person(one.id, name.en, name.zh, one.receivers)
    shifts: list[Shift] = []
    for i, shift in enumerate(raw.shifts):
        try:
            shifts.append(_shift(shift, people, zone))
        except ValueError as error:
            faults.add(tree.line(("shifts", i)), str(error))
    faults.raise_any()
    fallback = tuple((one.id, one.receivers) for one in raw.departments)
    return Roster(zone, tuple(people.values()), tuple(shifts), fallback)


def _shift(raw: _Shift, people: dict[str, Person], zone: ZoneInfo) -> Shift:
    unknown = [name for name in raw.people if name not in people]
    if unknown:
        raise ValueError(f"unknown person '{unknown[0]}' (there is {', '.join(people)})")
    if (raw.start is None) != (raw.end is None) or (raw.start is not None and raw.daily is not None):
        raise ValueError("a shift has start and end, or daily, or neither: then it goes on always")
    who = tuple(people[name] for name in raw.people)
    if raw.start is not None and raw.end is not None:
        start, end = instant_of(raw.start, zone), instant_of(raw.end, zone)
        if end <= start:
            raise ValueError(f"the shift ends at {raw.end}, not after its start {raw.start}")
        return Shift(raw.department, who, start, end)
    if raw.daily is None:
        return Shift(raw.department, who)
    found = _DAILY.fullmatch(raw.daily)
    if found is None:
        raise ValueError(f'daily: {raw.daily!r} is no pair of times such as "07:00-19:00"')
    h1, m1, h2, m2 = map(int, found.groups())
    return Shift(raw.department, who, daily=(time(h1, m1), time(h2, m2)))
