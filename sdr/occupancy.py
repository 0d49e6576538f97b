"""Occupancy of channels and of the band, with how sure one may be of it (ITU-R SM.1880, SM.2256).

    blocks ──psd──> rows ──mean over a sample's rows──> power by channel ──over floor + threshold?──> FCO
                                                    └─> power by cell    ──over floor + threshold?──> FBO

FCO: share of samples in which a channel is occupied. SRO: its mean over all channels. FBO: share of cells of
time and frequency above the threshold, whatever the channels. A receiver that stays takes a sample every
few rows; one that sweeps takes one at each visit, so the revisit time is the sample's distance.

Each share comes with its interval: see `sdr.shares`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from sdr.hearing import F64, Hearing
from sdr.plan import USABLE_SHARE, hops_for
from sdr.shares import Share, batch_means, effective_samples, wilson
from sdr.source.base import SampleSource, SourceInfo
from sdr.types import Block, Hop

THRESHOLD_DB = 5.0
"""Over the noise; ITU-R SM.1880 asks for at least 3 to 5 dB."""
BINS_PER_CHANNEL = 16
LEAST_BINS = 4
MIN_FFT, MAX_FFT = 64, 65536
MAX_CHANNELS = 20_000
BLOCK_S = 0.2


class OccupancyError(ValueError):
    """The question cannot be answered by this source. The message is one line for a person."""


@dataclass(frozen=True, slots=True)
class Channel:
    """What was found of one channel. Levels are power in the whole channel."""

    low_hz: float
    high_hz: float
    n_samples: int
    n_occupied: int
    n_effective: float
    """Independent samples that they are worth."""
    n_changes: int
    fco: Share
    noise_dbfs: float
    threshold_dbfs: float
    mean_dbfs: float
    peak_dbfs: float
    has_dc: bool
    """The receiver's own DC lies here and was taken out, and with it a carrier at that very place."""

    @property
    def center_hz(self) -> float:
        return (self.low_hz + self.high_hz) / 2


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Occupancy of one band."""

    low_hz: float
    high_hz: float
    channel_hz: float
    threshold_db: float
    started_at: datetime
    seconds: float
    revisit_s: float
    """From one sample of a channel to its next."""
    scan_s: float
    """From one `LevelRow` to the next."""
    fbo: Share
    sro: float
    channels: list[Channel]


def channel_edges(low_hz: float, high_hz: float, channel_hz: float) -> F64:
    """Edges of the whole channels between `low_hz` and `high_hz`, the first one beginning at `low_hz`.

    Raises
    ------
    OccupancyError
    """
    n = math.floor((high_hz - low_hz) / channel_hz + 1e-6)
    if n < 1:
        raise OccupancyError(f"no channel of {channel_hz:g} Hz fits into the band")
    if n > MAX_CHANNELS:
        raise OccupancyError(f"{n} channels are more than {MAX_CHANNELS}: take a narrower band")
    return low_hz + channel_hz * np.arange(n + 1, dtype=np.float64)


def fft_length_for(rate_hz: float, channel_hz: float) -> int:
    """Bins fine enough that a channel has at least `LEAST_BINS`, as a rule `BINS_PER_CHANNEL`.

    Raises
    ------
    OccupancyError
    """
    wanted = 2 ** math.ceil(math.log2(max(2.0, rate_hz / channel_hz * BINS_PER_CHANNEL)))
    n_fft = int(np.clip(wanted, MIN_FFT, MAX_FFT))
    if channel_hz * n_fft / rate_hz < LEAST_BINS:
        raise OccupancyError(f"channels of {channel_hz:g} Hz are too narrow for {rate_hz:g} samples a second")
    return n_fft


@dataclass(frozen=True, slots=True)
class LevelRow:
    """Mean level of every channel over one block, or one round of a sweep, in dBFS."""

    at: datetime
    dbfs: F64


class OccupancyMeter:
    """Measures one band of one source.

    Raises
    ------
    OccupancyError
        If the source does not cover the band or its channels are too narrow for it.
    """

    def __init__(
        self,
        source: SampleSource,
        band: tuple[float, float],
        channel_hz: float,
        *,
        threshold_db: float = THRESHOLD_DB,
        seconds: float | None = None,
        dwell_s: float = 0.02,
        gain_db: float | None = None,
    ) -> None:
        info = source.info
        self._source = source
        self._seconds = seconds
        self._threshold_db = threshold_db
        self._channel_hz = channel_hz
        self._edges = channel_edges(band[0], band[1], channel_hz)
        n_fft = fft_length_for(info.rate_hz, channel_hz)
        self._hops = _hops(info, self._edges, dwell_s, gain_db)
        self._sweeping = len(self._hops) > 1
        self._hearings = [
            Hearing(hop, info.format, n_fft, edges, threshold_db, self._sweeping)
            for hop, edges in zip(self._hops, _split(self._edges, self._hops), strict=True)
        ]
        self._heard_s = 0.0
        self._started_at: datetime | None = None
        self._ended_at = info.started_at
        self._stopped = False

    @property
    def heard_s(self) -> float:
        return self._heard_s

    def stop(self) -> None:
        """End `run` soon; from any thread."""
        self._stopped = True

    def run(self) -> Iterator[LevelRow]:
        """Measure; yields levels as they are known.

        Raises
        ------
        SourceError
            If the source fails. `result` has what was heard until then.
        """
        while not self._stopped:
            levels: list[F64] = []
            for hearing in self._hearings:
                block = self._visit(hearing)
                if block is None:
                    return
                level = hearing.push(block)
                if level is not None:
                    levels.append(level)
            if len(levels) == len(self._hearings):
                yield LevelRow(self._ended_at, 10 * np.log10(np.maximum(np.concatenate(levels), 1e-20)))

    def result(self) -> Occupancy:
        """What has been heard so far.

        Raises
        ------
        OccupancyError
            If that is too little to say anything.
        """
        for hearing in self._hearings:
            hearing.finish()
            if hearing.channels.n_samples == 0:
                raise OccupancyError("too short to say anything of the band")
        started_at = self._started_at or self._ended_at
        span_s = (self._ended_at - started_at).total_seconds()
        channels = [one for hearing in self._hearings for one in _channels(hearing, self._sweeping, span_s)]
        shares = [hearing.shares for hearing in self._hearings]
        weights = [float(hearing.cells.first.size) for hearing in self._hearings]
        sample_s = self._hearings[0].sample_s
        revisit_s = span_s / self._hearings[0].channels.n_samples if self._sweeping else sample_s
        return Occupancy(
            low_hz=float(self._edges[0]),
            high_hz=float(self._edges[-1]),
            channel_hz=self._channel_hz,
            threshold_db=self._threshold_db,
            started_at=started_at,
            seconds=span_s,
            revisit_s=revisit_s,
            scan_s=revisit_s if self._sweeping else BLOCK_S,
            fbo=batch_means(shares, weights),
            sro=float(np.mean([one.fco.value for one in channels])),
            channels=channels,
        )

    def _visit(self, hearing: Hearing) -> Block | None:
        rate = hearing.hop.rate_hz
        if self._sweeping or (self._source.info.tunable and self._heard_s == 0.0):
            self._source.tune(hearing.hop)
        want = hearing.whole_rows((hearing.hop.dwell_s if self._sweeping else BLOCK_S) * rate)
        if self._seconds is not None:
            want = min(want, round((self._seconds - self._heard_s) * rate))
        if want < 1:
            return None
        block = self._source.read(want)
        if block is not None:
            n_s = block.iq.shape[0] / rate
            self._heard_s += n_s
            self._started_at = self._started_at or block.started_at
            self._ended_at = block.started_at + timedelta(seconds=n_s)
        return block


def _hops(info: SourceInfo, edges: F64, dwell_s: float, gain_db: float | None) -> list[Hop]:
    low, high = float(edges[0]), float(edges[-1])
    if info.tunable:
        hops = hops_for([(low, high)], info.rate_hz, dwell_s, gain_db)
        if len(hops) > 1:
            return hops
        inside = abs(low - info.center_hz), abs(high - info.center_hz)
        # A receiver that hears the whole band where it is stays there: recordings of it are cut the same.
        if max(inside) <= USABLE_SHARE * info.rate_hz / 2:
            return [Hop(info.center_hz, info.rate_hz, 0.0, gain_db)]
        return [Hop(hops[0].center_hz, info.rate_hz, 0.0, gain_db)]
    if low < info.center_hz - info.rate_hz / 2 - 1 or high > info.center_hz + info.rate_hz / 2 + 1:
        a, b = info.center_hz - info.rate_hz / 2, info.center_hz + info.rate_hz / 2
        raise OccupancyError(
            f"holds {a / 1e6:g}-{b / 1e6:g} MHz, not all of {low / 1e6:g}-{high / 1e6:g} MHz"
        )
    return [Hop(info.center_hz, info.rate_hz, 0.0, gain_db)]


def _split(edges: F64, hops: Sequence[Hop]) -> list[F64]:
    """Each hop's channels: those whose centre is nearest to it."""
    centers = (edges[:-1] + edges[1:]) / 2
    nearest = np.argmin(np.abs(centers[:, None] - np.array([hop.center_hz for hop in hops])), axis=1)
    return [edges[np.append(nearest == i, False) | np.append(False, nearest == i)] for i in range(len(hops))]


