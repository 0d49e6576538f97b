from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor import timetable
from monitor.faults import InputError
from monitor.timetable import AFTER, BEFORE, Name, Session, Timetable

NOW = datetime(2026, 6, 7, 1, 30, tzinfo=UTC)

GOOD = """\
time_zone: Asia/Shanghai
venues:
  - {id: no1, name: {en: No. 1, zh: 一中}}
  - {id: no2}
exams:
  - id: gaokao
    sessions:
      - {id: chinese, name: 语文, start: 2026-06-07 09:00, end: 2026-06-07 11:30}
      - {id: maths, start: 2026-06-07T15:00:00, end: 2026-06-07 17:00, venues: [no1]}
"""


def read(tmp_path, text: str, now: datetime = NOW) -> Timetable:
    path = tmp_path / "t.yml"
    path.write_text(text, encoding="utf-8")
    return timetable.load(path, now)


def faults(tmp_path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read(tmp_path, text)
    return [str(fault).removeprefix(f"{tmp_path}/") for fault in caught.value.faults]


def test_wall_clock_times_become_utc_and_a_session_without_venues_is_everywhere(tmp_path):
    table = read(tmp_path, GOOD)
    chinese, maths = table.sessions
    assert chinese.starts_at == datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
    assert chinese.ends_at - chinese.starts_at == timedelta(minutes=150)
    assert (chinese.venues, maths.venues) == (("no1", "no2"), ("no1",))
    assert table.venues == {"no1": Name("No. 1", "一中"), "no2": Name("no2", "no2")}
    assert chinese.name == Name("语文", "语文")


@pytest.mark.parametrize(
    ("local", "venue", "expected"),
    [
        ("06:59", "no1", ("none", "chinese", -121)),
        ("07:00", "no1", ("before", "chinese", -120)),
        ("09:00", "no1", ("in", "chinese", 0)),
        ("11:29", "no1", ("in", "chinese", 149)),
        ("11:30", "no1", ("after", "chinese", 150)),
        ("12:30", "no1", ("none", "chinese", 210)),
        ("14:00", "no1", ("before", "maths", -60)),
        ("15:10", "no1", ("in", "maths", 10)),
        ("15:10", "no2", ("none", "chinese", 370)),
        ("15:10", None, ("in", "maths", 10)),
        ("15:10", "elsewhere", ("none", None, None)),
    ],
)
def test_phase_session_and_minutes_follow_instant_and_venue(tmp_path, local, venue, expected):
    hour, minute = map(int, local.split(":"))
    at = datetime(2026, 6, 7, hour, minute, tzinfo=UTC) - timedelta(hours=8)
    found = read(tmp_path, GOOD).context(at, venue)
    assert (found.phase, found.session, found.minutes_from_start) == expected


@example([(0, 1), (0, 2)], 1)
@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 300)), min_size=1, max_size=8),
    st.integers(-500, 6000),
)
def test_the_phase_is_that_of_the_session_nearest(spans, minute):
    base = datetime(2026, 6, 7, tzinfo=UTC)
    sessions = tuple(
        Session(
            "e",
            str(n),
            Name("", ""),
            base + timedelta(minutes=a),
            base + timedelta(minutes=a + length),
            ("v",),
        )
        for n, (a, length) in enumerate(spans)
    )
    at = base + timedelta(minutes=minute)
    found = Timetable(sessions).context(at, "v")
    inside = any(s.starts_at <= at < s.ends_at for s in sessions)
    near = any(s.starts_at - BEFORE <= at < s.ends_at + AFTER for s in sessions)
    assert (found.phase == "in") == inside
    assert (found.phase != "none") == near


def test_a_demo_is_in_session_whenever_it_starts(tmp_path):
    text = """\
time_zone: Asia/Shanghai
demo: true
venues: [{id: v}]
exams: [{id: e, sessions: [{id: s, start: now-5m, end: now + 2h}]}]
"""
    for now in (NOW, NOW + timedelta(days=100, hours=13)):
        found = read(tmp_path, text, now).context(now, "v")
        assert (found.phase, found.minutes_from_start) == ("in", 5)


def test_relative_times_are_refused_outside_a_demo(tmp_path):
    text = GOOD.replace("2026-06-07 09:00", "now-5m")
    assert faults(tmp_path, text) == ["t.yml:8: 'now-5m' is only for a timetable marked 'demo: true'"]


def test_every_fault_is_told_at_once_with_its_line(tmp_path):
    text = """\
time_zone: Asia/Peking
venues:
  - {id: no1}
  - {id: no1}
exams:
  - id: gaokao
    sessions:
      - {id: a, start: 2026-06-07 09:00, end: 2026-06-07 11:30, venues: [no9]}
      - {id: b, start: 9 o'clock, end: 2026-06-07}
      - {id: b, start: 2026-06-07T09:00+08:00, end: 2026-06-07 10:00}
"""
    assert faults(tmp_path, text) == [
        "t.yml:1: unknown time zone 'Asia/Peking' (an IANA name such as Asia/Shanghai)",
        "t.yml:4: id 'no1' stands twice",
        "t.yml:8: unknown venue 'no9'",
        "t.yml:9: '2026-06-07': write date and local time, such as 2026-06-07 09:00",
        "t.yml:9: '9 o'clock' is not a time such as 2026-06-07 09:00",
        "t.yml:10: '2026-06-07T09:00+08:00': write date and local time, such as 2026-06-07 09:00",
        "t.yml:10: id 'b' stands twice",
    ]


def test_overlapping_sessions_at_a_venue_are_refused_and_elsewhere_are_not(tmp_path):
    overlapping = GOOD.replace("2026-06-07T15:00:00", "2026-06-07 11:00")
    assert faults(tmp_path, overlapping) == ["t.yml:9: session 'maths' overlaps 'chinese' (line 8) at no1"]
    apart = overlapping.replace("end: 2026-06-07 11:30}", "end: 2026-06-07 11:30, venues: [no2]}")
    assert len(read(tmp_path, apart).sessions) == 2


def test_a_session_that_ends_before_it_starts_is_refused(tmp_path):
    text = GOOD.replace("end: 2026-06-07 17:00", "end: 2026-06-07 14:00")
    assert faults(tmp_path, text) == [
        "t.yml:9: session 'maths' ends at 2026-06-07 14:00, not after its start 2026-06-07T15:00:00"
    ]


@pytest.mark.parametrize(
    ("start", "message"),
    [
        ("2026-03-29 02:30", "does not exist in Europe/Berlin"),
        ("2026-10-25 02:30", "comes twice in Europe/Berlin"),
    ],
)
def test_wall_clock_times_that_are_no_instant_are_refused(tmp_path, start, message):
    text = GOOD.replace("Asia/Shanghai", "Europe/Berlin").replace("2026-06-07 09:00", start)
    assert message in faults(tmp_path, text)[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "t.yml:1: is empty"),
        ("- a\n", "t.yml:1: must hold 'key: value' pairs"),
        (GOOD + "time_zone: UTC\n", "t.yml:10: key 'time_zone' stands twice (first in line 1)"),
        (GOOD + "venue: x\n", "t.yml:10: unknown key 'venue', did you mean 'venues'?"),
        (GOOD.replace("id: chinese, ", ""), "t.yml:8: key 'id' is missing"),
        (GOOD.replace("id: gaokao", "id: [1"), "t.yml:7: not YAML: "),
    ],
)
def test_what_is_no_timetable_is_refused_with_its_place(tmp_path, text, expected):
    assert faults(tmp_path, text)[0].startswith(expected)
