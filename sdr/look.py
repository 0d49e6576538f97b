"""What the samples of an emission say: its beginning, both of its lobes, its last seconds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sdr.clip import Clip, extract
from sdr.measure import Measures, measure
from sdr.modulation import LOBES, Identification, identify
from sdr.tape import Tape
from sdr.watch import Watch

CLIP_S = 0.35
"""What is looked at of an emission: enough symbols for 100 baud, little enough to keep up with many."""
LONG_S = 2.0
"""What is looked at, up to its last moment heard, where `CLIP_S` of it showed a bare carrier or nothing
known: who presses the key begins to speak a second later, and a pause between words lasts half of one."""
PLAIN = frozenset({"carrier", "unknown"})
LOBES_OF = frozenset({"ook", "unknown"})
"""What one lobe of FSK with a wide shift looks like: it comes and goes with the symbols."""
LEAD_S = 0.02
"""Silence before the start that goes into the clip, so that the start itself can be measured."""


@dataclass(frozen=True, slots=True)
class Look:
    """An emission at the place that its rows say: what they say fits together, while a clip's own figures
    may be of a narrower band."""

    tape: Tape
    watch: Watch
    first: int
    last: int
    """Samples: the first one of it, and the first one after it."""
    offset_hz: float
    width_hz: float
    snr_db: float
    density: float
    """Noise power per hertz, full scale 1."""

    def beginning(self) -> tuple[Clip | None, int]:
        """Its first `CLIP_S`, and the sample that the clip begins with."""
        return self._cut(self.first, self._clip_end, self.width_hz)

    def identify(self, clip: Clip) -> Identification:
        return identify(clip, self.snr_db, self.density)

    def both_lobes(self, first_look: Identification) -> tuple[Measures, Identification] | None:
        """The whole of it, if what looked keyed is one lobe of FSK with a wide shift; else None."""
        if first_look.modulation not in LOBES_OF or LOBES * self.width_hz >= self.watch.rate_hz / 2:
            return None
        clip, _ = self._cut(self.first, self._clip_end, LOBES * self.width_hz)
        if clip is None:
            return None
        kind, found = self.identify(clip), measure(clip, self.density)
        if found is None or kind.modulation not in ("fsk2", "fsk4"):
            return None
        return found, kind

    def again(self, first_look: Identification | None) -> Identification | None:
        """What its last seconds say, where its beginning said little or is gone from the tape."""
        if first_look is not None and first_look.modulation not in PLAIN:
            return first_look
        begin = max(self.first, self.last - round(LONG_S * self.watch.rate_hz))
        if self.last - begin < 1.2 * CLIP_S * self.watch.rate_hz:
            return first_look
        clip, _ = self._cut(begin, self.last, self.width_hz)
        if clip is None or clip.duration_s < CLIP_S:
            return first_look
        kind = self.identify(clip)
        if first_look is None or kind.modulation not in PLAIN or first_look.modulation == "unknown":
            return kind
        return first_look

    @property
    def _clip_end(self) -> int:
        return min(self.last, self.first + round(CLIP_S * self.watch.rate_hz))

    def _cut(self, first: int, last: int, width_hz: float) -> tuple[Clip | None, int]:
        watch = self.watch
        lead = round(LEAD_S * watch.rate_hz)
        iq, begin = self.tape.cut(first - lead, last + lead)
        if iq.shape[0] < 64:
            return None, begin
        clip = extract(iq, watch.format, watch.rate_hz, self.offset_hz, width_hz)
        if max(2 * watch.bin_hz, 0.25 * width_hz) < abs(self.offset_hz) < clip.usable_hz / 2:
            # The search never saw the receiver's DC; a weak emission beside the centre would drown in it.
            # At the centre of its own band it may be the emission's carrier, and is left.
            turns = np.arange(len(clip.iq)) * (self.offset_hz / clip.rate_hz)
            np.subtract(clip.iq, watch.psd.dc * np.exp(-2j * np.pi * turns), out=clip.iq, casting="same_kind")
        return clip, begin
