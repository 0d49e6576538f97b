"""Logins that were begun and not finished: each is for one browser, once, and not for long. Bounded."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

LASTS_S = 600.0
"""Time for a password, a second factor and a change of the password at the provider."""
CAPACITY = 10_000


@dataclass(frozen=True, slots=True)
class Begun:
    browser: str
    """The key that the browser's cookie must show, as a digest."""
    nonce: str
    verifier: str
    """Of PKCE: its digest went to the provider, and only who has it can use the code."""
    to: str
    """Where in the console the person was going."""
    at: datetime
    at_s: float
    """On the monotonic clock."""


class Pending:
    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._begun: OrderedDict[str, Begun] = OrderedDict()
        self.n_dropped = 0
        """Given up for newer ones, because there were too many."""

    def __len__(self) -> int:
        return len(self._begun)

    def put(self, state: str, begun: Begun) -> None:
        self._expire(begun.at_s)
        self._begun[state] = begun
        while len(self._begun) > self._capacity:
            self._begun.popitem(last=False)
            self.n_dropped += 1

    def take(self, state: str, key: str, now_s: float) -> Begun | None:
        """The login of that state, which is then used up; None if this browser has none that lasts."""
        self._expire(now_s)
        begun = self._begun.get(state)
        # A state that another browser shows stays with the one it was made for.
        if begun is None or begun.browser != digest(key):
            return None
        return self._begun.pop(state)

    def knows(self, key: str, now_s: float) -> bool:
        """Whether a browser with that key has begun something that lasts, perhaps in another tab."""
        self._expire(now_s)
        browser = digest(key)
        return any(begun.browser == browser for begun in self._begun.values())

    def _expire(self, now_s: float) -> None:
        while self._begun:
            oldest = next(iter(self._begun.values()))
            if now_s - oldest.at_s < LASTS_S:
                return
            self._begun.popitem(last=False)


def digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
