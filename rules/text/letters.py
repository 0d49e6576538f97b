"""Noisy quotes in Latin letters: a second look at where one gram of an item was found.

A letter tells a third of what a Han character tells, so grams that are sure are long, and reading
errors break most of them: of 40 letters read with 15 % noise, one gram of six survives nearly
always, a line of them seldom. Once one is found, its place says where the rest must be, and there
grams of four letters are enough: by chance few fall in line (docs/leaks.md).

Kept of each item are 16 bits a place, from the gram under the bank's key and then mixed with a
number of the item's own, so that equal grams of two items cannot be told to be equal.
"""

from __future__ import annotations

from typing import Any, Final

import numba
import numpy as np
from numpy.typing import NDArray

from rules.text.siphash import N_WORDS, U64, siphash

LENGTH: Final = 4
DRIFT: Final = 2
"""Characters by which places may shift against each other: dropped or doubled in reading."""
STANDING: Final = 8
"""Grams of boilerplate in a row that make a standing phrase: thirteen letters or more."""
REACH: Final = 60
"""Characters before and after the gram that was found; no more than so many are counted together."""
MIN_LETTERS: Final = {1: 30, 2: 26}
"""Letters in line that make a quote, by the runs they form: a phrase that is shared has few holes. Chance
reached 20, 24 and 22 in one, two and three runs, in 30,000 real posts against 4,503 real items."""
MIN_LETTERS_MANY_RUNS: Final = 24


def short_values(codes: NDArray[np.uint32], key: bytes) -> U64:
    """Keyed value of the four letters or digits at each place; 0 where there are none."""
    n = max(0, len(codes) - LENGTH + 1)
    latin = codes < 0x2E80
    whole = np.ones(n, dtype=np.bool_)
    words = np.zeros((N_WORDS, n), dtype=np.uint64)
    for place in range(LENGTH):
        part = codes[place : place + n]
        whole &= latin[place : place + n]
        word, shift = divmod(place, 3)
        words[word] |= part.astype(np.uint64) << np.uint64(21 * shift)
    return np.where(whole, siphash(words, key) | np.uint64(1), np.uint64(0))


def tweaks(n_items: int, key: bytes) -> U64:
    """A number for each item."""
    words = np.zeros((N_WORDS, n_items), dtype=np.uint64)
    words[0] = np.arange(n_items, dtype=np.uint64)
    words[2] = np.uint64(1)  # no gram has a third word
    return siphash(words, key)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def mixed(value: Any, tweak: Any) -> Any:
    """Sixteen bits of both, never 0 (the finaliser of SplitMix64)."""
    x = value ^ tweak
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return max((x ^ (x >> np.uint64(31))) >> np.uint64(48), np.uint64(1))


@numba.njit(cache=True, nogil=True, error_model="numpy")
def sealed(values: U64, tweak: Any, idle: NDArray[np.bool_]) -> Any:
    """What the bank keeps of an item; 0 where there are no letters, or only standing phrases.

    A short phrase that other papers have too is kept: alone it is never enough, and a quote without it is
    one with holes.
    """
    kept = np.zeros(len(values), dtype=np.uint16)
    until, standing = 0, False
    for place in range(len(values)):
        if place >= until:
            until = place
            while until < len(idle) and idle[until]:
                until += 1
            standing = until - place >= STANDING
            until = max(until, place + 1)
        if values[place] and not standing:
            kept[place] = mixed(values[place], tweak)
    return kept


@numba.njit(cache=True, nogil=True, error_model="numpy")
def in_line(post: U64, item: NDArray[np.uint16], tweak: Any, at: int, shift: int) -> Any:
    """Letters of the post around a place that stand in the item at the same distance.

    Parameters
    ----------
    post
        `short_values` of the post.
    at, shift
        Where a gram was found, and by how much its place in the item is further on.

    Returns
    -------
    Most letters within REACH characters, and the number of runs they form in all.
    """
    low, high = max(0, at - REACH), min(len(post), at + REACH)
    cover = np.zeros(high - low + LENGTH, dtype=np.uint8)
    for place in range(low, high):
        if not post[place]:
            continue
        value = mixed(post[place], tweak)
        for other in range(max(0, place + shift - DRIFT), min(len(item), place + shift + DRIFT + 1)):
            if item[other] == value:
                cover[place - low : place - low + LENGTH] = 1
                break
    most, n, n_runs = 0, 0, 0
    for place in range(len(cover)):
        n += cover[place]
        if place >= REACH:
            n -= cover[place - REACH]
        n_runs += cover[place] and not (place and cover[place - 1])
        most = max(most, n)
    return most, n_runs


def enough(most: int, n_runs: int) -> bool:
    return most >= MIN_LETTERS.get(n_runs, MIN_LETTERS_MANY_RUNS)
