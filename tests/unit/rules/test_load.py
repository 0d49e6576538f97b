"""Reading rule files: every fault with its line, all of them at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.condition import And, Name, Not
from rules.fault import RuleErrors
from rules.load import LIBRARY, load_file, load_rules, load_text
from rules.write import dump_rule
from rules.yamltree import MAX_BYTES

GOOD = """\
id: radio-sample
title: {en: A title, zh: 标题}
advice: {en: Look first, zh: 先看}
kind: radio
level: high
category: signal
owner: radio
selections:
  inside: {phase: in}
  here:
    center_hz|within: [167M, 174M]
    snr_db|gte: 10
  legal: {band_weight|lt: 0.2}
condition: inside and here and not legal
samples:
  fires:
    - event: {phase: in, center_hz: 169.0M, snr_db: 12.5}
  quiet:
    - note: too weak
      event: {phase: in, center_hz: 169.0M, snr_db: 3}
"""


def faults_of(text: str) -> list[str]:
    rule, faults = load_text(text, "f.yml")
    assert (rule is None) == bool(faults)
    return [str(fault) for fault in faults]


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1
    return GOOD.replace(old, new)


def test_a_good_file_becomes_a_rule():
    rule, faults = load_text(GOOD, "f.yml")
    assert not faults
    assert rule is not None
    assert rule.labels == ("venue", "channel")
    assert rule.condition == And((Name("inside"), Name("here"), Not(Name("legal"))))
    assert rule.selection("here").alternatives[0][0].values == ((167e6, 174e6),)
    assert [sample.fires for sample in rule.samples] == [True, False]
    assert rule.samples[0].event == {"kind": "radio", "phase": "in", "center_hz": 169e6, "snr_db": 12.5}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("level: high", "level: hihg", 'f.yml:5: level cannot be "hihg"; did you mean "high"?'),
        ("owner: radio", "owner: radio\nowner: web", 'f.yml:8: "owner" stands twice (first in line 7)'),
        ("owner: radio", "owner: radio\nowners: web", 'f.yml:8: unknown key "owners"; did you mean "owner"?'),
        ("owner: radio\n", "", "f.yml:1: owner is missing"),
        ("id: radio-sample", "id: Radio Sample", 'f.yml:1: id "Radio Sample": small letters'),
        ("kind: radio", "kind: tv", 'f.yml:4: kind cannot be "tv"'),
        ("category: signal", "category: sell", 'f.yml:6: category cannot be "sell"'),
        ("zh: 标题", "zh: ''", "f.yml:2: a text expected"),
        (", zh: 先看", "", "f.yml:3: the text in zh is missing"),
        ("{phase: in}\n  here", "{phase: im}\n  here", 'f.yml:9: phase is never "im"; known are before, in'),
        ("{phase: in}\n  here", "{fase: in}\n  here", 'f.yml:9: unknown field "fase"; did you mean "phase"?'),
        ("{phase: in}\n  here", "{author: in}\n  here", 'f.yml:9: "author" is a field of web events'),
        ("snr_db|gte: 10", "snr_db|gte: ten", 'f.yml:12: snr_db is a number: the word "ten" is none'),
        ("snr_db|gte: 10", "snr_db|gte: [10, 12]", "f.yml:12: gte takes one value"),
        ("snr_db|gte: 10", "snr_db|ge: 10", 'f.yml:12: unknown modifier "ge"; did you mean "gte"?'),
        (
            "snr_db|gte: 10",
            "snr_db|contains: 10",
            'f.yml:12: modifier "contains" does not fit: "snr_db" is a number',
        ),
        ("snr_db|gte: 10", "snr_db|gte|lte: 10", 'f.yml:12: "snr_db|gte|lte": one modifier'),
        ("snr_db|gte: 10", "snr_db|gte: .nan", "f.yml:12: snr_db is a number"),
        ("snr_db|gte: 10", "decoded_text: 10", 'f.yml:12: "decoded_text" is running text: say how'),
        ("snr_db|gte: 10", "decoded_text|contains: '!!'", 'f.yml:12: "!!" has no letter, digit'),
        ("snr_db|gte: 10", "decoded_text|re: '(?=a)'", 'f.yml:12: "(?=a)" is no expression that RE2 takes'),
        ("snr_db|gte: 10", "decoded_text|re: '((a{1,100}){1,100}){1,100}'", 'f.yml:12: "((a{1,100})'),
        ("snr_db|gte: 10", "decoded_text|re: 'a*'", 'f.yml:12: "a*" matches the empty text'),
        ("snr_db|gte: 10", "decoded_text|is: buy", 'f.yml:12: unknown category "buy"'),
        ("snr_db|gte: 10", "new: yes", 'f.yml:12: new is a flag: true or false, not the word "yes"'),
        ("snr_db|gte: 10", "flags|empty: 1", "f.yml:12: empty takes true or false, not the number 1"),
        ("snr_db|gte: 10", "at|gte: 2026-06-07T09:00", 'f.yml:12: at: "2026-06-07T09:00" has no time zone'),
        ("snr_db|gte: 10", "modulation: []", "f.yml:12: an empty list is never true"),
        ("snr_db|gte: 10", "flags|all: [dc]", 'f.yml:12: "flags|all": all needs a list of at least two'),
        ("snr_db|gte: 10", "duty_cycle|gte: 40", "f.yml:12: duty_cycle is 0 to 1: 40 is never crossed"),
        ("[167M, 174M]", "[174M, 167M]", "f.yml:11: within: 1.74e+08 is not below 1.67e+08"),
        ("[167M, 174M]", "170M", "f.yml:11: within takes [low, high]"),
        (
            "here and not legal",
            "here or (not legal",
            'f.yml:14: condition, column 30: ")" expected at the end',
        ),
        ("here and not legal", "her and not legal", 'f.yml:14: no selection "her"; did you mean "here"?'),
        ("here and not legal", "here", 'f.yml:13: selection "legal" is not used in the condition'),
        ("here and not legal", "here and not 1 of x*", 'f.yml:14: no selection fits "x*"'),
        ("here and not legal", "here and not (legal or inside)", "f.yml:14: the condition can never be true"),
        ("  legal:", "  not:", 'f.yml:13: "not" cannot be the name of a selection'),
        (
            "snr_db|gte: 10",
            "snr_db|gte: 10\n    snr_db|lt: 4",
            'f.yml:11: selection "here" can never be true',
        ),
        ("{band_weight|lt: 0.2}", "{phase: before}", None),
        ("inside and here and not legal", "not legal", "f.yml:"),
        (
            "  quiet:\n    - note: too weak\n      event: {phase: in, center_hz: 169.0M, snr_db: 3}\n",
            "",
            "f.yml:15: no sample under quiet: a rule without one must be experimental",
        ),
        ("snr_db: 12.5", "snr: 12.5", 'f.yml:17: unknown field "snr"; did you mean "snr_db"?'),
        ("snr_db: 12.5", "snr_db: loud", 'f.yml:17: snr_db is a number: the word "loud" is none'),
        ("- note: too weak", "- nota: too weak", 'f.yml:19: a sample has no "nota"; did you mean "note"?'),
        (
            "owner: radio",
            "owner: radio\nlabels: [chanel]",
            'f.yml:8: "chanel" cannot be a label; did you mean "channel"',
        ),
        ("owner: radio", "owner: radio\nversion: 1.5", "f.yml:8: version: a whole number from 1 expected"),
        ("owner: radio", "owner: &x radio", "f.yml:7: anchors and aliases are not allowed"),
        ("owner: radio", "owner: !!python/name:os.system radio", "f.yml:7: tags"),
        ("owner: radio", "owner: [radio", "f.yml:8: not YAML: did not find expected ',' or ']'"),
        ("owner: radio", "owner: radio\n---\nid: other", "f.yml:8: a second document"),
    ],
)
def test_each_fault_is_one_line_with_its_place(old, new, fault):
    found = faults_of(changed(old, new))
    if fault is None:
        assert not found
    else:
        assert any(line.startswith(fault) for line in found), found


def test_all_faults_of_one_file_are_said_at_once():
    text = GOOD.replace("level: high", "level: 3").replace("snr_db|gte", "snr|gte")
    text = text.replace("owner: radio", "ownr: radio")
    assert {line.split(" ")[0] for line in faults_of(text)} == {
        "f.yml:7:",
        "f.yml:1:",
        "f.yml:12:",
        "f.yml:5:",
    }


@pytest.mark.parametrize(
    "text",
    ["", "- a\n- b\n", "just words", "{" * 2000, "[" * 100_000, "a: {b: " * 2000, "\x00", "? [a]\n: b"],
)
def test_what_is_no_rule_gets_one_clear_fault(text):
    assert len(faults_of(text)) >= 1


def test_a_file_that_cannot_be_a_rule_is_refused_before_it_is_read_whole(tmp_path: Path):
    big = tmp_path / "big.yml"
    big.write_bytes(b"id: x\n" + b"# filler\n" * (10 * 1024 * 1024 // 9))
    _, faults = load_file(big)
    assert [str(fault) for fault in faults] == [f"{big}:1: larger than {MAX_BYTES // 1024} KiB: not a rule"]


def test_another_encoding_is_named_with_its_line(tmp_path: Path):
    file = tmp_path / "gbk.yml"
    file.write_bytes(GOOD.encode("gb18030"))
    _, faults = load_file(file)
    assert str(faults[0]).startswith(f"{file}:2: not UTF-8: byte 0x")


def test_a_byte_order_mark_does_no_harm(tmp_path: Path):
    file = tmp_path / "bom.yml"
    file.write_bytes(GOOD.encode("utf-8-sig"))
    assert load_file(file)[1] == []


def test_a_folder_gives_all_rules_or_the_faults_of_all_files(tmp_path: Path):
    (tmp_path / "below").mkdir()
    (tmp_path / "a.yml").write_text(GOOD, "utf-8")
    (tmp_path / "below" / "b.yaml").write_text(GOOD.replace("radio-sample", "b"), "utf-8")
    (tmp_path / "notes.txt").write_text("not a rule")
    (tmp_path / ".hidden.yml").write_text("not a rule")
    assert [rule.id for rule in load_rules(tmp_path)] == ["b", "radio-sample"]
    (tmp_path / "c.yml").write_text(GOOD.replace("level: high", "level: x"), "utf-8")
    (tmp_path / "d.yml").write_text(GOOD.replace("kind: radio", "kind: x"), "utf-8")
    with pytest.raises(RuleErrors) as errors:
        load_rules(tmp_path)
    assert [Path(fault.file).name for fault in errors.value.faults] == ["c.yml", "d.yml"]


def test_the_same_id_in_two_files_is_a_fault(tmp_path: Path):
    for name in ("a.yml", "b.yml"):
        (tmp_path / name).write_text(GOOD, "utf-8")
    with pytest.raises(RuleErrors, match=r'b\.yml:1: the id "radio-sample" is taken by .*a\.yml'):
        load_rules(tmp_path)


def test_a_folder_without_rules_and_a_missing_one_are_faults(tmp_path: Path):
    with pytest.raises(RuleErrors, match="no rule file"):
        load_rules(tmp_path)
    with pytest.raises(RuleErrors, match="no such file or folder"):
        load_rules(tmp_path / "gone")


MADE_BY_CHANCE = ("never be true", "not used", "fire on every", "stands twice", "all needs")


def test_writing_and_reading_a_rule_gives_the_rule(rules_from_seed):
    n_same = 0

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 2**32))
    def same(seed):
        nonlocal n_same
        for rule in rules_from_seed(seed):
            read, faults = load_text(dump_rule(rule), "f.yml")
            assert all(any(why in fault.message for why in MADE_BY_CHANCE) for fault in faults), faults
            if not faults:
                assert read == rule
                n_same += 1

    same()
    assert n_same > 20


def test_writing_and_reading_each_shipped_rule_gives_the_rule():
    for rule in load_rules(LIBRARY):
        read, faults = load_text(dump_rule(rule), rule.file)
        assert not faults
        assert read == rule


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.integers(0, len(GOOD)), st.integers(0, 40))
def test_a_damaged_file_gives_faults_or_a_rule_and_never_crashes(text, at, cut):
    faults_of(GOOD[:at] + text + GOOD[at + cut :])


def test_a_wrong_kind_hides_no_fault_that_does_not_hang_on_it():
    text = (
        changed("kind: radio", "kind: tv")
        .replace("level: high", "level: hihg")
        .replace("owner: radio", "owner: []")
    )
    places = [line.split(": ")[0] for line in faults_of(text)]
    assert places == ["f.yml:4", "f.yml:5", "f.yml:7"]
