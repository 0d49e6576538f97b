"""The rules in force: changed whole, refused whole, tried at one venue first, rolled back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rules.book import NoEditionError, RuleBook
from rules.budget import BudgetWatch
from rules.exemption import load_exemptions
from rules.fault import RuleErrors
from rules.load import load_rules, load_text
from rules.rule import Rule
from rules.tally import Tally
from rules.write import dump_rule

RULE = """\
id: {id}
title: {{en: t, zh: 题}}
advice: {{en: a, zh: 先}}
kind: radio
level: low
category: signal
owner: me
status: {status}
{more}
selections:
  strong: {{snr_db|gte: {limit}}}
condition: strong
samples:
  fires:
    - event: {{snr_db: 30}}
  quiet:
    - event: {{snr_db: {quiet}}}
"""
PAIR = """\
id: pair
title: {en: t, zh: 题}
advice: {en: a, zh: 先}
kind: correlation
level: low
category: signal
owner: me
status: experimental
selections:
  heard: {rule: r}
correlation: {type: count, of: heard, at_least: 2, within: 1h}
"""
EXCEPTIONS = """\
exceptions:
  - id: meters
    kind: radio
    reason: Water meters, checked on 3 June
    author: Wang Li
    expires: 2026-07-01T00:00+08:00
    scope: {rules: [r], venues: [no1]}
    when: {center_hz|within: [486.2M, 486.4M]}
