"""Loading a lexicon and finding its terms."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.text.lexicon import Frame, Lexicon, LexiconError, Term
from rules.text.lexicon_file import load_lexicon, shipped_lexicon
from rules.text.normalise import Canonical, normalise

WORDS = st.lists(st.text(alphabet="考试答案ab", min_size=1, max_size=4), min_size=1, max_size=8, unique=True)


def lexicon_of(*words: str) -> Lexicon:
    return Lexicon(Term(word, word, "sell", "object", 0.5) for word in words)


@given(WORDS, st.text(alphabet="考试答案ab，", max_size=30))
def test_the_automaton_finds_what_a_plain_search_finds(words: list[str], text: str) -> None:
    canonical = normalise(text)
    found = {(one.start, one.end) for one in lexicon_of(*words).find(canonical)}
    plain = {
        (start, start + len(word))
        for word in words
        for start in range(len(canonical.text))
        if canonical.text.startswith(word, start)
        and not _inside(canonical, start, word[0])
        and not _inside(canonical, start + len(word), word[-1])
        and not any(start < place < start + len(word) for place in canonical.breaks)
    }
    assert found == plain


def _inside(canonical: Canonical, place: int, own: str) -> bool:
    text = canonical.text
    if not own.isascii() or not 0 < place < len(text):
        return False
    if any(low <= place <= high for low, high in canonical.joined):
        return False
    pair = text[place - 1 : place + 1]
    return pair.isascii() and pair.isalpha()


def test_a_latin_term_is_a_word_of_its_own() -> None:
    assert not lexicon_of("sat").find(normalise("satin saturday"))
    assert lexicon_of("sat").find(normalise("the SAT答案"))


def test_a_frame_is_found_across_a_gap_and_in_order_only() -> None:
    term = Term("替|代 .. 我 ..3 考", "x", "proxy", "deal", 0.7)
    lexicon = Lexicon([], [Frame(term, (("替", "代"), ("我",), ("考",)), (0, 3))])
    assert lexicon.find(normalise("谁能替一下我去考"))
    assert not lexicon.find(normalise("我考替"))
    assert not lexicon.find(normalise("谁能替我明天上午去考"))


def test_a_word_that_holds_a_part_by_chance_is_no_part() -> None:
    term = Term("替 .. 考", "x", "proxy", "deal", 0.7)
    frame = Frame(term, (("替",), ("考",)), (0,))
    assert not Lexicon([], [frame], ["考虑"]).find(normalise("替他考虑"))


def test_all_faults_of_a_lexicon_are_named_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(
        "source: test\ngroups:\n  - category: sel\n    role: object\n    terms: |\n      答案\n"
        "  - category: sell\n    role: object\n    weight: 2\n    terms: |\n      试题\n"
        "      真题 =x\n      <nil>题\n",
        encoding="utf-8",
    )
    (tmp_path / "b.yml").write_text("source: [\n", encoding="utf-8")
    with pytest.raises(LexiconError) as caught:
        load_lexicon(tmp_path)
    places = [fault.removeprefix(f"{tmp_path}/").split(": ")[0] for fault in caught.value.faults]
    assert {"a.yml:3", "a.yml:11", "a.yml:12", "a.yml:13"} <= set(places)
    assert any(place.startswith("b.yml:") for place in places)


def test_the_shipped_lexicon_holds_thousands_of_terms_in_both_languages() -> None:
    lexicon = shipped_lexicon()
    assert len(lexicon) > 5000
    assert sum(term.canonical.isascii() for term in lexicon.terms) > 1000
