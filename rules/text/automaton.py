"""Many words found in one pass (Aho and Corasick, CACM 18, 1975), compiled.

A hash table knows the next state of each state and character, and the root has a table of its own:
fifteen thousand words begin with thousands of characters, which a list of children would have to be
searched for at every place of a text.

States are numbered as the words are laid in; state 0 is the root.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numba
import numpy as np
from numpy.typing import NDArray

I32 = NDArray[np.int32]
CODES = NDArray[np.uint32]
_CODE_BITS: Final = 21
_STATE_BITS: Final = 20
_STATES: Final = 1 << _STATE_BITS
_STATE: Final = _STATES - 1
_ENDS: Final = 1 << _STATE_BITS
_DEEP: Final = 2 << _STATE_BITS
"""A step is where it leads, whether a word ends there, and whether that state has an ending other than the
root: in most places of a text the step alone is looked at. In the hash table its state and character stand
before it: 63 bits."""
_STEP_BITS: Final = _STATE_BITS + 2
_STEP: Final = (1 << _STEP_BITS) - 1
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
        parent, last, depth, word = _laid(codes, firsts, _free(len(codes)))
        if len(word) > _STATES:
            raise ValueError(f"{len(words)} words have {len(word)} beginnings, more than {_STATES}")
        steps = _free(len(word))
        order = np.argsort(depth, kind="stable").astype(np.int32)
        fail, ending = _linked(order, parent, last, word, root, steps)
        self._table = table
        self._tables = (root, steps, fail, word, ending)

    def find(self, codes: CODES) -> tuple[I32, I32]:
        """Index of the last character and number of the word, of each hit; by ends, longer ones first."""
        return _run(codes, self._table, *self._tables)


def _free(n: int) -> NDArray[np.int64]:
    """An empty hash table for `n` steps, two thirds full at most."""
    return np.full(1 << max(4, (3 * n // 2).bit_length()), -1, dtype=np.int64)


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _slot(steps: Any, state: Any, code: Any) -> Any:
    """Where the step from `state` by `code` stands in the hash table, or would; and its key."""
    key = (np.int64(state) << _CODE_BITS) | np.int64(code)
    mask = len(steps) - 1
    mixed = np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)
    slot = np.int64(mixed >> np.uint64(20)) & mask
    while steps[slot] >= 0 and steps[slot] >> _STEP_BITS != key:
        slot = (slot + 1) & mask
    return slot, key


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _laid(codes: Any, firsts: Any, steps: Any) -> Any:
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
                steps[slot] = (key << _STEP_BITS) | n_states
                parent[n_states], last[n_states] = state, codes[place]
                depth[n_states] = depth[state] + 1
                n_states += 1
            state = steps[slot] & _STATE
        word[state] = number
    return parent[:n_states].copy(), last[:n_states].copy(), depth[:n_states].copy(), word[:n_states].copy()


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _linked(order: Any, parent: Any, last: Any, word: Any, root: Any, steps: Any) -> Any:
    """Fill `root` and `steps`, from the shortest states to the longest.

    Returns
    -------
    Of each state its longest proper ending, and the longest of its endings (itself too) that is a word; -1.
    """
    fail = np.zeros(len(order), dtype=np.int32)
    ending = np.full(len(order), -1, dtype=np.int32)
    for state in order[1:]:
        above = np.int64(parent[state])
        if above:
            fail[state] = _step(np.int64(fail[above]) | _DEEP, last[state], root, steps, fail) & _STATE
        ending[state] = state if word[state] >= 0 else ending[fail[state]]
        step = np.int64(state) | (_ENDS if ending[state] >= 0 else 0) | (_DEEP if fail[state] else 0)
        if above:
            slot, key = _slot(steps, above, last[state])
            steps[slot] = (key << _STEP_BITS) | step
        else:
            root[last[state]] = step
    return fail, ending


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _step(step: Any, code: Any, root: Any, steps: Any, fail: Any) -> Any:
    """The step by `code` from where `step` led."""
    while step & _STATE:
        state = step & _STATE
        slot, _ = _slot(steps, state, code)
        if steps[slot] >= 0:
            return steps[slot] & _STEP
        if not step & _DEEP:
            break
        step = np.int64(fail[state]) | _DEEP
    return np.int64(root[code])


@numba.njit(cache=True, nogil=True, error_model="numpy")
def _run(codes: Any, table: Any, root: Any, steps: Any, fail: Any, word: Any, ending: Any) -> Any:
    ends = np.empty(max(16, 2 * len(codes)), dtype=np.int32)
    words = np.empty(len(ends), dtype=np.int32)
    n = 0
    step = np.int64(0)
    for place in range(len(codes)):
        code = codes[place]
        if code < len(table):
            code = table[code]
        step = _step(step, code, root, steps, fail)
        if not step & _ENDS:
            continue
        state = np.int64(ending[step & _STATE])
        while state >= 0:
            if n == len(ends):
                ends = np.concatenate((ends, np.empty(n, dtype=np.int32)))
                words = np.concatenate((words, np.empty(n, dtype=np.int32)))
            ends[n], words[n] = place, word[state]
            n += 1
            state = np.int64(ending[fail[state]])
    return ends[:n], words[:n]
