"""Ask the receiver itself whether an emission is its own: shift the LO, lower the gain, look again.

    at the emission's setting ──LO + d──gain - step──back again──> Ghost, or None

Every step lasts `CAPTURE_S` and a retune. The setting is put back even if nothing came of it. An emission
that is not there as before at the end has shown nothing: it may have ended in between.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sdr.ghost import Capture, Ghost, by_gain, by_shift, capture, is_back, shift_for
from sdr.plan import USABLE_SHARE
from sdr.source.base import SampleSource
from sdr.types import Hop

CAPTURE_S = 0.04
GAIN_STEP_DB = 6.0
"""A third-order product falls by 18 dB then: enough to tell, little enough to still see a sender."""


@dataclass(frozen=True, slots=True)
class Probed:
    """What came of it, and what it cost."""

    ghost: Ghost | None
    n_samples: int
    """Read for it, and not searched for anything else."""


def probe(source: SampleSource, hop: Hop, frequency_hz: float, width_hz: float) -> Probed:
    """Test the emission at `frequency_hz`, which `hop` hears now.

    The gain step is left out where the gain is automatic or too low for it.

    Raises
    ------
    SourceError
        If the receiver fails.
    """
    asker = _Asker(source)
    before = asker.take(None)
    if before is None or not before.level(frequency_hz, width_hz).is_seen:
        return Probed(None, asker.n_samples)
    found: Ghost | None = None
    try:
        shift_hz = shift_for(before, frequency_hz, width_hz, USABLE_SHARE * hop.rate_hz)
        if shift_hz is not None:
            after = asker.take(replace(hop, center_hz=hop.center_hz + shift_hz))
            found = None if after is None else by_shift(before, after, frequency_hz, width_hz)
        if found is None and hop.gain_db is not None and hop.gain_db >= GAIN_STEP_DB:
            less = asker.take(replace(hop, gain_db=hop.gain_db - GAIN_STEP_DB))
            if less is not None:
                found = by_gain(before, less, GAIN_STEP_DB, frequency_hz, width_hz)
    finally:
        source.tune(hop)
    if found is not None:
        again = asker.take(None)
        if again is None or not is_back(before, again, frequency_hz, width_hz):
            found = None
    return Probed(found, asker.n_samples)


class _Asker:
    """Takes captures from a source, and counts what it took."""

    def __init__(self, source: SampleSource) -> None:
        self._source = source
        self.n_samples = 0

    def take(self, hop: Hop | None) -> Capture | None:
        """A capture at `hop` (None: at the present setting); None if the source has ended."""
        if hop is not None:
            self._source.tune(hop)
        info = self._source.info
        want = round(CAPTURE_S * info.rate_hz)
        parts: list[np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = []
        center_hz = info.center_hz
        n = 0
        while n < want:
            block = self._source.read(want - n)
            if block is None:
                return None
            parts.append(np.array(block.iq))
            n += block.iq.shape[0]
            self.n_samples += block.iq.shape[0]
            center_hz = block.hop.center_hz
        return capture(np.concatenate(parts), info.format, info.rate_hz, center_hz)
