"""How long to wait before trying again: doubling, bounded, back to the start after a success."""

from __future__ import annotations

FIRST_S = 1.0
LONGEST_S = 60.0
"""Somebody who plugs a sensor in again watches for about a minute."""


class Backoff:
    def __init__(self, first_s: float = FIRST_S, longest_s: float = LONGEST_S) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._next_s = first_s

    def next_s(self) -> float:
        now_s = self._next_s
        self._next_s = min(2 * now_s, self._longest_s)
        return now_s

    def reset(self) -> None:
        self._next_s = self._first_s
