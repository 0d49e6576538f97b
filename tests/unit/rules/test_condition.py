"""The condition grammar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.condition import (
    And,
    ConditionError,
    Name,
    Not,
    Of,
    Or,
    deciding,
    expand,
    holds,
    parse_condition,
    show_condition,
)


def test_printing_and_parsing_a_condition_gives_the_same_tree(some_conditions):
    @given(some_conditions)
    def same(condition):
        assert parse_condition(show_condition(condition)) == condition

    same()


@given(st.one_of(st.text(max_size=80), st.text(alphabet="ab1 of*()andorthemnl", max_size=60)))
def test_any_text_is_a_condition_or_an_error_with_its_column(text):
    column = 1
    try:
        parse_condition(text)
    except ConditionError as error:
        column = error.column
    assert 1 <= column <= len(text) + 1


def test_and_binds_tighter_than_or_and_not_tightest():
    assert parse_condition("a or b and not c") == Or((Name("a"), And((Name("b"), Not(Name("c"))))))
    assert parse_condition("not (a or b) and c") == And((Not(Or((Name("a"), Name("b")))), Name("c")))


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("a and", 6),
        ("a b", 3),
        ("(a or b", 8),
        ("1 of", 5),
        ("all x", 5),
        ("a & b", 3),
        ("", 1),
        ("a and or b", 7),
        ("of and a", 1),
        ("(" * 60 + "a" + ")" * 60, 42),
        ("not " * 60 + "a", 165),
        ("a" * 3000, 2001),
    ],
)
def test_an_error_names_the_column_where_it_stands(text, column):
    with pytest.raises(ConditionError) as error:
        parse_condition(text)
    assert error.value.column == column


def test_of_speaks_of_the_selections_that_its_pattern_names():
    names = ["trade_a", "trade_b", "other", "_hidden"]
    truth = {"trade_a": True, "trade_b": False, "other": False, "_hidden": True}
    assert holds(parse_condition("1 of trade_*"), truth.__getitem__, names)
    assert not holds(parse_condition("all of trade_*"), truth.__getitem__, names)
    assert holds(parse_condition("any of them"), truth.__getitem__, names)
    assert not holds(parse_condition("1 of them and not trade_a"), truth.__getitem__, names)


def test_expanding_of_leaves_the_meaning_as_it_was(some_conditions):
    names = ["alpha", "beta", "s1"]

    @given(some_conditions, st.tuples(st.booleans(), st.booleans(), st.booleans()))
    def same(condition, values):
        truth = dict(zip(names, values, strict=True))
        assert holds(expand(condition, names), truth.__getitem__, names) is holds(
            condition, truth.__getitem__, names
        )

    same()


def test_what_decides_are_the_true_selections_of_the_true_branch():
    condition = parse_condition("(a and b) or (c and not d)")
    truth = {"a": True, "b": False, "c": True, "d": False}
    assert deciding(condition, truth) == ["c"]
    assert deciding(Of(False, "them"), truth) == ["a", "c"]
