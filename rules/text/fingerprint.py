"""From text to fingerprints: grams of even information, keyed, winnowed.

    text      已 知 集 合 A = { 1 , 2 } ...
    squeezed  已知集合a12...            letters, digits, CJK; nothing between
    gram      from each character, the shortest run worth 36: four CJK characters (9 each),
              or six Latin letters or digits (6 each), or a mixture
    value     SipHash under the bank's key
    winnowed  of every w values in a row the smallest (the last of equals) is kept

A gram of a fixed number of characters would be far too common in English or far too long to
survive misreading in Chinese; equal information serves both. Winnowing: Schleimer, Wilkerson
and Aiken, SIGMOD 2003. Any verbatim run of at least ``guarantee()`` squeezed characters
shares a kept value with its item, unless all its grams are boilerplate.
"""

from __future__ import annotations

import re
from typing import Final

import numpy as np
from numpy.typing import NDArray

from rules.text.fold import DROP, FOLD, GAP, STOP
from rules.text.siphash import N_WORDS, U64, siphash

CJK_WORTH: Final = 9
LATIN_WORTH: Final = 6
GRAM_WORTH: Final = 36
MAX_GRAM: Final = -(-GRAM_WORTH // LATIN_WORTH)
MIN_GRAM: Final = -(-GRAM_WORTH // CJK_WORTH)
WINDOW: Final = 2
"""Grams; two thirds of all values are kept. Measured on 40 characters of Chinese with 15 % noise,
recall is 98, 95 and 92 % for windows of 1, 2 and 3 (docs/leaks.md)."""

_MARKS: Final = re.compile(f"[{DROP}{GAP}{STOP} _%$@]+")
_CHARACTERS_PER_WORD: Final = 3
"""Code points have 21 bits."""


def squeeze(text: str) -> NDArray[np.uint32]:
    """Folded letters, digits and CJK characters of a text, as code points."""
    return np.frombuffer(_MARKS.sub("", text.translate(FOLD)).encode("utf-32-le"), dtype=np.uint32)


def guarantee(window: int = WINDOW) -> int:
    """Squeezed characters of a verbatim run that is always found, whatever the script."""
    return window + MAX_GRAM - 1


def gram_lengths(codes: NDArray[np.uint32]) -> NDArray[np.intp]:
    """Length of the gram that starts at each character, for those that are complete."""
    worth = np.where(codes < 0x2E80, LATIN_WORTH, CJK_WORTH)
    reach = np.concatenate(([0], np.cumsum(worth)))
    ends = np.searchsorted(reach, reach[:-1] + GRAM_WORTH)
    ends = ends[ends <= len(codes)]
    return ends - np.arange(len(ends))


def gram_values(codes: NDArray[np.uint32], key: bytes) -> tuple[U64, NDArray[np.intp]]:
    """Keyed values of all grams in order, and their lengths."""
    lengths = gram_lengths(codes)
    n = len(lengths)
    if n == 0:
        return np.empty(0, dtype=np.uint64), lengths
    padded = np.concatenate((codes, np.zeros(MAX_GRAM, dtype=np.uint32))).astype(np.uint64)
    words = np.zeros((N_WORDS, n), dtype=np.uint64)
    for place in range(MAX_GRAM):
        part = padded[place : place + n]
        if place >= MIN_GRAM:
            part = np.where(place < lengths, part, np.uint64(0))
        word, shift = divmod(place, _CHARACTERS_PER_WORD)
        words[word] |= part << np.uint64(21 * shift)
    return siphash(words, key), lengths


def winnow(values: U64, idle: NDArray[np.bool_], window: int = WINDOW) -> NDArray[np.intp]:
    """Positions kept: the smallest value of each window, the last of equals; never an idle one.

    Parameters
    ----------
    values
        In the order of the text.
    idle
        True where a gram is boilerplate and may not be chosen.
    """
    n = len(values)
    if n == 0:
        return np.empty(0, dtype=np.intp)
    masked = np.where(idle, np.uint64(0xFFFFFFFFFFFFFFFF), values)
    width = min(window, n)
    windows = np.lib.stride_tricks.sliding_window_view(masked, width)[:, ::-1]
    kept = np.unique(np.arange(len(windows)) + (width - 1 - np.argmin(windows, axis=1)))
    return kept[~idle[kept]]
