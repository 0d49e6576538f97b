"""The compiled loops against plain ones that do the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.text.lexicon import CATEGORIES, FRAME_GAP, ROLES, Frame, Lexicon, Term
from rules.text.normalise import normalise
from rules.text.scan import FORM, TURNS, strengths, unmasked
from rules.text.score import JUDGES, Evidence, may_score

PART = st.lists(st.sampled_from(["替", "我", "考", "题", "答案"]), min_size=1, max_size=2, unique=True)
FRAMES = st.lists(st.lists(PART, min_size=2, max_size=3), min_size=1, max_size=4)
ROWS = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 8), st.integers(0, 2), st.integers(0, 2), st.integers(0, 3)),
    max_size=25,
)


@settings(deadline=None)
@given(FRAMES, st.text(alphabet="替我考题答案去呢吧", max_size=40))
def test_frames_are_found_as_by_walking_through_the_text(frames: list[list[list[str]]], text: str) -> None:
    made = [
        Frame(
            Term(str(n), "x", "sell", "deal", 0.5, is_form=True), tuple(map(tuple, parts)), (0,) * len(parts)
        )
        for n, parts in enumerate(frames)
    ]
    found = {(one.terms[0].term, one.start, one.end) for one in Lexicon([], made).find(normalise(text))}
    assert found == {
        (str(n), start, end) for n, parts in enumerate(frames) for start, end in _walk(parts, text)
    }


def _walk(parts: list[list[str]], text: str) -> set[tuple[int, int]]:
    found: set[tuple[int, int]] = set()
    reached: dict[int, tuple[int, int]] = {}
    for end in range(1, len(text) + 1):
        ending = [w for w in {w for part in parts for w in part} if text.endswith(w, 0, end)]
        for word in sorted(ending, key=len, reverse=True):
            start = end - len(word)
            for place in reversed(range(len(parts))):
                if word not in parts[place]:
                    continue
                first = start
                if place:
                    before = reached.get(place - 1)
                    if before is None or not 0 <= start - before[1] <= FRAME_GAP:
                        continue
                    first = before[0]
                if place == len(parts) - 1:
                    found.add((first, end))
                else:
                    reached[place] = (first, end)
    return found


@settings(deadline=None, max_examples=300)
@given(
    st.lists(st.sampled_from((0.0, 0.0, 0.5, 0.9)), min_size=len(ROLES), max_size=len(ROLES)),
    st.sampled_from(CATEGORIES),
)
def test_what_may_not_score_scores_nothing(strengths_: list[float], category: str) -> None:
    roles = sum(1 << index for index, strength in enumerate(strengths_) if strength)
    score = JUDGES[category](Evidence(strengths_))
    assert not score or may_score(roles)


def _column(values: list[int]) -> np.ndarray:
    return np.array(values, dtype=np.int32)


@settings(deadline=None)
@given(ROWS)
def test_a_term_is_hidden_by_a_longer_one_around_it_that_says_it_better(rows: list[tuple[int, ...]]) -> None:
    rows = sorted(rows)
    starts, ends = [row[0] for row in rows], [row[0] + row[1] for row in rows]
    kinds, bits = [row[2] for row in rows], [(row[2] > 1) * TURNS + (row[3] > 1) * FORM for row in rows]
    plain = [
        not any(
            starts[b] <= starts[a]
            and ends[a] <= ends[b]
            and rows[b][1] > rows[a][1]
            and (
                kinds[a] == kinds[b]
                or ((bits[a] ^ bits[b]) & TURNS and (bits[b] & TURNS or not bits[b] & FORM))
            )
            for b in range(len(rows))
        )
        for a in range(len(rows))
    ]
    seen = unmasked(_column(starts), _column(ends), _column(kinds), _column(bits))
    assert seen.astype(bool).tolist() == plain


@settings(deadline=None)
@given(ROWS)
def test_strength_is_the_noisy_or_of_distinct_terms_in_reach(rows: list[tuple[int, ...]]) -> None:
    starts = [row[0] for row in rows]
    bits = [(row[3] > 1) * TURNS for row in rows]
    weights = [0.1 + 0.2 * row[4] for row in rows]
    keys = [row[4] for row in rows]
    lows, highs, context = [0, 10], [12, 25], 5
    got = strengths(
        _column(starts),
        _column([row[2] for row in rows]),
        _column([row[3] for row in rows]),
        np.array(weights, dtype=np.float64),
        _column(keys),
        _column(bits),
        _column(lows),
        _column(highs),
        context,
        2,
        3,
    )
    for window in range(2):
        for category in range(2):
            rest, counted = [1.0, 1.0, 1.0], set[int]()
            for row, start, bit, weight, key in zip(rows, starts, bits, weights, keys, strict=True):
                reach = context if bit else 0
                near = lows[window] - reach <= start < highs[window] + reach
                if near and row[2] in (category, 2) and key not in counted:
                    counted.add(key)
                    rest[row[3]] *= 1.0 - weight
            assert np.allclose(got[window, category], 1.0 - np.array(rest))
