"""Time as the sources see it, passed in so that tests own it."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Two clocks and a way to wait: dates come from one, durations only from the other."""

    def now(self) -> datetime:
        """The instant, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump."""
        ...

    def wait(self, ended: threading.Event, timeout_s: float) -> bool:
        """Until `ended` is set (True) or `timeout_s` have passed (False)."""
        ...


class SystemClock:
    """The machine's own."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def wait(self, ended: threading.Event, timeout_s: float) -> bool:
        return ended.wait(timeout_s)


SYSTEM_CLOCK = SystemClock()