def _channels(hearing: Hearing, sweeping: bool, span_s: float) -> Iterator[Channel]:
    cells = hearing.channels
    n = cells.n_samples
    sample_s = span_s / n if sweeping else hearing.sample_s
    threshold_db = 10 * math.log10(hearing.threshold)
    edges = hearing.edges
    for i in range(cells.first.size):
        n_occupied, n_changes = int(cells.n_occupied[i]), int(cells.n_changes[i])
        n_effective = effective_samples(n, n_occupied, n_changes, sample_s)
        share = n_occupied / n
        noise_dbfs = _decibels(float(cells.noise[i]) / n)
        low_hz, high_hz = float(edges[i]), float(edges[i + 1])
        yield Channel(
            low_hz=low_hz,
            high_hz=high_hz,
            n_samples=n,
            n_occupied=n_occupied,
            n_effective=n_effective,
            n_changes=n_changes,
            fco=Share(share, *wilson(share, n_effective)),
            noise_dbfs=noise_dbfs,
            threshold_dbfs=noise_dbfs + threshold_db,
            mean_dbfs=_decibels(float(cells.total[i]) / n),
            peak_dbfs=_decibels(float(cells.peak[i])),
            has_dc=low_hz <= hearing.hop.center_hz < high_hz,
        )


def _decibels(power: float) -> float:
    return 10 * math.log10(max(power, 1e-20))
