"""Canonical text, and the way back."""

from __future__ import annotations

import random
import unicodedata
from itertools import pairwise

import pytest
from disguises import DISGUISES
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_normalise import normalise_slowly

from rules.text.lexicon_file import shipped_lexicon
from rules.text.normalise import canonical_term, normalise
from rules.text.reading import read_with

PLAIN = st.text(alphabet="高考答案出售加微信今天晚上abc xyz 0123", min_size=1, max_size=40)
SENTENCES = [
    ("今年高考数学答案已经到手，要的加V：abc12345，先付200元定金", "sell"),
    ("专业代考雅思托福，不过全额退款，QQ 8821339077，微信也行", "proxy"),
    ("selling leaked IELTS answers before the exam, telegram @abcde99", "sell"),
]


@pytest.mark.parametrize("name", sorted(DISGUISES))
@pytest.mark.parametrize(("sentence", "category"), SENTENCES)
def test_an_offer_is_found_under_every_disguise(name: str, sentence: str, category: str) -> None:
    for seed in range(5):
        disguised = DISGUISES[name](sentence, random.Random(seed))
        fired = {score.category for score in read_with(shipped_lexicon(), disguised).fired}
        assert category in fired, disguised


@pytest.mark.parametrize("name", ["zero width", "combining", "full width", "spaces", "traditional"])
@given(
    text=st.text(alphabet="高考答案出售要的加微信今天晚上数学语文考试真题", min_size=2, max_size=30),
    seed=st.integers(0, 999),
)
def test_dress_that_carries_nothing_leaves_the_same_canonical_text(name: str, text: str, seed: int) -> None:
    assert normalise(DISGUISES[name](text, random.Random(seed))).text == normalise(text).text


@given(st.text(max_size=60))
def test_every_canonical_character_has_its_place_in_the_original(text: str) -> None:
    canonical = normalise(text)
    assert len(canonical.origin) == len(canonical.text)
    assert list(canonical.origin) == sorted(canonical.origin)
    assert all(0 <= place < len(text) for place in canonical.origin)


MARKED = st.sampled_from(["ab1$% .,。·答案", "a b,.", "答案,。！ a\u200b", "a.b*c 答⑩…$", "ab cd。"]).flatmap(
    lambda alphabet: st.text(alphabet=alphabet, max_size=30)
)


@settings(deadline=None, max_examples=400)
@given(st.one_of(MARKED, st.text(max_size=40)))
def test_the_compiled_form_is_that_of_the_slow_twin(text: str) -> None:
    fast = normalise(text)
    assert (fast.text, list(fast.starts), fast.breaks, fast.joined) == normalise_slowly(text)


@given(st.text(max_size=60), st.data())
def test_spans_are_ascending_parts_of_the_original(text: str, data: st.DataObject) -> None:
    canonical = normalise(text)
    end = data.draw(st.integers(0, len(canonical.text)))
    start = data.draw(st.integers(0, end))
    spans = canonical.spans(start, end)
    assert all(0 <= low < high <= len(text) for low, high in spans)
    assert all(first[1] < second[0] for first, second in pairwise(spans))


@given(PLAIN)
def test_canonical_text_is_its_own_canonical_text(text: str) -> None:
    once = canonical_term(text)
    assert canonical_term(once) == once


@settings(max_examples=60)
@given(st.text(alphabet=st.characters(categories=("L", "N")), max_size=30))
def test_compatibility_forms_of_a_text_read_alike(text: str) -> None:
    assert normalise(unicodedata.normalize("NFKC", text)).text == normalise(text).text


def test_spans_show_what_matched_between_marks() -> None:
    canonical = normalise("出*售 答\u200b案")
    assert canonical.text == "出售答案"
    assert canonical.spans(0, 4) == [(0, 1), (2, 3), (4, 5), (6, 7)]


def test_the_end_of_a_clause_is_kept_but_sprayed_commas_are_not() -> None:
    assert normalise("昨天拿到答案，出门旅游去了").breaks == frozenset({6})
    assert normalise("出，售，答，案").breaks == frozenset()


def test_a_word_pulled_apart_letter_by_letter_is_closed() -> None:
    assert normalise("l e a k e d").text == "leaked"
    assert normalise("a.n.s.w.e.r.s now").text == "answers now"
    assert normalise("two plain words").text == "two plain words"


def test_a_title_is_read_but_positions_count_from_the_text() -> None:
    reading = read_with(shipped_lexicon(), "要的加V：abc12345，今晚发", title="高考答案出售")
    assert reading.categories["sell"].fires
    spans = [span for hit in reading.categories["sell"].terms for span in hit.spans]
    assert spans
    assert all(0 <= low < high <= len("要的加V：abc12345，今晚发") for low, high in spans)
