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
from typing import Any, Final

import numba
import numpy as np
from numpy.typing import NDArray

from rules.text.fold import DROP, FOLD, GAP, STOP
from rules.text.siphash import N_WORDS, U64, siphash

CJK_WORTH: Final = 9
LATIN_WORTH: Final = 6
GRAM_WORTH: Final = 36
MAX_GRAM: Final = -(-GRAM_WORTH // LATIN_WORTH)
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


def gram_values(codes: NDArray[np.uint32], key: bytes) -> tuple[U64, NDArray[np.intp]]:
    """Keyed values of all grams in order, and their lengths; of those that are complete."""
    words, lengths = _grams(codes)
    return siphash(words, key), lengths


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _grams(codes: Any) -> Any:
    """The gram that starts at each character, as three words, and its length."""
    n = len(codes)
    words = np.zeros((N_WORDS, n), dtype=np.uint64)
    lengths = np.zeros(n, dtype=np.intp)
    for start in range(n):
        worth, end = 0, start
        while worth < GRAM_WORTH and end < n:
            worth += LATIN_WORTH if codes[end] < 0x2E80 else CJK_WORTH
            end += 1
        if worth < GRAM_WORTH:  # nor has any later one enough after it
            return words[:, :start].copy(), lengths[:start]
        for place in range(end - start):
            shift = np.uint64(21 * (place % _CHARACTERS_PER_WORD))
            words[place // _CHARACTERS_PER_WORD, start] |= np.uint64(codes[start + place]) << shift
        lengths[start] = end - start
    return words, lengths


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
