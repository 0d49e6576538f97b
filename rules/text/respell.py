"""Disguised spellings of lexicon words, put right where they can be nothing else.

    竹合案  da案  daan  考验答案  an5wers   ->   答案 答案 答案 考研答案 answers

Three means: parts of characters and pinyin (spellings made from the lexicon's own words, found
by one automaton), homophones (the same words in syllables; at least half of the characters
must be right as they stand, and a word of two characters needs an exam, price or contact
nearby), and digits for letters in Latin words. What is put right keeps its way back to the original.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib.resources import files
from itertools import islice, product
from typing import Final

import numpy as np
from pypinyin.constants import PHRASES_DICT, PINYIN_DICT

from rules.text.automaton import CODES, Automaton, code_points
from rules.text.lexicon import TURNING, Lexicon
from rules.text.normalise import Canonical

_SYLLABLE_BASE: Final = 0xE000
"""Syllables become characters of the private use area, so that an automaton can run over them."""
_DIGITS: Final = ("ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu")
_MAX_SPELLINGS: Final = 48
"""A word; more combinations than that are not made up by people."""
_LONGEST: Final = 5
_SHORT_WEIGHT: Final = 0.5
_TRADES: Final = ("sell", "proxy", "device")
"""Words of two characters are looked for by sound only where they are what is traded."""
_SPOKEN: Final = ("deal", "object", "guarantee", "price", "contact")
"""Longer words are looked for by sound only where a filter would look for them: nobody disguises 需要吗."""
_OPPOSITE: Final = ("买卖", "卖买")
"""Sound alike and are no disguise of each other."""
_LEET: Final = str.maketrans("013457@$", "oleastas")
_LEET_I: Final = str.maketrans("013457@$", "oieastas")
_LEET_WORD: Final = re.compile(
    r"(?<![a-z0-9$@])(?=[a-z0-9$@]*[a-z])(?=[a-z0-9$@]*[0-9$@])[a-z0-9$@]{4,}(?![a-z0-9$@])"
)
_LEET_SIGN: Final = re.compile(r"[a-z][0-9$@]|[0-9$@][a-z]")
"""In every word with both: most texts are passed by at a glance."""
_MIN_LATIN: Final = 4

Change = tuple[int, int, str]
"""Canonical range and what it reads as."""


@cache
def _readings() -> dict[str, str]:
    """Character to its first reading without tone."""
    readings: dict[str, str] = {}
    for code, spelled in PINYIN_DICT.items():
        first = spelled.split(",")[0].replace("ü", "v")
        plain = "".join(part for part in unicodedata.normalize("NFD", first) if part.isascii())
        readings[chr(code)] = plain
    return readings | dict(zip("0123456789", _DIGITS, strict=True))


@cache
def _syllable_table() -> CODES:
    """By code point, what stands for its syllable; characters without one stand for themselves."""
    readings = _readings()
    codes: dict[str, int] = {}
    table = np.arange(max(map(ord, readings)) + 1, dtype=np.uint32)
    for character, syllable in readings.items():
        table[ord(character)] = codes.setdefault(syllable, _SYLLABLE_BASE + len(codes))
    return table


@cache
def _shapes() -> tuple[dict[str, list[str]], dict[int, str]]:
    """Character to its parts; and characters outside GB 2312 to the common one they wear."""
    parts: dict[str, list[str]] = {}
    worn: dict[int, str] = {}
    for line in (files("rules.text") / "shapes.txt").read_text(encoding="utf-8").splitlines():
        left, _, right = line.partition(" ")
        if right.startswith("> "):
            worn[ord(left)] = right[2:]
        else:
            parts.setdefault(left, []).append(right)
    return parts, worn


def _is_cjk(word: str) -> bool:
    return all("\u4e00" <= character <= "\u9fff" for character in word)


class Respeller:
    """Built once from a lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        telling = [term for term in lexicon.terms if term.role not in TURNING and term.weight >= 0.4]
        words = dict.fromkeys(term.canonical for term in telling)
        cjk = [word for word in words if 2 <= len(word) <= _LONGEST and _is_cjk(word)]
        in_frames = (word for frame in lexicon.frames for part in frame.parts for word in part)
        self._latin = {
            piece
            for word in (*words, *in_frames)
            for piece in word.split(" ")
            if piece.isascii() and len(piece) >= _MIN_LATIN
        }
        self._known = {*words, *(term.canonical for term in lexicon.terms), *lexicon.blockers}
        spellings: dict[str, str] = {}
        for spelling, word in self._all_spellings(cjk):
            spellings.setdefault(spelling, word)
        self._spelled_words = list(spellings.values())
        self._spelled_lengths = list(map(len, spellings))
        self._spellings = Automaton(list(spellings))
        table = _syllable_table()
        goods = {
            term.canonical
            for term in telling
            if term.role in ("object", "deal") and term.weight >= _SHORT_WEIGHT and term.category in _TRADES
        }
        spoken = {term.canonical for term in telling if term.role in _SPOKEN}
        sounds: dict[str, str] = {}
        for word in cjk:
            if word in goods or (len(word) > 2 and word in spoken):
                sounds.setdefault("".join(chr(table[ord(character)]) for character in word), word)
        self._sounded_words = list(sounds.values())
        self._sounds = Automaton(list(sounds), table)
        self._worn = _shapes()[1]
        self._is_worn = re.compile(f"[{''.join(map(chr, self._worn))}]")

    def _all_spellings(self, words: Iterable[str]) -> Iterator[tuple[str, str]]:
        parts, _ = _shapes()
        readings = _readings()
        for word in words:
            spellings = product(*[(character, *parts.get(character, [])) for character in word])
            for spelling in islice(spellings, 1, _MAX_SPELLINGS):
                yield "".join(spelling), word
            if len(word) > 4:
                continue
            spellings = product(*[(character, readings.get(character, character)) for character in word])
            for spelling in islice(spellings, 1, None):
                spelled = "".join(spelling)
                if not spelled.isascii() or len(spelled) >= _MIN_LATIN:
                    yield spelled, word
            syllables = [readings.get(character, character) for character in word]
            if all(syllable.isascii() for syllable in syllables):
                yield " ".join(syllables), word

    def respell(self, canonical: Canonical, is_sure: Callable[[], bool]) -> Canonical:
        """The canonical text with disguised words put right.

        Parameters
        ----------
        is_sure
            Whether the text names an exam, a price or a contact: then homophones of words of
            two characters are put right too. Asked only where there are such.
        """
        text = canonical.text
        if self._is_worn.search(text):
            text = text.translate(self._worn)
        codes = code_points(text)
        changes = [*self._spelled(text, codes), *self._sounded(text, codes, is_sure), *self._leet(text)]
        if not changes and text == canonical.text:
            return canonical
        return _changed(canonical, text, changes)

    def _spelled(self, text: str, codes: CODES) -> list[Change]:
        sure: list[Change] = []
        doubtful: list[Change] = []
        latin: set[str] = set()
        lasts, spellings = self._spellings.find(codes)
        for last, spelling in zip(lasts.tolist(), spellings.tolist(), strict=True):
            length, word = self._spelled_lengths[spelling], self._spelled_words[spelling]
            start, end = last - length + 1, last + 1
            first, final = text[start], text[last]
            if first.isascii() and start and text[start - 1].isascii() and text[start - 1].isalpha():
                continue
            if final.isascii() and end < len(text) and text[end].isascii() and text[end].isalpha():
                continue
            spelled = text[start:end]
            if not spelled.isascii():
                sure.append((start, end, word))
                continue
            latin.add(word)
            short = (" " in spelled or length <= _MIN_LATIN) and not _touches_cjk(text, start, end)
            (doubtful if short else sure).append((start, end, word))
        # One short word may be a name or English; of a sentence in pinyin there are more.
        return [*sure, *doubtful] if len(latin) > 1 else sure

    def _sounded(self, text: str, codes: CODES, is_sure: Callable[[], bool]) -> Iterator[Change]:
        lasts, sounds = self._sounds.find(codes)
        for last, sound in zip(lasts.tolist(), sounds.tolist(), strict=True):
            word = self._sounded_words[sound]
            length = len(word)
            start, end = last - length + 1, last + 1
            written = text[start:end]
            if written == word or written in self._known or written.isascii():
                continue
            if any(a + b in _OPPOSITE for a, b in zip(written, word, strict=True)):
                continue
            n_right = sum(a == b for a, b in zip(written, word, strict=True))
            if length == 2:
                if (
                    n_right == 1
                    and written not in PHRASES_DICT
                    and not self._part_of_word(text, start)
                    and is_sure()
                ):
                    yield start, end, word
            elif 2 * n_right >= length and not (length == 3 and self._stands(text, start, written, word)):
                yield start, end, word

    def _stands(self, text: str, start: int, written: str, word: str) -> bool:
        """Whether a differing character belongs to a word as it stands (要中考 is not 要重考)."""
        differing = [start + index for index in range(len(word)) if written[index] != word[index]]
        pairs = (text[low : low + 2] for place in differing for low in (place - 1, place) if low >= 0)
        return any(pair in self._known or pair in PHRASES_DICT for pair in pairs)

    def _part_of_word(self, text: str, start: int) -> bool:
        """Whether either character belongs with its other neighbour, not with its partner (大|案子)."""
        before, after = text[max(0, start - 1) : start + 1], text[start + 1 : start + 3]
        return (
            before in PHRASES_DICT or after in PHRASES_DICT or before in self._known or after in self._known
        )

    def _leet(self, text: str) -> Iterator[Change]:
        if not _LEET_SIGN.search(text):
            return
        for match in _LEET_WORD.finditer(text):
            for table in (_LEET, _LEET_I):
                plain = match.group().translate(table)
                if plain in self._latin:
                    yield match.start(), match.end(), plain
                    break


