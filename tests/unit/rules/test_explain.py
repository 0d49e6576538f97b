"""What a person is told of a rule that fires, stays quiet, or nearly fired."""

from __future__ import annotations

from dataclasses import replace

from rules.check import check_samples
from rules.explain import explain
from rules.load import LIBRARY, load_rules
from rules.rule import Sample

RULE = next(rule for rule in load_rules(LIBRARY) if rule.id == "radio-unknown-narrowband")
FIRING = next(sample.event for sample in RULE.samples if sample.fires)


def state_of(seen, field: str) -> str:
    return next(view.state for part in seen.selections for view in part.tests if view.test.field == field)


def test_a_firing_event_is_true_in_all_that_it_needs():
    seen = explain(RULE, FIRING)
    assert seen.fires
    assert seen.state == "true"
    assert not next(part for part in seen.selections if part.name == "harmless").true


def test_a_level_within_3_db_of_its_limit_is_nearly():
    seen = explain(RULE, {**FIRING, "snr_db": 6.0})
    assert not seen.fires
    assert seen.state == "nearly"
    assert state_of(seen, "snr_db") == "nearly"
    assert [view.name for view in seen.decisive()] == ["narrow"]
    assert state_of(explain(RULE, {**FIRING, "snr_db": 2.0}), "snr_db") == "false"


def test_an_unknown_value_is_said_to_be_unknown_in_both_languages():
    event = {name: value for name, value in FIRING.items() if name != "band_weight"}
    view = next(part for part in explain(RULE, event).selections if part.name == "suspicious_band").tests[0]
    assert view.state == "unknown"
    assert "not known" in view.en
    assert "未知" in view.zh


def test_an_event_of_another_kind_never_fires():
    assert not explain(RULE, {**FIRING, "kind": "web"}).fires


def test_a_failing_sample_is_a_fault_that_names_the_differing_field():
    weak = Sample(({**FIRING, "snr_db": 7.0},), fires=True, line=40)
    (fault,) = check_samples([replace(RULE, samples=(weak,))])
    assert fault.line == 40
    assert (
        "must fire and is quiet: narrow is false: snr_db is 7 dB, wanted: at least 8 dB (nearly)"
        in fault.message
    )
    loud = Sample((FIRING,), fires=False, line=41)
    (fault,) = check_samples([replace(RULE, samples=(loud,))])
    assert "must be quiet and fires" in fault.message


def test_a_text_that_the_reader_almost_takes_is_shown_with_its_score():
    rule = next(rule for rule in load_rules(LIBRARY) if rule.id == "web-answer-sale")
    seen = explain(rule, {"kind": "web", "text": "祝大家考试顺利"})
    assert "text is 0.00 of 0." in seen.selections[0].tests[0].en
