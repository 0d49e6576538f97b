"""A receiver held on one place for a while, away from its plan, because somebody asked for it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sdr.plan import RECEIVER_HZ, USABLE_SHARE
from sdr.types import Hop

ASIDE_SHARE = 0.1
"""Of the rate: how far beside the asked frequency the receiver is set, so that its DC does not lie on it."""


class StareError(Exception):
    """The receiver cannot look there. The message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Stare:
    hop: Hop
    until: datetime

    @property
    def band(self) -> tuple[float, float]:
        """Low and high in Hz of what is heard meanwhile; all else is not."""
        half = USABLE_SHARE * self.hop.rate_hz / 2
        return self.hop.center_hz - half, self.hop.center_hz + half


def stare_hop(center_hz: float, hops: Sequence[Hop], rate_hz: float, gain_db: float | None) -> Hop:
    """Where the receiver is set to look at `center_hz`: the plan's hop that covers it best, else a new one.

    Raises
    ------
    StareError
        If no receiver of this kind tunes there.
    """
    low_hz, high_hz = RECEIVER_HZ
    if not low_hz <= center_hz <= high_hz:
        raise StareError(
            f"{center_hz / 1e6:.4f} MHz is outside of {low_hz / 1e6:.0f} to {high_hz / 1e6:.0f} MHz"
        )
    nearest = min(hops, key=lambda hop: abs(hop.center_hz - center_hz), default=None)
    if nearest is not None and abs(nearest.center_hz - center_hz) <= USABLE_SHARE * nearest.rate_hz / 2:
        return nearest
    return Hop(center_hz - ASIDE_SHARE * rate_hz, rate_hz, 0.0, gain_db)
