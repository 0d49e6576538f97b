"""The fold of alerts does not care in what order, or how often, they arrive."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from monitor.alert.alert import LEVEL_RANK, RuleHit
from monitor.store.merge import Merged, fold
from tests.unit.monitor.conftest import make_alert

RULE_NAMES = ["a", "xb", "c"]


def fold_all(alerts) -> Merged:
    merged, causes = None, set()
    for alert in alerts:
        merged = fold(merged, alert, new_cause=alert.cause not in causes)
        causes.add(alert.cause)
    assert merged is not None
    return merged


def with_picture(alert, picture_at):
    if picture_at is None:
        return alert
    picture = {"at": f"{picture_at:04}", "digest": alert.id, "t0_s": 0.0}
    return replace(alert, event={**alert.event, "spectrogram": picture})


def with_rules(alert, names, level="medium"):
    """`alert` as the rules `names` raise it; a rule named ``x…`` is experimental."""
    hits = [
        RuleHit(name, level, "signal", name.startswith("x"), {"title_en": name}, alert.updated_at, alert.id)
        for name in names
    ]
    reasons = [{"rule": name, "field": "text", "actual": alert.id, "spans": [[0, 2]]} for name in names]
    return replace(alert, rules=hits, why=reasons)


one = st.builds(
    lambda n, cause, at, level, drill, picture_at: with_rules(
        with_picture(make_alert(f"{n}", at_s=at, level=level, drill=drill, cause=f"c{cause}"), picture_at),
        RULE_NAMES[: 1 + n % 3],
        level,
    ),
    st.integers(0, 60),
    st.integers(0, 5),
    st.integers(0, 100),
    st.sampled_from(sorted(LEVEL_RANK)),
    st.booleans(),
    st.none() | st.integers(0, 5),
)


@given(st.lists(one, min_size=1, max_size=40, unique_by=lambda a: a.id), st.integers())
def test_order_does_not_matter(alerts, seed):
    shuffled = alerts.copy()
    random.Random(seed).shuffle(shuffled)
    assert fold_all(shuffled) == fold_all(alerts)


@given(st.lists(one, min_size=1, max_size=30, unique_by=lambda a: a.id))
def test_level_is_that_of_the_gravest_rule_as_it_fired_last_and_the_times_the_widest(alerts):
    merged = fold_all(alerts)
    newest = {}
    for alert in sorted(alerts, key=lambda alert: (alert.updated_at, alert.id)):
        newest |= {hit.rule: hit for hit in alert.rules}
    proven = [hit for hit in newest.values() if not hit.experimental]
    assert LEVEL_RANK[merged.level] == max(LEVEL_RANK[hit.level] for hit in proven)
    assert {hit.rule for hit in merged.rules} == set(newest)
    assert merged.starts_at == min(alert.starts_at for alert in alerts)
    assert merged.updated_at == max(alert.updated_at for alert in alerts)
    assert merged.count == len({alert.cause for alert in alerts})


def test_a_rule_that_fired_on_an_older_version_stays_without_its_marks():
    first = with_rules(make_alert("1", at_s=1), ["grave"], "critical")
    edited = with_rules(make_alert("2", at_s=2), ["mild"], "low")
    merged = fold_all([first, edited])
    assert (merged.level, merged.annotations["title_en"]) == ("critical", "grave")
    assert [(reason["rule"], reason["spans"]) for reason in merged.why] == [
        ("grave", []),
        ("mild", [[0, 2]]),
    ]


def test_alerts_of_no_rule_keep_the_gravest_level_they_had():
    assert fold_all([make_alert("1", level="high"), make_alert("2", at_s=5, level="low")]).level == "high"


def test_the_first_evidence_and_the_newest_are_kept_of_many():
    alerts = [make_alert(str(n), at_s=n) for n in range(100)]
    kept = [ref.at for ref in fold_all(alerts).evidence]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] == alerts[-1].starts_at
    assert kept[-1] == alerts[0].starts_at
    assert len(kept) == 20


def test_a_drill_does_not_hide_the_real_thing_beside_it():
    assert fold_all([make_alert("1", drill=True)]).drill
    assert not fold_all([make_alert("1", drill=True), make_alert("2", drill=False)]).drill


def test_the_newest_picture_stays_when_later_news_has_none():
    pictured = with_picture(make_alert("1", at_s=1), 1)
    merged = fold_all([pictured, make_alert("2", at_s=2)])
    assert merged.newest_event_id == "id-2"
    assert merged.event["spectrogram"]["digest"] == "id-1"
