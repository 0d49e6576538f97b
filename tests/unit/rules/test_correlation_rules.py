"""Correlations as rules: waiting for others, faults with their line, printed, in a backtest."""

from __future__ import annotations

import pytest

from rules.backtest import Backtest
from rules.check import check_samples
from rules.correlate import Correlator
from rules.fault import RuleErrors
from rules.load import LIBRARY, load_rules, load_text
from rules.match import RuleSet
from rules.write import dump_rule
from tests.unit.rules.test_correlate import BODIES, HEAD, event, rule_of


def test_a_correlation_may_wait_for_another_but_not_in_a_circle(tmp_path):
    first = rule_of(BODIES["count"], "first")
    second = HEAD.format(id="second").replace("kind: radio, snr_db|gte: 10", "rule: first") + (
        "correlation: {type: count, of: strong and talk or strong, at_least: 2, within: 1h}"
    )
    rule, faults = load_text(second, "second.yml")
    assert not faults
    correlator = Correlator([rule, first])
    fired = [found.rule.id for n in range(4) for found in correlator.feed(event(n, n))]
    assert fired == ["first", "first", "second"]
    (tmp_path / "a.yml").write_text(second, "utf-8")
    (tmp_path / "b.yml").write_text(
        second.replace("id: second", "id: first").replace("rule: first", "rule: second"), "utf-8"
    )
    with pytest.raises(RuleErrors) as error:
        load_rules(tmp_path)
    assert [str(fault).split("/")[-1] for fault in error.value.faults] == [
        "a.yml:10: waits for itself: second -> first -> second",
        "b.yml:10: waits for itself: first -> second -> first",
    ]
    (tmp_path / "b.yml").unlink()
    with pytest.raises(RuleErrors, match=r'a\.yml:10: waits for the rule "first", which there is not'):
        load_rules(tmp_path)


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("correlation: {type: count, of: strong, at_least: 3}", "within is missing"),
        ("correlation: {type: counts, within: 1m}", 'type cannot be "counts"; did you mean "count"?'),
        (
            "correlation: {type: count, of: strong or talk, within: 1m, at_least: 1}",
            "at_least: a whole number from 2",
        ),
        (
            "correlation: {type: count, of: strong or tlk, within: 1m, at_least: 2}",
            'no selection "tlk"; did you',
        ),
        ("correlation: {type: count, of: strong, within: 1m, at_least: 2}", 'selection "talk" is not used'),
        (
            "correlation: {type: count, of: strong or talk, within: 1, at_least: 2}",
            "within: a time such as 90s",
        ),
        ("correlation: {type: count, of: strong or talk, within: 2d, at_least: 2}", "more than one day"),
        ("correlation: {type: count, steps: [strong, talk], within: 1m}", "count takes no steps"),
        ("correlation: {type: sequence, steps: [strong], within: 1m}", "a list of 2 to 6 conditions"),
        (
            "correlation: {type: count, of: strong or talk, within: 1m, at_least: 2, by: [venu]}",
            'by: "venu" is no label; did you mean "venue"?',
        ),
        (
            "correlation: {type: count, of: strong or talk, within: 1m, at_least: 2, near: {sensor: 2}}",
            'near: "sensor" is no number',
        ),
        (
            "correlation: {type: period, of: strong or talk, within: 1m, at_least: 3, period: [9s, 1s]}",
            "the shortest is not below",
        ),
        ("condition: strong or talk", "correlation is missing"),
    ],
)
def test_a_fault_in_a_correlation_is_told_with_its_line(body, fault):
    rule, faults = load_text(HEAD.format(id="c") + body, "c.yml")
    assert rule is None
    assert any(fault in str(each) for each in faults), faults
    assert all(each.line in (1, 10, 11, 12) for each in faults)


@pytest.mark.parametrize("kind", BODIES)
def test_printing_and_reading_a_correlation_gives_the_correlation(kind):
    rule = rule_of(BODIES[kind])
    again, faults = load_text(dump_rule(rule), "c.yml")
    assert not faults
    assert again == rule
    for shipped in load_rules(LIBRARY):
        if shipped.correlation:
            assert load_text(dump_rule(shipped), "c.yml")[0] == shipped


def test_a_failing_sample_says_which_events_count():
    body = BODIES["count"] + (
        "\nsamples:\n  fires:\n    - events:\n        - {at: 0s, kind: radio, venue: no1, snr_db: 12}\n"
        "        - {at: 5s, kind: radio, venue: no1, snr_db: 3}\n        - {at: 9s, kind: web}\n"
    )
    faults = [str(fault) for fault in check_samples([rule_of(body)])]
    assert len(faults) == 1
    assert "strong or talk is true of events 1, 3" in faults[0]
    assert "event 2 does not count (strong is false: snr_db is 3 dB" in faults[0]
    assert "event 3 does not count: it has no venue" in faults[0]


def test_a_backtest_counts_correlations_on_the_side_that_has_them():
    rules = load_rules(LIBRARY)
    without = [rule for rule in rules if rule.id != "corr-same-signal-two-sensors"]
    shared = next(rule for rule in rules if rule.id == "corr-same-signal-two-sensors")
    test = Backtest(without, rules)
    for sample in shared.samples:
        if sample.fires:
            for each in sample.events:
                test.feed({**each, "on_time_s": 2.0})
    rows = {row.cell.rule: (row.n_before, row.n_after) for row in test.rows()}
    assert rows["corr-same-signal-two-sensors"] == (0, 1)
    assert rows["radio-unknown-narrowband"][0] == rows["radio-unknown-narrowband"][1]


def test_a_changed_rule_changes_the_correlation_that_waits_for_it():
    rules = load_rules(LIBRARY)
    cross = next(rule for rule in rules if rule.id == "corr-offer-and-emission")
    silent = [rule for rule in rules if rule.id != "web-answer-sale"]
    test = Backtest(rules, silent)
    sample = next(sample for sample in cross.samples if sample.fires)
    for each in sample.events:
        test.feed({name: value for name, value in each.items() if name != "rule"})
    rows = {row.cell.rule: (row.n_before, row.n_after) for row in test.rows()}
    assert rows[cross.id] == (1, 0)


def test_correlations_are_not_asked_about_single_events():
    rules = load_rules(LIBRARY)
    assert RuleSet(rules).match({"kind": "correlation", "venue": "no1"}) == []
