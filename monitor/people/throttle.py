"""Logins that fail make the next one wait, by name and by address. Bounded; pure but for what it remembers.

An attempt counts as failed until it has succeeded, so many at once gain nothing.
"""

from __future__ import annotations

from collections import OrderedDict

FREE_ATTEMPTS = 5
FIRST_WAIT_S = 2.0
LONGEST_WAIT_S = 900.0
"""About 100 guesses a day against one name; its owner, locked out by a stranger, waits that long."""
MAX_KEYS = 10_000


class Throttle:
    def __init__(self, capacity: int = MAX_KEYS) -> None:
        self._capacity = capacity
        self._failed: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait_s(self, keys: tuple[str, ...], now_s: float) -> float:
        """Seconds until the next attempt for all of `keys` is allowed; 0 if one is now."""
        until_s = (self._failed[key][1] for key in keys if key in self._failed)
        return max(0.0, max(until_s, default=now_s) - now_s)

    def attempt(self, keys: tuple[str, ...], now_s: float) -> None:
        for key in keys:
            n = self._failed.get(key, (0, 0.0))[0] + 1
            over = n - FREE_ATTEMPTS
            pause_s = min(FIRST_WAIT_S * 2.0 ** min(over, 30), LONGEST_WAIT_S) if over >= 0 else 0.0
            self._failed[key] = (n, now_s + pause_s)
            self._failed.move_to_end(key)
        while len(self._failed) > self._capacity:
            self._failed.popitem(last=False)

    def succeeded(self, keys: tuple[str, ...]) -> None:
        for key in keys:
            self._failed.pop(key, None)
