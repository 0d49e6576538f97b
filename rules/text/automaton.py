"""Many words found in one pass (Aho and Corasick, CACM 18, 1975), compiled.

A hash table knows the next state of each state and character, and the root has a table of its own:
fifteen thousand words begin with thousands of characters, which a list of children would have to be
searched for at every place of a text.

States are numbered as the words are laid in; state 0 is the root. A state knows the word that ends
there, the state of its longest proper ending (``fail``), and the next state along those at which a
word ends (``shorter``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numba
import numpy as np
from numpy.typing import NDArray

I32 = NDArray[np.int32]
CODES = NDArray[np.uint32]
_BITS: Final = 21
"""Of a code point, and of a state: a step is state, character and next state in 63 bits."""
_MASK: Final = (1 << _BITS) - 1
_N_CODES: Final = 0x110000
_NO_TABLE: Final = np.empty(0, dtype=np.uint32)


def code_points(text: str) -> CODES:
    """The code points of `text`, which has no surrogates."""
    return np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)


class Automaton:
    """Finds words, each named by its place in the sequence given; they differ and none is empty."""

    __slots__ = ("_table", "_tables")

    def __init__(self, words: Sequence[str], table: CODES = _NO_TABLE) -> None:
        """`table` says what characters of a text are read as; those beyond its end as themselves."""
        codes = code_points("".join(words))
        firsts = np.cumsum([0, *map(len, words)], dtype=np.int64)
        root = np.zeros(_N_CODES, dtype=np.int32)
        parent, last, depth, word = _laid(codes, firsts, _free(len(codes)), root)
        if len(word) > 1 << _BITS:
            raise ValueError(f"{len(words)} words have {len(word)} beginnings, more than {1 << _BITS}")
        steps = _free(len(word))
        _pack(steps, parent, last, depth)
        order = np.argsort(depth, kind="stable").astype(np.int32)
        fail, shorter = _linked(order, parent, last, word, root, steps)
        self._table = table
        self._tables = (root, steps, fail, word, shorter)

    def find(self, codes: CODES) -> tuple[I32, I32]:
        """Index of the last character and number of the word, of each hit; by ends, longer ones first."""
        return _run(codes, self._table, *self._tables)


def _free(n: int) -> NDArray[np.int64]:
    """An empty hash table for `n` steps, two thirds full at most."""
    return np.full(1 << max(4, (3 * n // 2).bit_length()), -1, dtype=np.int64)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _slot(steps: Any, state: Any, code: Any) -> Any:
    """Where the step from `state` by `code` stands in the hash table, or would; and its key."""
    key = (np.int64(state) << _BITS) | np.int64(code)
    mask = len(steps) - 1
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64(mixed >> np.uint64(20)) & mask
    while steps[slot] >= 0 and steps[slot] >> _BITS != key:
        slot = (slot + 1) & mask
    return slot, key


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _laid(codes: Any, firsts: Any, steps: Any, root: Any) -> Any:
    """Each state's parent, last character, length and word."""
    n = len(codes) + 1
    parent = np.zeros(n, dtype=np.int32)
    last = np.zeros(n, dtype=np.uint32)
    depth = np.zeros(n, dtype=np.int32)
    word = np.full(n, -1, dtype=np.int32)
    n_states = 1
    for number in range(len(firsts) - 1):
        state = 0
        for place in range(firsts[number], firsts[number + 1]):
            slot, key = _slot(steps, state, codes[place])
            if steps[slot] < 0:
                steps[slot] = (key << _BITS) | n_states
                parent[n_states], last[n_states] = state, codes[place]
                depth[n_states] = depth[state] + 1
                if not state:
                    root[codes[place]] = n_states
                n_states += 1
            state = steps[slot] & _MASK
        word[state] = number
    return parent[:n_states].copy(), last[:n_states].copy(), depth[:n_states].copy(), word[:n_states].copy()


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _pack(steps: Any, parent: Any, last: Any, depth: Any) -> None:
    """All steps but the root's into a table of their own size: what is small stays in the cache."""
    for state in range(len(parent)):
        if depth[state] > 1:
            slot, key = _slot(steps, parent[state], last[state])
            steps[slot] = (key << _BITS) | state


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _step(state: Any, code: Any, root: Any, steps: Any, fail: Any) -> Any:
    while state:
        slot, _ = _slot(steps, state, code)
        if steps[slot] >= 0:
            return steps[slot] & _MASK
        state = np.int64(fail[state])
    return np.int64(root[code])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _linked(order: Any, parent: Any, last: Any, word: Any, root: Any, steps: Any) -> Any:
    """`fail` and `shorter`, from the shortest states to the longest."""
    fail = np.zeros(len(order), dtype=np.int32)
    shorter = np.full(len(order), -1, dtype=np.int32)
    for state in order[1:]:
        if parent[state]:
            fail[state] = _step(np.int64(fail[parent[state]]), last[state], root, steps, fail)
        ending = fail[state]
        shorter[state] = ending if word[ending] >= 0 else shorter[ending]
    return fail, shorter


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _run(codes: Any, table: Any, root: Any, steps: Any, fail: Any, word: Any, shorter: Any) -> Any:
    ends = np.empty(max(16, 2 * len(codes)), dtype=np.int32)
    words = np.empty(len(ends), dtype=np.int32)
    n = 0
    state = np.int64(0)
    for place in range(len(codes)):
        code = codes[place]
        if code < len(table):
            code = table[code]
        state = _step(state, code, root, steps, fail)
        ending = state if word[state] >= 0 else np.int64(shorter[state])
        while ending >= 0:
            if n == len(ends):
                ends = np.concatenate((ends, np.empty(n, dtype=np.int32)))
                words = np.concatenate((words, np.empty(n, dtype=np.int32)))
            ends[n], words[n] = place, word[ending]
            n += 1
            ending = np.int64(shorter[ending])
    return ends[:n], words[:n]
