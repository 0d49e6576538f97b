"""The sensor's worker that really listens: a source of the radio room, scanned until it ends.

Loading this module loads the radio room, which takes seconds: the sensor's own thread does
it, while the console is up already.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from monitor.alert.alert import EvidenceRef
from monitor.bandplan import BandPlan
from monitor.baseline import Baseline
from monitor.config.model import History, Sensor
from monitor.earphone import Ear, ListenMode, Piece
from monitor.intake import Heard
from monitor.sensors import SensorError, WorkerStats
from monitor.server.views import BandCoverage, Note
from sdr.demod import Mode
from sdr.history_feed import HistoryBounds
from sdr.lookout import SpectrumRow
from sdr.plan import Band as SharedBand
from sdr.plan import split
from sdr.scanner import EmissionReport, Scanner, ScanSettings
from sdr.source import SampleSource, SourceError, open_source
from sdr.source.paced import PacedSource
from sdr.stare import StareError
from sdr.tap import Away, Tap
from sdr.watch import warm_up

log = structlog.get_logger()

NOTE_S = 60.0
"""How often the receiver's drift is worked out anew: health is asked every few seconds."""


class Receiver:
    """Opens the source in the thread that reads it."""

    def __init__(
        self,
        sensor: Sensor,
        plan: BandPlan,
        evidence_root: Path,
        history: tuple[Path, History],
        post: Callable[[Heard], None],
        sharing: tuple[int, int] = (0, 1),
    ) -> None:
        """`sharing`: its place among the receivers that watch these bands together, and their number."""
        self._sensor = sensor
        place, n_sharing = sharing
        self._post = post
        # Kernels are compiled before the source is opened: a receiver does not wait for them.
        warm_up()
        self._baseline = (
            Baseline(sensor.baseline, gain_db=sensor.gain_db, ppm=sensor.ppm) if sensor.baseline else None
        )
        self._notes: tuple[Note, ...] = ()
        self._noted_at = -math.inf
        with _translated():
            self._source = _open(sensor)
        for warning in self._source.info.warnings:
            log.warning("the sensor's source is not whole", sensor=sensor.id, warning=warning)
        pieces = plan.weighted([(band.low_hz, band.high_hz) for band in sensor.bands])
        history_dir, kept = history
        settings = ScanSettings(
            sensor=sensor.id,
            bands=tuple((low_hz, high_hz) for low_hz, high_hz, _ in pieces),
            weights=tuple(weight for _, _, weight in pieces),
            gain_db=sensor.gain_db,
            ppm=sensor.ppm,
            evidence_dir=evidence_root,
            history_dir=history_dir,
            history_bounds=HistoryBounds(kept.days * 86_400, round(kept.max_gb * 1e9)),
            probe_ghosts=sensor.probe_ghosts,
            no_decoding=plan.no_decoding,
        )
        if sensor.dwell_s is not None:
            settings = replace(settings, dwell_s=sensor.dwell_s)
        if n_sharing > 1 and pieces:
            bands = [SharedBand(*piece) for piece in pieces]
            plans = split(bands, n_sharing, self._source.info.rate_hz, settings.dwell_s, sensor.gain_db)
            settings = replace(settings, plan=plans[place])
        self._scanner = Scanner(self._source, settings, self._heard)

    def run(self) -> None:
        try:
            with _translated():
                self._scanner.run()
        finally:
            self._source.close()

    def stop(self) -> None:
        self._scanner.stop()
        # A read that waits for samples ends when its source is closed.
        self._source.close()

    def listen(self, channel_hz: float, mode: ListenMode) -> Ear:
        tap = Tap(self._source.info.format, channel_hz, Mode(mode))
        return _Listener(tap, self._scanner.listen(tap))

    def show_rows(self, sink: Callable[[SpectrumRow], None] | None) -> None:
        self._scanner.show_rows(sink)

    def stare(self, center_hz: float, until: datetime) -> None:
        try:
            self._scanner.stare(center_hz, until)
        except StareError as error:
            raise SensorError(str(error)) from None

    def end_stare(self) -> None:
        self._scanner.end_stare()

    def stats(self) -> WorkerStats:
        status = self._scanner.status
        stare = self._scanner.staring
        return WorkerStats(
            last_block_at=status.last_block_at,
            n_dropped=status.n_dropped,
            bands=tuple(
                BandCoverage(
                    low_hz=odds.low_hz,
                    high_hz=odds.high_hz,
                    revisit_s=odds.revisit_s,
                    intercept_100ms=odds.intercept(0.1),
                    intercept_1s=odds.intercept(1.0),
                    intercept_5s=odds.intercept(5.0),
                )
                for odds in self._scanner.odds
            ),
            unwatched=tuple(self._scanner.unwatched),
            notes=self._odd(),
            staring=stare.band if stare is not None else None,
        )

    def _odd(self) -> tuple[Note, ...]:
        baseline = self._baseline
        if baseline is not None and time.monotonic() - self._noted_at >= NOTE_S:
            self._noted_at = time.monotonic()
            reasons = [*baseline.setting_changes, *baseline.drift()]
            self._notes = tuple(Note(code=one.code, en=one.en, zh=one.zh) for one in reasons)
        return self._notes

    def _heard(self, report: EmissionReport) -> None:
        emission = report.emission
        if self._baseline is not None:
            emission = self._baseline.judge(emission)
        items: list[dict[str, Any]] = emission.extra.get("evidence_items", [])
        refs = [_ref(item, emission.first_seen) for item in items]
        spectrogram = emission.extra.get("spectrogram")
        self._post(Heard(emission, self._sensor.venue, refs, spectrogram, is_last=report.is_last))


class _Listener:
    def __init__(self, tap: Tap, end: Callable[[], None]) -> None:
        self._tap = tap
        self._end = end

    def pieces(self) -> Generator[Piece, None, None]:
        for heard in self._tap.sounds():
            if isinstance(heard, Away):
                yield Piece(away_hz=heard.center_hz, is_silent=heard.center_hz is None)
            else:
                pcm = np.round(heard.samples * 32767).astype("<i2")
                yield Piece(pcm.tobytes())

    def close(self) -> None:
        self._end()


def _open(sensor: Sensor) -> SampleSource:
    def reopen() -> SampleSource:
        return open_source(
            sensor.source,
            rate_hz=sensor.rate_hz,
            center_hz=sensor.center_hz,
            gain_db=sensor.gain_db,
            ppm=sensor.ppm,
        )

    if sensor.is_receiver or not sensor.replay.paced:
        return reopen()
    return PacedSource(reopen, loop=sensor.replay.loop)


def _ref(item: dict[str, Any], at: datetime) -> EvidenceRef:
    path = Path(item["path"])
    n_bytes = path.stat().st_size
    return EvidenceRef(item["digest"], item["media_type"], item["role"], path.name, n_bytes, at)


@contextmanager
def _translated() -> Generator[None, None, None]:
    try:
        yield
    except SourceError as error:
        raise SensorError(str(error), retry=error.retry) from error
    except OSError as error:
        # The evidence folder's disk, or a file that went away: the world's fault, not the program's.
        raise SensorError(f"{error.filename or 'input'}: {error.strerror or error}", retry=True) from error
