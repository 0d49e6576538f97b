"""The loop that runs it all for one source: read, watch, describe, report. It blocks: give it a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sdr.coverage import Coverage
from sdr.decoders import installed
from sdr.history_feed import open_feed
from sdr.lookout import ROW_S, Lookout, SpectrumRow
from sdr.plan import BandOdds, unwatched
from sdr.probe import probe
from sdr.reports import Reports
from sdr.scan import EmissionReport, ScanSettings, ScanStatus
from sdr.source.base import SampleSource
from sdr.stare import Stare, StareError, stare_hop
from sdr.tap import Tap
from sdr.tape import Tape
from sdr.types import Block, Emission, Hop
from sdr.watch import Watch

__all__ = ["EmissionReport", "ScanSettings", "ScanStatus", "Scanner"]

BLOCK_SAMPLES = 1 << 18
LONG_GAP_S = 0.5
STARE_STEP_S = 0.1
"""How often a receiver that stares looks whether it is still to."""
TAPE_BYTES = 64 << 20
"""Bound of the tape of raw samples: 13 s of 8-bit samples at 2.4 MS/s."""


class Scanner:
    """Scans one source until it ends, `stop` is called or ``settings.seconds`` are over.

    Parameters
    ----------
    on_emission : callable
        Gets a report of every emission, from the scanning thread: a first one while it is still on the air
        if it lasts, and a last one when it is over or the scan stops.
    """

    def __init__(
        self, source: SampleSource, settings: ScanSettings, on_emission: Callable[[EmissionReport], None]
    ) -> None:
        self.source = source
        self.settings = settings
        self.status = ScanStatus()
        self._stopped = threading.Event()
        info = source.info
        rate = info.rate_hz
        tape_s = settings.tape_s
        if settings.evidence_dir is not None:
            tape_s = max(
                tape_s, settings.pre_trigger_s + settings.post_trigger_s + 2 * settings.report_after_s
            )
        n_tape = min(int(tape_s * rate), TAPE_BYTES // (2 * info.format.dtype.itemsize))
        if info.n_samples is not None:
            n_tape = min(n_tape, info.n_samples)
        self._tape = Tape(info.format, max(n_tape, 1024))
        self._coverage = Coverage(
            info, settings.bands, settings.weights, settings.dwell_s, settings.gain_db, settings.plan
        )
        self._plan = self._coverage.plan
        self._history = open_feed(
            settings.history_dir, settings.sensor, settings.history_bounds, is_sweep=self._plan.is_sweep
        )
        self._lookout = Lookout(is_sweep=self._plan.is_sweep)
        self._stare: Stare | None = None
        self._tuned: Hop | None = None
        self._next_probe = 0
        self._is_hit = False
        self._watches: dict[float, Watch] = {}
        self._reports = Reports(settings, self.status, self._tape, info.started_at, self._probed, on_emission)
        self._taps: tuple[Tap, ...] = ()

    @property
    def odds(self) -> list[BandOdds]:
        """What this scan promises of each band; once every hop had two visits, what it keeps."""
        stare = self._stare
        return self._coverage.odds if stare is None else [BandOdds(*stare.band, 0.0, 0.0)]

    @property
    def unwatched(self) -> list[tuple[float, float]]:
        """What an RTL-SDR could tune to and this scan does not hear."""
        stare = self._stare
        return self._coverage.unwatched if stare is None else unwatched([stare.band])

    @property
    def staring(self) -> Stare | None:
        """Where it is held, away from its plan."""
        return self._stare

    def stare(self, center_hz: float, until: datetime) -> Stare:
        """Stay at `center_hz` until `until`, then go on as planned. From any thread.

        Raises
        ------
        StareError
            If the source cannot be tuned, or not there.
        """
        info = self.source.info
        if not info.tunable:
            raise StareError("a recording cannot be tuned: it plays what was recorded")
        asked = stare_hop(center_hz, self._plan.hops, info.rate_hz, self.settings.gain_db)
        self._stare = Stare(asked, until)
        return self._stare

    def end_stare(self) -> None:
        """Go on as planned, now. From any thread."""
        self._stare = None

    def show_rows(self, sink: Callable[[SpectrumRow], None] | None) -> None:
        """Hand `sink` about 25 rows of the spectrum a second, from the scanning thread; None ends that."""
        self._lookout.show_to(sink)

    def listen(self, tap: Tap) -> Callable[[], None]:
        """Give `tap` every block from now on; the result ends that. From any thread."""
        self._taps = (*self._taps, tap)

        def end() -> None:
            self._taps = tuple(one for one in self._taps if one is not tap)
            tap.close()

        return end

    def stop(self) -> None:
        """End `run` soon; from any thread."""
        self._stopped.set()

    def run(self) -> None:
        """Scan.

        Raises
        ------
        SourceError
            If the source fails. What was heard until then has been reported.
        """
        settings = self.settings
        if settings.decode and settings.with_modulation and installed():
            self._reports.decode(patient=self.source.info.n_samples is not None)
        try:
            while (self._sweep() if self._plan.is_sweep else self._stay_home()) and self._hold():
                self._coverage.start_anew()
        finally:
            for center_hz, watch in self._watches.items():
                self._reports.end(center_hz, watch)
            self._reports.finish()
            if self._history is not None:
                self._history.close()

    # --- reading ---

    def _stay_home(self) -> bool:
        """Where there is nothing to sweep; true when it is left for a stare, false when the scan is over."""
        if self._plan.hops:
            self._tune(self._plan.hops[0])
        elif self._tuned is not None:
            info = self.source.info
            self._tune(Hop(info.center_hz, info.rate_hz, 0.0, self.settings.gain_db))
        return self._stay(None)

    def _hold(self) -> bool:
        """Stare for as long as that is asked; false when the scan is over."""
        while (stare := self._stare) is not None and not self._stopped.is_set():
            hop = stare.hop
            self._tune(hop)
            while stare is self._stare and not self._is_past(stare.until):
                if not self._stay(round(STARE_STEP_S * hop.rate_hz)):
                    return False
            watch = self._watch(hop)
            self._reports.lasting(watch, hop, after_s=0.0)
            if all(hop.center_hz != one.center_hz for one in self._plan.hops):
                # Nobody comes back here: what is still on the air is said for the last time.
                self._reports.end(hop.center_hz, watch)
                del self._watches[hop.center_hz]
            if stare is self._stare:
                self._stare = None
        return not self._stopped.is_set()

    def _is_past(self, instant: datetime) -> bool:
        return self.status.last_block_at is not None and self.status.last_block_at >= instant

    def _sweep(self) -> bool:
        """Drive the plan; true when it is left for a stare, false when the scan is over."""
        hops, tuned = self._plan.hops, -1
        while not self._stopped.is_set():
            if self._stare is not None:
                if tuned >= 0:
                    self._reports.lasting(self._watch(hops[tuned]), hops[tuned], after_s=0.0)
                return True
            number = self._coverage.rounds.next()
            hop = hops[number]
            if number != tuned:
                # Between two visits in a row nothing is tuned, so that nothing is missed.
                if tuned >= 0:
                    # While its samples are still on the tape.
                    self._reports.lasting(self._watch(hops[tuned]), hops[tuned], after_s=0.0)
                self._tune(hop)
                tuned = number
            before = self.status.n_samples
            goes_on = self._stay(round(hop.dwell_s * hop.rate_hz))
            self._coverage.note_visit(number, self.status.n_samples - before, self._tape.end)
            if not goes_on:
                return False
            if self._is_hit and self.settings.turn_to_hits:
                self._coverage.rounds.note_hit(number)
            self._is_hit = False
        return False

    def _tune(self, hop: Hop) -> None:
        self.source.tune(hop)
        self._tuned = hop

    def _stay(self, n_samples: int | None) -> bool:
        """Read until `n_samples` are heard, or a stare is asked if None; false when the scan is over."""
        heard = 0
        while not self._stopped.is_set():
            if n_samples is None and self._stare is not None:
                return True
            want = BLOCK_SAMPLES if n_samples is None else min(BLOCK_SAMPLES, n_samples - heard)
            if self._lookout.is_watched:
                # A row is shown when it is heard, not when a long block is full.
                want = min(want, max(1, round(ROW_S * self.source.info.rate_hz)))
            limit = self.settings.seconds
            if limit is not None:
                left = round(limit * self.source.info.rate_hz) - self.status.n_samples
                if left <= 0:
                    return False
                want = min(want, left)
            block = self.source.read(want)
            if block is None:
                return False
            self._take(block)
            heard += block.iq.shape[0]
            if n_samples is not None and heard >= n_samples:
                return True
        return False

    def _take(self, block: Block) -> None:
        status = self.status
        n = block.iq.shape[0]
        self._reports.begin(block)
        status.n_samples += n
        if block.n_dropped_before:
            status.n_dropped += block.n_dropped_before
            status.n_gaps += 1
        status.last_block_at = block.started_at + timedelta(seconds=n / block.hop.rate_hz)
        watch = self._watch(block.hop)
        if watch.is_gap(block) and block.first_sample - self._tape.end > LONG_GAP_S * block.hop.rate_hz:
            # What was on may be over: what is known is said while its samples are on the tape. The receiver
            # is not asked about it: this block is waiting in its buffer.
            self._next_probe = max(self._next_probe, status.n_samples + 1)
            self._reports.lasting(watch, block.hop, after_s=0.0)
        for tap in self._taps:
            tap.take(block)
        self._tape.append(block.iq, block.first_sample)
        if self._lookout.is_watched:
            self._lookout.begin(block, watch.n_fft)
            watch.on_rows = self._lookout.rows
        elif watch.on_rows is not None:
            watch.on_rows = None
            self._lookout.rest()
        watch.push(block)
        if self._history is not None:
            self._history.push(watch.psd, block)
        status.floor_dbfs_hz = watch.floor_dbfs_hz
        status.overloaded_s = sum(w.overloaded_s for w in self._watches.values())
        status.n_unfollowed = sum(w.tracker.n_dropped for w in self._watches.values())
        if watch.take_new():
            self._is_hit = True
        self._reports.heard(watch, block.hop)

    def _watch(self, hop: Hop) -> Watch:
        watch = self._watches.get(hop.center_hz)
        if watch is None:
            visit_s = hop.dwell_s if self._plan.is_sweep else 0.0
            watch = Watch(self.source.info.format, hop.rate_hz, visit_s=visit_s)
            self._watches[hop.center_hz] = watch
        return watch

    def _probed(self, emission: Emission) -> Emission:
        """`emission`, with what the receiver itself said of it, where it may be asked."""
        hop, rate_hz = self._tuned, self.source.info.rate_hz
        due = self.status.n_samples >= self._next_probe
        if not self.settings.probe_ghosts or hop is None or not due or emission.extra["ghosts"]:
            return emission
        if abs(emission.center_hz - hop.center_hz) > rate_hz / 2:
            return emission
        probed = probe(self.source, hop, emission.center_hz, emission.bandwidth_hz)
        self.status.n_samples += probed.n_samples
        self._next_probe = self.status.n_samples + round(self.settings.probe_every_s * rate_hz)
        ghost = probed.ghost
        if ghost is None:
            return emission
        flags = tuple(dict.fromkeys((*emission.flags, ghost.flag)))
        reasons = [*emission.extra["ghosts"], {"flag": ghost.flag, "reason": ghost.reason}]
        return replace(emission, flags=flags, extra={**emission.extra, "ghosts": reasons})
