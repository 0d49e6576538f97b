"""A text tried on the store's past: counts, verdicts, the curve, and an end to it."""

from __future__ import annotations

import itertools
from datetime import UTC

import pytest

from monitor.case.habits import Habits
from monitor.case.machine import Step
from monitor.case.register import CaseRegister
from monitor.people.scope import EVERYTHING, Scope
from monitor.ruledesk.trial import LIMIT_S, RuleTrials, involved_with, limits_of
from monitor.store import Store
from rules.exemption import read_exemptions
from rules.load import load_text
from tests.unit.monitor.conftest import NOON, make_alert
from tests.unit.monitor.ruledesk.test_desk import RULE
from tests.unit.monitor.ruledesk.test_saving import MUTE


def rule(limit: int):
    made, faults = load_text(RULE.format(limit=limit), "loud.yml")
    assert faults == []
    return made


@pytest.fixture
def store(tmp_path):
    """Four emissions with 12, 18, 24 and 30 dB at two venues, the first harmless, the last real."""
    store = Store(f"sqlite:{tmp_path / 's.db'}")
    alerts = []
    for number, snr_db in enumerate((12, 18, 24, 30)):
        venue, at_s = f"no{1 + number % 2}", number * 60.0
        made = make_alert(str(number), channel=f"{number}", at_s=at_s, venue=venue)
        event = {**made.event, "id": f"e{number}", "snr_db": snr_db, "venue": venue, "channel": f"{number}"}
        alerts.append(make_alert(str(number), channel=f"{number}", at_s=at_s, venue=venue, event=event))
    store.merge(alerts, NOON)
    register = CaseRegister(store, Habits())
    for alert, verdict in ((alerts[0], "benign"), (alerts[3], "suspected")):
        register.step_on_alert(alert.fingerprint, Step("judge", "li", verdict=verdict), NOON)
    yield store
    store.close()


def test_alerts_gained_and_lost_are_counted_with_what_people_judged(store):
    found = RuleTrials(store.reader, UTC).compare([rule(10)], rule(20), EVERYTHING)
    assert (sum(row.n_before for row in found.rows), sum(row.n_after for row in found.rows)) == (4, 2)
    assert (found.before.n_false, found.after.n_false) == (1, 0)
    assert (found.before.recall, found.after.recall) == (1.0, 1.0)
    assert [(one.gained, one.event["snr_db"], one.verdict) for one in found.moved] == [
        (False, 18, None),
        (False, 12, "benign"),
    ]
    assert (found.reach.n_events, found.reach.cut) == (4, False)


def test_a_rule_that_is_new_only_gains(store):
    found = RuleTrials(store.reader, UTC).compare([], rule(20), EVERYTHING)
    assert [one.gained for one in found.moved] == [True, True]


def test_nobody_is_told_of_venues_outside_the_own_scope(store):
    only = Scope(frozenset({"no1"}))
    found = RuleTrials(store.reader, UTC).compare([rule(10)], rule(40), only)
    assert {one.event["venue"] for one in found.moved} == {"no1"}
    assert found.reach.n_events == 2


def test_the_curve_of_a_limit_counts_each_value(store):
    (selection, test), *rest = limits_of(rule(20))
    assert (selection, test.field, rest) == ("loud", "snr_db", [])
    found = RuleTrials(store.reader, UTC).curve(rule(20), selection, test.field, EVERYTHING)
    assert [(one.threshold, one.n_alerts, one.n_false) for one in found.points] == [
        (12, 4, 1),
        (18, 3, 0),
        (20, 2, 0),
        (24, 2, 0),
        (30, 1, 0),
    ]
    assert (found.current, found.modifier) == (20.0, "gte")


def test_an_exception_is_told_what_it_would_have_hidden(store):
    muted = read_exemptions(MUTE, "exceptions.yml")
    (line,) = RuleTrials(store.reader, UTC).exceptions([rule(10)], muted, EVERYTHING).lines
    assert (line.exemption.id, line.n_alerts, line.rules) == ("our-own", 1, ("loud",))


def test_a_trial_ends_when_its_time_is_over_and_says_so(store):
    ticks = itertools.count(step=LIMIT_S / 2)
    found = RuleTrials(store.reader, UTC, lambda: next(ticks)).compare([rule(10)], rule(20), EVERYTHING)
    assert (found.reach.n_events, found.reach.cut) == (2, True)


def test_correlations_that_wait_for_a_rule_are_tried_with_it():
    waits = """\
id: both
title: {en: Both, zh: 同时}
advice: {en: Look, zh: 查看}
kind: correlation
level: high
category: campaign
status: experimental
owner: radio
selections: {one: {rule: loud}, two: {rule: other}}
correlation: {type: coincidence, steps: [one, two], within: 10m, by: [venue]}
"""
    joined, faults = load_text(waits, "both.yml")
    if joined is None:
        pytest.fail(str(faults))
    assert involved_with([rule(10), joined], rule(20)) == {"loud", "both", "other"}
