"""The automaton's hits to terms, and terms to evidence: the loops that run once a hit.

Compiled, since a post dense with exam talk has hundreds of hits and each may be a part of a
hundred frames. The tables are laid out by ``rules.text.lexicon`` and ``rules.text.score``.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray

I32 = NDArray[np.int32]
F64 = NDArray[np.float64]

LATIN_FIRST = 1
LATIN_LAST = 2
BLOCKS = 4
"""Bits of a surface."""
FORM = 1
TURNS = 2
AMBIGUOUS = 4
"""Bits of a term."""
_NEVER = -1_000_000
LONGEST = 400
"""Characters; no frame reaches further, so no term is inside one that begins earlier than that."""


@numba.njit(cache=True, nogil=True, error_model="numpy")
def inside_words(codes: NDArray[np.uint32], joined: I32) -> Any:
    """For each place between characters, 1 inside a Latin word or number.

    Not inside a word that had been pulled apart (`joined`, ranges): its own borders are lost.
    """
    inside = np.zeros(len(codes) + 1, dtype=np.uint8)
    before = 0
    for place in range(len(codes)):
        code = codes[place]
        kind = 1 if 97 <= code <= 122 else 2 if 48 <= code <= 57 else 0
        inside[place] = kind == before and kind > 0
        before = kind
    for low, high in joined:
        inside[low : high + 1] = 0
    return inside


@numba.njit(cache=True, nogil=True, error_model="numpy")
def find_terms(
    lasts: I32,
    surfaces: I32,
    inside: NDArray[np.uint8],
    crossed: I32,
    surface_length: I32,
    surface_bits: I32,
    term_first: I32,
    term_of: I32,
    part_first: I32,
    part_slot: I32,
    slot_gap: I32,
    slot_frame: I32,
    slot_place: I32,
    slot_ends: I32,
    usual_gap: int,
    latin_gap: int,
    n_terms: int,
) -> Any:
    """Terms, and frames whose parts follow each other, as (term, start, end) rows in order of their ends.

    Parameters
    ----------
    lasts, surfaces
        The automaton's hits: index of the last character, number of the surface.
    inside, crossed
        For each place, 1 inside a Latin word; for each character, clauses that ended before it (or empty).
    term_first, term_of; part_first, part_slot
        Terms and slots of each surface: those of surface s stand at first[s] .. first[s + 1].
        A slot is one part of one frame; the parts of a frame have slots in a row.
    """
    n = len(lasts)
    n_text = len(inside) - 1
    keep = np.zeros(n, dtype=np.uint8)
    block_low = np.full(n_text + 1, -1, dtype=np.int32)
    block_high = np.full(n_text + 1, -1, dtype=np.int32)
    n_most = 0
    for hit in range(n):
        surface = surfaces[hit]
        start = lasts[hit] - surface_length[surface] + 1
        end = lasts[hit] + 1
        bits = surface_bits[surface]
        if (bits & LATIN_FIRST and inside[start]) or (bits & LATIN_LAST and inside[end]):
            continue
        if len(crossed) and crossed[lasts[hit]] != crossed[start]:
            continue
        keep[hit] = 1
        n_most += term_first[surface + 1] - term_first[surface]
        n_most += part_first[surface + 1] - part_first[surface]
        if bits & BLOCKS:
            for place in range(start, end):
                if end - start > block_high[place] - block_low[place]:
                    block_low[place], block_high[place] = start, end
    rows = np.empty((n_most, 3), dtype=np.int32)
    n_rows = 0
    first_at = np.full(len(slot_gap), _NEVER, dtype=np.int32)
    end_at = np.full(len(slot_gap), _NEVER, dtype=np.int32)
    for hit in range(n):
        if not keep[hit]:
            continue
        surface = surfaces[hit]
        length = surface_length[surface]
        start = lasts[hit] - length + 1
        end = lasts[hit] + 1
        blocked = block_high[start] >= end and block_high[start] - block_low[start] > length
        if not blocked or length > 1:  # a single character inside an ordinary word is no word
            for index in range(term_first[surface], term_first[surface + 1]):
                rows[n_rows, 0], rows[n_rows, 1], rows[n_rows, 2] = term_of[index], start, end
                n_rows += 1
        if blocked:
            continue
        gap = latin_gap if surface_bits[surface] & LATIN_FIRST else usual_gap
        for index in range(part_first[surface], part_first[surface + 1]):
            slot = part_slot[index]
            first = start
            if slot_place[slot] > 0:
                allowed = slot_gap[slot] if slot_gap[slot] > 0 else gap
                between = start - end_at[slot - 1]
                if between < 0 or between > allowed:
                    continue
                first = first_at[slot - 1]
            if slot_ends[slot]:
                rows[n_rows, 0], rows[n_rows, 1], rows[n_rows, 2] = n_terms + slot_frame[slot], first, end
                n_rows += 1
            else:
                first_at[slot], end_at[slot] = first, end
    return rows[:n_rows]


@numba.njit(cache=True, nogil=True, error_model="numpy")
def unmasked(starts: I32, ends: I32, kinds: I32, bits: I32) -> Any:
    """1 for each term that does not lie inside a longer one which says it better; ordered by start.

    Hidden by a longer term of the same kind (category and role), or of the other side (what raises,
    what turns), where the longer is no form: a form has gaps.
    """
    n = len(starts)
    seen = np.ones(n, dtype=np.uint8)
    for one in range(n):
        length = ends[one] - starts[one]
        other = one
        while other + 1 < n and starts[other + 1] == starts[one]:
            other += 1
        while other >= 0 and starts[one] - starts[other] <= LONGEST:
            longer = ends[other] >= ends[one] and ends[other] - starts[other] > length
            if longer and (
                kinds[other] == kinds[one]
                or ((bits[other] ^ bits[one]) & TURNS and (bits[other] & TURNS or not bits[other] & FORM))
            ):
                seen[one] = 0
                break
            other -= 1
    return seen


@numba.njit(cache=True, nogil=True, error_model="numpy")
def strengths(
    starts: I32,
    categories: I32,
    roles: I32,
    weights: F64,
    keys: I32,
    bits: I32,
    lows: I32,
    highs: I32,
    context: int,
    n_categories: int,
    n_roles: int,
) -> Any:
    """Noisy-or of the weights by window, category and role; a term counts once, one for any category in each.

    Parameters
    ----------
    categories
        Index, or `n_categories` for a term of any category.
    keys
        What makes two terms the same, below `len(keys)` + 1.
    lows, highs
        The windows. A term that turns the meaning counts `context` characters further.
    """
    n_windows = len(lows)
    rest = np.ones((n_windows, n_categories, n_roles), dtype=np.float64)
    n_keys = 0
    for key in keys:
        n_keys = max(n_keys, key + 1)
    counted = np.full(n_keys, -1, dtype=np.int32)
    for window in range(n_windows):
        for category in range(n_categories):
            stamp = window * n_categories + category
            for one in range(len(starts)):
                if categories[one] != category and categories[one] != n_categories:
                    continue
                reach = context if bits[one] & TURNS else 0
                if not lows[window] - reach <= starts[one] < highs[window] + reach:
                    continue
                if counted[keys[one]] == stamp:
                    continue
                counted[keys[one]] = stamp
                rest[window, category, roles[one]] *= 1.0 - weights[one]
    return 1.0 - rest
