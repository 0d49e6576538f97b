"""Each modifier, on values at and beside its limit."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from rules.facts import Facts
from rules.modifiers import MODIFIERS, holds
from rules.rule import Test
from rules.text.reading import read_text


def true_of(test: Test, **event) -> bool:
    return holds(test, Facts(event, read_text))


@pytest.mark.parametrize(
    ("modifier", "value", "yes", "no"),
    [
        ("equals", 5.0, [5, 5.0], [4, "5", True, None, float("nan")]),
        ("gt", 5.0, [5.1, float("inf")], [5]),
        ("gte", 5.0, [5], [4.9]),
        ("lt", 5.0, [4.9, -float("inf")], [5]),
        ("lte", 5.0, [5], [5.1]),
        ("between", (2.0, 5.0), [2, 5], [1.9, 5.1]),
        ("within", (2.0, 5.0), [2, 4.9], [5, 1.9]),
    ],
)
def test_a_number_modifier_holds_up_to_its_limit(modifier, value, yes, no):
    test = Test("snr_db", "number", modifier, (value,))
    assert all(true_of(test, snr_db=actual) for actual in yes)
    assert not any(true_of(test, snr_db=actual) for actual in no)


def test_a_list_means_any_unless_all_is_asked():
    event = {"flags": ["dc", "image"]}
    assert true_of(Test("flags", "words", "equals", ("dc", "edge")), **event)
    assert not true_of(Test("flags", "words", "equals", ("dc", "edge"), True), **event)
    assert true_of(Test("flags", "words", "equals", ("dc", "image"), True), **event)
    both = Test("text", "text", "contains", ("答案", "微信"), True)
    assert true_of(both, text="卖答案，加微信")
    assert not true_of(both, text="卖答案")


def test_exists_and_empty_are_the_only_tests_that_unknown_can_pass():
    assert true_of(Test("snr_db", "number", "exists", (False,)))
    assert true_of(Test("snr_db", "number", "exists", (False,)), snr_db=float("nan"))
    assert not true_of(Test("snr_db", "number", "exists", (True,)), snr_db=None)
    assert true_of(Test("flags", "words", "empty", (True,)))
    assert true_of(Test("flags", "words", "empty", (True,)), flags=[])
    assert not true_of(Test("flags", "words", "empty", (True,)), flags=["dc"])


@pytest.mark.parametrize(
    "text",
    ["出售答案", "出 售 答 案", "出售*答*案", "出售答\u200b案", "出售 ＊ 答．案", "出售荅案"],
)
def test_chinese_words_are_found_in_running_text_through_spaces_and_symbols(text):
    assert true_of(Test("text", "text", "contains", ("售答案",)), text=f"今天{text}，要的来")


def test_a_word_is_not_found_across_the_end_of_a_clause():
    assert not true_of(Test("text", "text", "contains", ("题答案",)), text="老师讲了第八道题。答案还没有公布")


def test_latin_words_are_found_whatever_their_case_and_marks():
    assert true_of(Test("text", "text", "contains", ("pay after you pass",)), text="PAY ‑ after  you Pass!")


def test_text_starts_ends_and_fits_in_its_canonical_form():
    assert true_of(Test("text", "text", "startswith", ("绝密启用前",)), text="绝密★启用前 2026")
    assert true_of(Test("text", "text", "endswith", ("答案",)), text="有没有 答-案！！")
    assert true_of(Test("text", "text", "re", ("q[0-9]+ ?[a-d]",)), text="Q12: B")
    assert not true_of(Test("text", "text", "startswith", ("启用前",)), text="绝密★启用前 2026")


def test_words_of_closed_form_are_compared_as_written():
    assert true_of(Test("url", "word", "contains", ("/thread-",)), url="http://f.example/thread-12.html")
    assert not true_of(Test("url", "word", "contains", ("/Thread-",)), url="http://f.example/thread-12.html")
    assert true_of(Test("url", "word", "re", (r"thread-\d+\.html$",)), url="http://f.example/thread-12.html")


def test_instants_are_compared_in_any_zone_and_naive_ones_are_unknown():
    nine = datetime(2026, 6, 7, 1, tzinfo=UTC)
    test = Test("at", "instant", "gte", (nine.timestamp(),))
    assert true_of(test, at="2026-06-07T09:00:00+08:00")
    assert true_of(test, at=nine)
    assert not true_of(test, at="2026-06-07T08:59:59+08:00")
    assert not true_of(test, at="2026-06-07T09:00:00")


def test_the_verdict_of_the_leak_reader_is_a_test():
    test = Test("text", "text", "is", ("sell",))
    assert true_of(test, text="高考答案出售，考前一天发，准确率100%，先看后付，加V信 gk2026da")
    assert not true_of(test, text="祝大家金榜题名")


SAMPLES = {
    "number": 1,
    "flag": True,
    "words": ["a"],
    "instant": "1970-01-01T00:00:01Z",
    "word": "a",
    "text": "a",
}


@pytest.mark.parametrize("type_", list(MODIFIERS))
def test_every_modifier_of_a_field_type_is_judged_on_an_equal_value(type_):
    for modifier in MODIFIERS[type_]:
        value = {"number": 1.0, "instant": 1.0, "flag": True}.get(type_, "a")
        if modifier in ("exists", "empty"):
            value = True
        if modifier in ("between", "within"):
            value = (0.0, 2.0)
        assert holds(Test("x", type_, modifier, (value,)), Facts({"x": SAMPLES[type_]}, read_text)) in (
            True,
            False,
        )
