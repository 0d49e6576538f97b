"""Matchers, routes, inhibition and a group's next message: pure, by table."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.case.machine import Looked
from monitor.notify.group import OVER, Member, Told, next_message
from monitor.notify.judged import lifted
from monitor.notify.matcher import MatcherError, all_hold, labels_of, parse, within
from monitor.notify.route import Inhibition, Route, routes_of
from monitor.store.merge import first
from tests.unit.monitor.conftest import make_alert

NOW = datetime(2026, 6, 7, 2, 0, tzinfo=UTC)
ROOT = Route("0", "duty", (), ("venue",), timedelta(seconds=10), timedelta(minutes=1), timedelta(hours=4))
LABELS = {"level": "high", "venue": "no1", "kind": "radio"}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("level=high", True),
        ('level="high"', True),
        ("level!=high", False),
        ('level=~"critical|high"', True),
        ("level=~hi", False),  # an expression must fit the whole value
        ("level!~low|medium", True),
        ("exam=", True),  # a label that is not there is empty
        ("exam!=", False),
        (" venue = no1 ", True),
    ],
)
def test_a_matcher_holds_as_in_alertmanager(text, holds):
    assert parse(text).holds(LABELS) is holds


@pytest.mark.parametrize("text", ["", "level", "=x", "1a=x", "level=~(", "level==~", "a b=c"])
def test_what_is_no_matcher_is_told_in_one_line(text):
    if text == "level==~":
        assert parse(text).value == "=~"
        return
    with pytest.raises(MatcherError) as told:
        parse(text)
    assert "\n" not in str(told.value)


@given(st.sampled_from(["=", "!=", "=~", "!~"]), st.from_regex(r"[a-z_]{1,8}", fullmatch=True))
def test_a_matcher_that_was_written_reads_back(op, value):
    made = parse(f"name{op}{value}")
    assert parse(str(made)) == made


def test_an_alert_shows_its_labels_and_what_people_route_by():
    shown = labels_of(first(make_alert("a", level="critical", drill=True)))
    assert shown.items() >= {
        "kind": "radio", "level": "critical", "venue": "v1", "channel": "433.925 MHz", "drill": "true",
        "experimental": "false", "rule": "", "category": "",
    }.items()  # fmt: skip


def node(path: str, *matchers: str, **more) -> Route:
    return replace(ROOT, path=path, receiver=path, matchers=tuple(map(parse, matchers)), **more)


def paths(root: Route, **labels: str) -> list[str]:
    return [one.path for one in routes_of(root, labels)]


def test_the_first_child_that_fits_takes_an_alert_and_the_node_what_no_child_takes():
    root = replace(ROOT, routes=(node("a", "kind=radio"), node("b", "level=high"), node("c", "kind=radio")))
    assert paths(root, kind="radio", level="high") == ["a"]
    assert paths(root, kind="web", level="high") == ["b"]
    assert paths(root, kind="web", level="low") == ["0"]


def test_with_continue_the_next_sisters_are_asked_as_well_and_children_go_before_their_parent():
    deep = node("a", "kind=radio", goes_on=True, routes=(node("a.0", "venue=no1"),))
    root = replace(ROOT, routes=(deep, node("b", "kind=radio"), node("c")))
    assert paths(root, kind="radio", venue="no1") == ["a.0", "b"]
    assert paths(root, kind="radio", venue="no2") == ["a", "b"]
    assert paths(root, kind="web") == ["c"]


def test_a_root_with_matchers_takes_nothing_else():
    assert paths(replace(ROOT, matchers=(parse("kind=web"),)), kind="radio") == []


def test_an_inhibition_needs_equal_labels_and_never_mutes_its_own_source():
    rule = Inhibition((parse("kind=correlation"),), (parse("level=~high|medium"),), ("venue",))
    source = {"kind": "correlation", "level": "critical", "venue": "no1"}
    assert rule.mutes({"kind": "radio", "level": "high", "venue": "no1"}, source)
    assert not rule.mutes({"kind": "radio", "level": "high", "venue": "no2"}, source)
    assert not rule.mutes({"kind": "radio", "level": "critical", "venue": "no1"}, source)
    both = {**source, "level": "high"}
    assert not rule.mutes(both, both)


def told(minutes_ago: float | None = None, **alerts: str) -> Told:
    return Told(None if minutes_ago is None else NOW - timedelta(minutes=minutes_ago), alerts)


def member(name: str, level="high", *, fires=True) -> Member:
    return Member(name, level, fires)


@pytest.mark.parametrize(
    ("members", "before", "reason", "firing", "resolved"),
    [
        ([member("a")], told(), "first", ["a"], []),
        ([member("a"), member("b", "critical")], told(), "first", ["b", "a"], []),
        ([member("a")], told(5, a="high"), None, [], []),
        ([member("a"), member("b")], told(5, a="high"), "new", ["a", "b"], []),
        ([member("a", "critical")], told(5, a="high"), "new", ["a"], []),
        ([member("a", "medium")], told(5, a="high"), None, [], []),
        ([member("a", fires=False)], told(5, a="high"), "resolved", [], ["a"]),
        ([member("a", fires=False), member("b")], told(5, a="high", b="high"), "resolved", ["b"], ["a"]),
        ([member("a", fires=False)], told(), None, [], []),
        ([member("a", fires=False)], told(5, a=OVER), None, [], []),
        ([member("a")], told(5, a=OVER), "new", ["a"], []),
        ([member("a")], told(241, a="high"), "repeat", ["a"], []),
        ([], told(241, a="high"), None, [], []),
    ],
)
def test_what_a_group_tells_next_and_why(members, before, reason, firing, resolved):
    message = next_message({one.fingerprint: one for one in members}, before, ROOT, NOW)
    if reason is None:
        assert message is None
        return
    assert message is not None
    assert (message.reason, list(message.firing), list(message.resolved)) == (reason, firing, resolved)


@given(
    st.lists(
        st.tuples(st.sampled_from("abcd"), st.sampled_from(["low", "high", "critical"]), st.booleans()),
        max_size=12,
    )
)
def test_nothing_that_fires_stays_untold_and_nothing_is_told_twice_at_once(history):
    """Whatever happens, after a look the receiver knows all that fires, and a second look tells nothing."""
    now, known = NOW, told()
    members: dict[str, Member] = {}
    for name, level, fires in history:
        members[name] = Member(name, level, fires)
        message = next_message(members, known, ROOT, now)
        known = message.told if message is not None else known
        assert {one.fingerprint for one in members.values() if one.fires} <= {
            name for name, level in known.alerts.items() if level != OVER
        }
        assert next_message(members, known, ROOT, now) is None
        now += timedelta(minutes=1)
    assert all_hold([], {})


def test_a_silence_within_venues_holds_for_these_alone():
    of_two = within({"no1", "a.b"})
    assert [of_two.holds({"venue": one}) for one in ("no1", "a.b", "axb", "no2", "")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert not any(within(set()).holds({"venue": one}) for one in ("", "no1"))
    assert parse(str(of_two)) == of_two


@pytest.mark.parametrize(
    ("level", "rules", "came_again_seq", "hours", "why"),
    [
        ("medium", ["r1"], 0, 1, None),
        ("low", ["r1"], 5, 1, None),
        ("high", ["r1"], 0, 1, "graver"),
        ("medium", ["r1", "r2"], 0, 1, "rule"),
        ("medium", ["r1"], 6, 1, "again"),
        ("medium", ["r1"], 0, 25, "old"),
    ],
)
def test_a_benign_verdict_holds_until_there_is_something_new(level, rules, came_again_seq, hours, why):
    at = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
    looked = Looked("f", "medium", ("r1",), 5)
    assert lifted(looked, at, level, rules, came_again_seq, at + timedelta(hours=hours)) == why
