"""The compiled automaton against a plain search at every place."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.text.automaton import Automaton, code_points

WORDS = st.lists(st.text(alphabet="ab答案𠀀", min_size=1, max_size=5), max_size=12, unique=True)
TEXT = st.text(alphabet="ab答案𠀀 ", max_size=40)


def search(words: list[str], text: str) -> list[tuple[int, str]]:
    ends = range(1, len(text) + 1)
    by_length = sorted(words, key=len, reverse=True)
    return [(end - 1, word) for end in ends for word in by_length if text.endswith(word, 0, end)]


@settings(deadline=None)
@given(WORDS, TEXT)
def test_it_finds_what_a_plain_search_finds_in_the_same_order(words: list[str], text: str) -> None:
    lasts, numbers = Automaton(words).find(code_points(text))
    assert [(last, words[n]) for last, n in zip(lasts.tolist(), numbers.tolist(), strict=True)] == search(
        words, text
    )


@settings(deadline=None)
@given(WORDS, TEXT)
def test_a_table_says_what_characters_are_read_as(words: list[str], text: str) -> None:
    table = np.arange(ord("案") + 1, dtype=np.uint32)
    table[ord("b")] = ord("a")
    lasts, numbers = Automaton(words, table).find(code_points(text))
    found = [(last, words[n]) for last, n in zip(lasts.tolist(), numbers.tolist(), strict=True)]
    assert found == search(words, text.replace("b", "a"))


def test_more_hits_than_it_made_room_for() -> None:
    words = ["a" * n for n in range(1, 30)]
    lasts, _ = Automaton(words).find(code_points("a" * 100))
    assert len(lasts) == sum(min(n, 29) for n in range(1, 101))
