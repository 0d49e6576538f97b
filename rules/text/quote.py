"""Hits of one item in one post: do they form a quote, or did chance scatter them?

A quote keeps its order: the distance between place in post and place in item stays nearly
the same over a stretch. Hits that do so are in line, and the characters of the post that a
line covers are its evidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DRIFT = 6
"""Characters by which the distance of hits in one line may shift: dropped or doubled in reading."""
LATIN_COVER = 0.45
"""CJK characters that a covered Latin letter or digit counts for: common English phrases are long."""
STRETCH = 90
"""Post characters over which hits support each other as one quote."""


@dataclass(frozen=True, slots=True)
class Line:
    cover: float
    """Characters covered, in the worth of CJK characters; grams seen elsewhere count half."""
    n_runs: int
    """Separate parts that are covered."""


@dataclass(frozen=True, slots=True)
class Hits:
    """One entry a hit, in the order of the post."""

    at: Sequence[int]
    place: Sequence[int]
    rank: Sequence[int]
    value: Sequence[int]
    """The gram itself: one that a post repeats counts once."""
    weight: Sequence[float]

    def _company(self, index: int) -> list[int]:
        """Hits in line with one, from it onwards."""
        at, distance = self.at[index], self.at[index] - self.place[index]
        return [
            other
            for other in range(index, len(self.at))
            if self.at[other] - at <= STRETCH and abs(self.at[other] - self.place[other] - distance) <= DRIFT
        ]

    def in_company(self) -> set[int]:
        """Hits with at least one other in line."""
        together: set[int] = set()
        for index in range(len(self.at)):
            company = self._company(index)
            if len(company) > 1:
                together.update(company)
        return together

    def best_line(self, codes: NDArray[np.uint32], lengths: NDArray[np.intp]) -> Line:
        best = Line(0.0, 0)
        for index in range(len(self.at)):
            line = self._line(self._company(index), codes, lengths)
            if line.cover > best.cover:
                best = line
        return best

    def _line(self, company: Sequence[int], codes: NDArray[np.uint32], lengths: NDArray[np.intp]) -> Line:
        cover: dict[int, float] = {}
        counted: set[int] = set()
        for index in company:
            if self.value[index] in counted:
                continue
            counted.add(self.value[index])
            for character in range(self.at[index], self.at[index] + int(lengths[self.at[index]])):
                worth = self.weight[index] * (1.0 if codes[character] >= 0x2E80 else LATIN_COVER)
                cover[character] = max(cover.get(character, 0.0), worth)
        n_runs = sum(character - 1 not in cover for character in cover)
        return Line(sum(cover.values()), n_runs)

    def longest_run(self, lengths: NDArray[np.intp]) -> int:
        """Characters from the first to the last of kept values that follow each other unbroken."""
        ends: dict[tuple[int, int], int] = {}
        best = 0
        for at, place, rank in zip(self.at, self.place, self.rank, strict=True):
            start = ends.pop((rank - 1, at - place), at)
            ends[rank, at - place] = start
            best = max(best, at + int(lengths[at]) - start)
        return best
