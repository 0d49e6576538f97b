"""Reports on their way out, with what decoders read in the emissions.

    scanner ──report──> Reading ──> on_emission, at once
                          └─ a last report whose emission is still being decoded waits for the answer

A scan never waits for a decoder; a recording does, at its end, for there nothing can be missed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace

from sdr.decoders import Decoded
from sdr.decoders.program import TIMEOUT_S
from sdr.decoders.worker import DecodeWorker, Job
from sdr.tape import Tape
from sdr.types import Emission

MAX_HELD = 64
"""Last reports that wait for an answer; the oldest goes out without it when there are more."""
MOST_S = 1.0
"""Of an emission, from its start: remotes and sensors repeat within it, a page is longer but begins here."""
LEAD_S = 0.05
"""Decoders learn the noise from what is before."""
LEAST_SNR_DB = 6.0
"""Bits of weaker ones are wrong too often for any checksum (FSK: one in twenty at 6 dB, Proakis)."""
READABLE = frozenset({"ook", "fsk2", "fsk4"})
READABLE_IN_NFM = frozenset({"data", "tones"})

Deliver = Callable[[Emission, bool], None]


class Reading:
    """Hands reports on to `deliver`, the last one with what was read.

    Parameters
    ----------
    no_decoding : bands, in hertz, of which nothing is ever decoded
    patient : wait for room in the queue: right for a recording, never for a receiver
    """

    def __init__(
        self,
        deliver: Deliver,
        worker: DecodeWorker,
        *,
        no_decoding: Sequence[tuple[float, float]] = (),
        patient: bool = False,
    ) -> None:
        self._deliver = deliver
        self._worker = worker
        self._no_decoding = tuple(no_decoding)
        self._patient = patient
        self._held: deque[Emission] = deque()
        self._asked: set[str] = set()

    @property
    def n_dropped(self) -> int:
        """Emissions that were not decoded because the queue was full."""
        return self._worker.n_dropped

    def report(self, emission: Emission, is_last: bool, tape: Tape, rate_hz: float, center_hz: float) -> None:
        """Say `emission` now, or, if it is the last word and an answer is to come, with the answer."""
        if emission.id not in self._asked and self._may_read(emission):
            self._ask(emission, tape, rate_hz, center_hz)
        if not is_last:
            self._deliver(emission, False)
            return
        self._held.append(emission)
        self.release()

    def release(self) -> None:
        """Say what has its answer; what needs none does not wait for what does."""
        n_most = len(self._held) - MAX_HELD
        held: deque[Emission] = deque()
        for number, emission in enumerate(self._held):
            if number >= n_most and self._worker.is_open(emission.id):
                held.append(emission)
                continue
            self._say_last(emission)
        self._held = held

    def finish(self) -> None:
        """Say all that is held, after a decoder's deadline at most."""
        self._worker.wait(TIMEOUT_S)
        self._worker.close()
        while self._held:
            self._say_last(self._held.popleft())

    def _say_last(self, emission: Emission) -> None:
        self._asked.discard(emission.id)
        self._deliver(with_decoded(emission, self._worker.take(emission.id)), True)

    def _may_read(self, emission: Emission) -> bool:
        if emission.snr_db < LEAST_SNR_DB:
            return False
        half = emission.bandwidth_hz / 2
        low, high = emission.center_hz - half, emission.center_hz + half
        if any(low < b and high > a for a, b in self._no_decoding):
            return False
        if emission.modulation == "nfm":
            return emission.content in READABLE_IN_NFM
        return emission.modulation in READABLE

    def _ask(self, emission: Emission, tape: Tape, rate_hz: float, center_hz: float) -> None:
        first, last = int(emission.extra["first_sample"]), int(emission.extra["last_sample"])
        lead = round(LEAD_S * rate_hz)
        iq, _ = tape.cut(first - lead, min(last, first + round(MOST_S * rate_hz)) + lead)
        if not iq.shape[0]:
            return
        job = Job(
            emission.id, iq, tape.format, rate_hz, emission.center_hz - center_hz, emission.modulation or ""
        )
        self._asked.add(emission.id)
        self._worker.offer(job, wait_s=TIMEOUT_S if self._patient else 0.0)


def with_decoded(emission: Emission, decoded: Decoded | None) -> Emission:
    """`emission` with what was read in it; a device of daily life is named in ``extra["known_device"]``."""
    if decoded is None or not decoded.messages:
        return emission
    extra = emission.extra
    if decoded.known_device:
        extra = {**extra, "known_device": decoded.messages[0]["device"]}
    return replace(emission, decoded=decoded.messages, extra=extra)