"""
AT = datetime(2026, 6, 7, 1, tzinfo=UTC)


def rule_of(
    limit: float, *, status: str = "stable", more: str = "", quiet: float = 0, rule_id: str = "r"
) -> Rule:
    text = RULE.format(id=rule_id, limit=limit, status=status, more=more, quiet=quiet)
    rule, faults = load_text(text, f"{rule_id}.yml")
    assert not faults, faults
    return rule


def pair() -> Rule:
    return load_text(PAIR, "pair.yml")[0]


def event(number: int = 0, snr_db: float = 15.0, **fields) -> dict:
    at = AT + timedelta(seconds=number)
    return {"kind": "radio", "id": f"e{number}", "at": at, "snr_db": snr_db, "venue": "no1"} | fields


def ids(book: RuleBook, **fields) -> list[str]:
    return [match.rule.id for match in book.match(event(**fields))]


def test_a_new_edition_holds_from_the_next_event_on_and_going_back_is_one_call():
    book = RuleBook([rule_of(10)], "start")
    assert ids(book) == ["r"]
    edition = book.put(book.prepare([rule_of(20)], "li"))
    assert (edition.number, edition.author) == (2, "li")
    assert ids(book) == []
    assert [old.author for old in book.history] == ["start"]
    back = book.roll_back("wang")
    assert ids(book) == ["r"]
    assert back.digest == RuleBook([rule_of(10)], "another").edition.digest
    assert back.author == "wang"
    with pytest.raises(NoEditionError):
        book.roll_back("wang")


def test_a_set_whose_samples_do_not_hold_is_refused_and_the_old_one_stays():
    book = RuleBook([rule_of(10)], "start")
    with pytest.raises(RuleErrors, match="this sample must be quiet and fires"):
        book.prepare([rule_of(20, quiet=25)], "li")
    assert ids(book) == ["r"]
    assert book.edition.number == 1


def test_faulty_files_are_told_all_at_once_and_change_nothing(tmp_path):
    for name in ("a", "b"):
        text = dump_rule(rule_of(10, rule_id=name)).replace("snr_db|gte", "snr|gte")
        (tmp_path / f"{name}.yml").write_text(text, "utf-8")
    book = RuleBook([rule_of(10)], "start")
    with pytest.raises(RuleErrors) as error:
        book.prepare_files([tmp_path], "li")
    assert len({fault.file for fault in error.value.faults}) == 2
    assert ids(book) == ["r"]


def test_an_edition_is_tried_at_one_venue_first_then_spread_or_taken_back():
    book = RuleBook([rule_of(10)], "start")
    book.put(book.prepare([rule_of(20)], "li", venues=["no1"]))
    assert (ids(book, venue="no1"), ids(book, venue="no2")) == ([], ["r"])
    assert book.trial is not None
    assert book.trial.venues == {"no1"}
    book.roll_back("li")
    assert ids(book, venue="no1") == ["r"]
    book.put(book.prepare([rule_of(20)], "li", venues=["no1"]))
    spread = book.spread("chief")
    assert (ids(book, venue="no1"), ids(book, venue="no2")) == ([], [])
    assert (spread.author, book.trial) == ("chief", None)
    with pytest.raises(NoEditionError):
        book.spread("chief")


def test_a_correlation_that_did_not_change_keeps_what_it_remembers():
    book = RuleBook([rule_of(10), pair()], "start")
    assert not book.correlate(event(1), ["r"])
    book.put(book.prepare([rule_of(12), pair()], "li"))
    assert [found.members for found in book.correlate(event(2), ["r"])] == [("e1", "e2")]


def test_what_correlations_remember_outlives_the_process():
    book = RuleBook([pair(), rule_of(10)], "start")
    book.correlate(event(1), ["r"])
    later = RuleBook([pair(), rule_of(10)], "start")
    later.restore(book.state())
    assert later.correlate(event(2), ["r"])


def test_equal_sets_have_equal_digests_and_a_changed_limit_another():
    one, other = RuleBook([rule_of(10), pair()], "a"), RuleBook([pair(), rule_of(10)], "b")
    assert one.edition.digest == other.edition.digest
    assert one.edition.digest != RuleBook([rule_of(11), pair()], "a").edition.digest


def test_promotion_needs_a_measured_figure_within_the_limit():
    book = RuleBook([rule_of(10, status="experimental")], "start")
    with pytest.raises(RuleErrors, match=r"becomes stable without a measured figure"):
        book.prepare([rule_of(10)], "li")
    over = "budget: {limit: 1, measured: 3, baseline: a week at no1}"
    with pytest.raises(RuleErrors, match=r"over its limit: 3 a sensor-day, 1 allowed"):
        book.prepare([rule_of(10, more=over)], "li")
    book.put(book.prepare([rule_of(10, more=over.replace("3", "0.2"))], "li"))


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("budget: 3", "budget: {limit"),
        ("budget: {limit: -1}", "a number of false alarms from 0"),
        ("budget: {measured: 1, baseline: x}", "limit is missing"),
        ("budget: {limit: 1, measured: 1}", "a figure says on what"),
        ("budget: {limit: 1, per: day}", 'budget has no "per"'),
    ],
)
def test_a_fault_in_a_budget_is_told(more, fault):
    rule, faults = load_text(RULE.format(id="r", limit=1, status="stable", more=more, quiet=0), "r.yml")
    assert rule is None
    assert fault in str(faults[0])


def test_a_rule_over_its_budget_is_told_and_counts_one_alert_once_a_day():
    rule = rule_of(10, more="budget: {limit: 2}")
    watch = BudgetWatch()
    for channel in ("1", "1", "2"):
        watch.count("2026-06-07", rule, {"channel": channel})
    assert watch.over([rule], n_sensors=1, n_posts=0) == []
    watch.count("2026-06-07", rule, {"channel": "3"})
    over = watch.over([rule], n_sensors=1, n_posts=0)
    assert [(each.n_alerts, each.n_allowed) for each in over] == [(3, 2.0)]
    assert "3 alerts" in over[0].texts[0]
    assert watch.over([rule], n_sensors=2, n_posts=0) == []
    watch.count("2026-06-08", rule, {"channel": "1"})
    watch.count("2026-06-07", rule, {"channel": "9"})
    assert watch.over([rule], n_sensors=1, n_posts=0) == []


def test_an_exception_hides_in_its_scope_until_it_ends_and_says_why(tmp_path):
    file = tmp_path / "exceptions.yml"
    file.write_text(EXCEPTIONS, "utf-8")
    book = RuleBook([rule_of(10), pair()], "start", load_exemptions(file, [rule_of(10)]))
    meter = {"center_hz": 486.3e6}
    judged = book.judge(event(**meter))
    assert judged.matches == []
    assert [hidden.to_record() for hidden in judged.hidden] == [
        {
            "rule": "r",
            "exception": "meters",
            "reason": "Water meters, checked on 3 June",
            "author": "Wang Li",
            "expires_at": "2026-06-30T16:00:00+00:00",
        }
    ]
    assert ids(book, venue="no2", **meter) == ["r"]
    assert ids(book, center_hz=486.4e6) == ["r"]
    assert ids(book, at=datetime(2026, 7, 1, tzinfo=UTC), **meter) == ["r"]
    assert ids(book, at=None, **meter) == ["r"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("    author: Wang Li\n", "", ":2: author is missing"),
        ("author:", "auther:", ':5: unknown key "auther"; did you mean "author"?'),
        ("2026-07-01T00:00+08:00", "2026-07-01", ":6: expires: a time like"),
        ("rules: [r]", "rules: [rr]", ':7: scope: no radio rule "rr"; did you mean "r"?'),
        ("venues:", "venue:", ':7: scope has no "venue"; did you mean "venues"?'),
        ("center_hz|within", "center|within", ':8: unknown field "center"; did you mean "center_hz"?'),
        ("[486.2M, 486.4M]}", "[486.2M, 486.4M], center_hz|gt: 500M}", ":8: when can never be true"),
        ("exceptions:", "exception:", ":1: exceptions: a list expected"),
        ("id: meters", "id: My Meters", ":2: id"),
    ],
)
def test_a_fault_in_an_exception_is_told_with_its_line(tmp_path, old, new, fault):
    file = tmp_path / "e.yml"
    assert EXCEPTIONS.count(old) == 1
    file.write_text(EXCEPTIONS.replace(old, new), "utf-8")
    with pytest.raises(RuleErrors) as error:
        load_exemptions(file, [rule_of(10)])
    assert fault in str(error.value)


def test_a_tally_counts_alerts_that_nobody_would_have_seen(tmp_path):
    file = tmp_path / "exceptions.yml"
    file.write_text(EXCEPTIONS, "utf-8")
    tally = Tally([rule_of(10)], load_exemptions(file))
    meter = {"center_hz": 486.3e6, "channel": "486.3 MHz"}
    old = AT - timedelta(days=20)
    for number, fields in enumerate(
        [
            meter,
            meter,  # the same alert
            meter | {"at": old},
            {"center_hz": 169e6, "channel": "169 MHz"},
            meter | {"channel": "half"},
            {"center_hz": 486.5e6, "channel": "half"},  # seen all the same
        ]
    ):
        tally.feed(event(number, **fields))
    (line,) = tally.lines()
    assert (line.n_alerts, line.n_recent, line.n_events, line.rules) == (2, 1, 4, ("r",))


def test_a_budget_and_a_rule_survive_being_written(tmp_path):
    rule = rule_of(10, more="budget: {limit: 1, measured: 0.2, baseline: a week}")
    (tmp_path / "r.yml").write_text(dump_rule(rule), "utf-8")
    assert load_rules(tmp_path) == [rule]
