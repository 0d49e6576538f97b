"""Texts turned, written backwards or coded are read; and what matched is shown where it stands."""

from __future__ import annotations

import base64
import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.text.lexicon_file import shipped_lexicon
from rules.text.reading import TextReading, read_with
from rules.text.veil import unveil

OFFER = "高考答案出售，加微信abc12345"
ENGLISH = "selling leaked exam answers, telegram @abcde99"
TURN = dict(zip("abcdefghijklmnopqrstuvwxyz", "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz", strict=True))


def turned(text: str) -> str:
    return "".join(TURN.get(letter, letter) for letter in reversed(text))


def read(text: str) -> TextReading:
    return read_with(shipped_lexicon(), text)


VEILED = {
    "turned": turned("selling leaked exam answers dm me"),
    "backwards": OFFER[::-1],
    "rot13": codecs.encode(ENGLISH, "rot13"),
    "base64": f"看这个 {base64.b64encode(OFFER.encode()).decode()}",
    "escapes": "".join(f"\\u{ord(letter):04x}" for letter in OFFER),
    "percent": "".join(f"%{byte:02X}" for byte in OFFER.encode()),
    "entities": "".join(f"&#{ord(letter)};" for letter in OFFER),
}


@pytest.mark.parametrize("veil", sorted(VEILED))
def test_an_offer_is_found_under_every_veil(veil: str) -> None:
    assert "sell" in {score.category for score in read(VEILED[veil]).fired}


@pytest.mark.parametrize("veil", sorted(VEILED))
def test_spans_lie_in_the_text_as_it_was_written(veil: str) -> None:
    text = VEILED[veil]
    spans = [span for hit in read(text).categories["sell"].terms for span in hit.spans]
    assert spans
    assert all(0 <= low < high <= len(text) for low, high in spans)


def test_a_word_written_backwards_is_shown_where_it_stands() -> None:
    text = OFFER[::-1]
    hit = next(hit for hit in read(text).categories["sell"].terms if hit.term == "答案")
    assert [text[low:high] for low, high in hit.spans] == ["案答"]


@pytest.mark.parametrize(
    "text",
    [
        "参考高考大纲",
        "The IPA of 'measure' is ˈmɛʒər",
        "https://x.test/%E7%AD%94%E6%A1%88",
        "今天考高数，考代数",
    ],
)
def test_what_only_looks_veiled_raises_nothing(text: str) -> None:
    assert not read(text).fired


@given(st.text(max_size=80))
def test_every_character_has_its_range_in_the_original(text: str) -> None:
    found = unveil(text)
    if found is not None:
        assert len(found.text) == len(found.lows) == len(found.highs)
        assert all(0 <= low < high <= len(text) for low, high in zip(found.lows, found.highs, strict=True))
