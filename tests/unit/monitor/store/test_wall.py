"""The wall: what waits, the newest grave ones, late cases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from monitor.case.habits import Habits
from monitor.case.machine import Step
from monitor.case.register import CaseRegister
from monitor.people.scope import EVERYTHING, Scope
from monitor.store import Store
from monitor.store.wall import WallReader
from tests.unit.monitor.conftest import NOON, make_alert


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:{tmp_path / 's.db'}")
    yield store
    store.close()


def test_what_nobody_judged_is_counted_by_level_with_the_oldest(store):
    made = [
        make_alert("a", channel="1", at_s=0, level="critical"),
        make_alert("b", channel="2", at_s=60, level="critical"),
        make_alert("c", channel="3", at_s=120, level="critical", drill=True),
        make_alert("d", channel="4", at_s=180, level="low", venue="v2"),
        make_alert("e", channel="5", at_s=240, level="high", kind="health"),
    ]
    store.merge(made, NOON)
    register = CaseRegister(store, Habits())
    register.step_on_alert(made[0].fingerprint, Step("judge", "li", verdict="benign"), NOON)
    view = WallReader(store.reader).view(NOON, EVERYTHING)
    assert [(one.level, one.n, one.oldest_at) for one in view.levels] == [
        ("critical", 1, NOON + timedelta(seconds=60)),
        ("high", 0, None),
        ("medium", 0, None),
        ("low", 1, NOON + timedelta(seconds=180)),
    ]
    assert [(one.title_en, one.drill, one.judged) for one in view.newest] == [
        ("Title c", True, False),
        ("Title b", False, False),
        ("Title a", False, True),
    ]
    of_v2 = WallReader(store.reader).view(NOON, Scope(frozenset({"v2"})))
    assert ([one.n for one in of_v2.levels], of_v2.newest) == ([0, 0, 0, 1], [])


def test_late_cases_are_counted_when_their_time_is_over(store):
    alert = make_alert("a", level="critical")
    store.merge([alert], NOON)
    CaseRegister(store, Habits()).step_on_alert(alert.fingerprint, Step("claim", "li"), NOON)
    now, later = (WallReader(store.reader).view(NOON + timedelta(days=days), EVERYTHING) for days in (0, 30))
    assert (now.n_open_cases, now.n_late_cases) == (1, 0)
    assert (later.n_open_cases, later.n_late_cases) == (1, 1)
