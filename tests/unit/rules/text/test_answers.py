"""Lists of answers in all their forms; and letters that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.text.answers import find_answers
from rules.text.normalise import normalise
from rules.text.reading import read_text

LETTERS = st.text(alphabet="ABCD", min_size=10, max_size=30).filter(lambda row: "ABCD" not in row)


def weight(text: str) -> float:
    return sum(found.terms[0].weight for found in find_answers(text, normalise(text).text))


FORMS = {
    "1A2B": lambda row: "".join(f"{n}{letter}" for n, letter in enumerate(row, 1)),
    "1.A2.B": lambda row: "".join(f"{n}.{letter}" for n, letter in enumerate(row, 1)),
    "lines": lambda row: "\n".join(f"{n}、{letter}" for n, letter in enumerate(row, 1)),
    "full width": lambda row: "".join(f"{n}{chr(ord(letter) + 0xFEE0)} " for n, letter in enumerate(row, 1)),
    "ranges": lambda row: " ".join(
        f"{n + 1}-{n + len(row[n : n + 5])} {row[n : n + 5]}" for n in range(0, len(row), 5)
    ),
    "letters": lambda row: " ".join(row),
}


@pytest.mark.parametrize("form", sorted(FORMS))
@given(row=LETTERS)
def test_a_list_is_found_in_every_form(form: str, row: str) -> None:
    assert weight(FORMS[form](row)) >= 0.45


@pytest.mark.parametrize(
    "text",
    [
        "①A②B③C④D⑤B⑥A⑦D⑧C",
        "一A二B三C四D五A六C七B八D九A十C十一B",
        "判断：√×√√××√×",
        "听力 ACBBA 阅读 BDCA CABD",
    ],
)
def test_circled_and_chinese_numbers_and_ticks_are_read(text: str) -> None:
    assert weight(text) >= 0.45


@pytest.mark.parametrize(
    "text",
    [
        "A B C D E F G",
        "选项 A. 苹果 B. 梨 C. 桃 D. 杏",
        "138×××××××××",
        "he added a bad cab, I faced a dead bed",
        "第1章A，第2章B",
        "3a 7b 1c 9d 4e",
    ],
)
def test_other_letters_are_no_list(text: str) -> None:
    assert weight(text) < 0.45


def test_a_list_that_says_it_is_homework_raises_nothing() -> None:
    assert read_text("1-5 ABCDA 6-10 CCBAD").main is not None
    assert read_text("第三单元练习参考答案：1-5 ABCDA 6-10 CCBAD，请自行订正").main is None
