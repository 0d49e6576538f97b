"""How far a certificate is through its time. Pure.

made ───────────── fresh ─────────────┬───── due ─────┬──── late ────┐ ended
                                      the node renews  a person is told
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

RENEW_SHARE: Final = 1 / 3
"""Of its time that is left when a node begins to ask (Let's Encrypt, "Integration Guide": a third)."""
LATE_SHARE: Final = 1 / 6
"""Half of what was meant for trying has gone by in vain."""
Age = Literal["fresh", "due", "late", "ended"]


def age_of(made_at: datetime, ends_at: datetime, now: datetime) -> Age:
    lasts, left = ends_at - made_at, ends_at - now
    if left <= timedelta(0):
        return "ended"
    if left <= lasts * LATE_SHARE:
        return "late"
    return "due" if left <= lasts * RENEW_SHARE else "fresh"