def _touches_cjk(text: str, start: int, end: int) -> bool:
    """Whether a Latin word stands directly beside a Chinese one: daan in 高考daan, not in English."""
    return text[max(0, start - 1) : start] > "\u2e80" or text[end : end + 1] > "\u2e80"


def _changed(canonical: Canonical, text: str, changes: list[Change]) -> Canonical:
    """Apply changes from the left; of overlapping ones the first and longest."""
    old_ends = canonical.ends or array("i", [start + 1 for start in canonical.starts])
    pieces: list[str] = []
    starts: array[int] = array("i")
    ends: array[int] = array("i")
    shifts: list[tuple[int, int]] = []
    position = n = 0
    for start, end, word in sorted(changes, key=lambda change: (change[0], change[0] - change[1])):
        if start < position:
            continue
        pieces += (text[position:start], word)
        starts.extend(canonical.starts[position:start])
        ends.extend(old_ends[position:start])
        n += start - position
        if len(word) == end - start:
            starts.extend(canonical.starts[start:end])
            ends.extend(old_ends[start:end])
        else:
            starts.extend([canonical.starts[start]] * len(word))
            ends.extend([old_ends[end - 1]] * len(word))
        n += len(word)
        position = end
        shifts.append((end, n - end))
    pieces.append(text[position:])
    starts.extend(canonical.starts[position:])
    ends.extend(old_ends[position:])

    def moved(place: int) -> int:
        return place + next((shift for end, shift in reversed(shifts) if end <= place), 0)

    return Canonical(
        "".join(pieces),
        starts,
        ends,
        frozenset(map(moved, canonical.breaks)),
        tuple((moved(low), moved(high)) for low, high in canonical.joined),
        canonical.n_lead,
    )
