"""A recording played as fast as it is read: views into a memory map, no copy.

What is known of rate, centre and time is taken in this order: what the caller
says, SigMF, the file's name, the WAV header (sound programs put their own rate
there), and last the convention of rtl_433, which is marked as such.
"""

from __future__ import annotations

import mmap
import threading
from bisect import bisect_right
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdr.source.base import SourceError, SourceInfo
from sdr.source.layout import Layout
from sdr.source.naming import read_name
from sdr.source.raw import READABLE, raw_format, raw_layout
from sdr.source.sigmf import archive_layout, check_hash, sigmf_layout
from sdr.source.wav import wav_layout
from sdr.types import Block, Hop, SampleFormat

RTL_433_RATE_HZ = 250e3
RTL_433_CENTER_HZ = 433.92e6
"""What rtl_433 takes where nothing is said (its manual, ``-s`` and ``-f``)."""

MAX_RATE_HZ = 1e9
"""Above any recorder; blocks of a mistyped rate would take all memory."""

_N_LOOK = 4096
"""Samples looked at together when broken ones are passed."""

_FORGET_BYTES = 16 << 20
"""Pages read are handed back this often, so that a long recording costs no memory."""


def open_recording(
    spec: str,
    path: Path,
    *,
    rate_hz: float | None = None,
    center_hz: float | None = None,
    format: SampleFormat | None = None,
    check: bool = False,
) -> RecordingSource:
    """Open the recording at `path`; what is given outweighs what the file says.

    With `check` its samples are hashed where its container says to what.

    Raises
    ------
    SourceError
        One line that names the file and what is wrong with it.
    """
    try:
        layout = _find_layout(path, format)
        told = check_hash(layout) if check else None
    except OSError as fault:
        raise SourceError(f"{path}: {fault.strerror or fault}") from fault
    if told is not None:
        layout = replace(layout, warnings=(*layout.warnings, told))
    return RecordingSource(spec, layout, rate_hz=rate_hz, center_hz=center_hz, named=path)


def _find_layout(path: Path, format: SampleFormat | None) -> Layout:
    if path.is_dir():
        raise SourceError(f"{path}: a folder, not a recording")
    if path.exists() and not path.is_file():
        raise SourceError(f"{path}: a pipe or a device, not a recording")
    ending = path.suffix.lower()
    if format is not None:
        return raw_layout(path, format)
    if ending in (".sigmf-meta", ".sigmf-data"):
        return sigmf_layout(path)
    if not path.exists():
        raise SourceError(f"{path}: no such file")
    if ending == ".sigmf":
        return archive_layout(path)
    if ending == ".wav":
        return wav_layout(path)
    by_name = raw_format(path)
    if by_name is None:
        raise SourceError(
            f"{path}: {ending or 'no ending'} does not say how its samples are stored; read are {READABLE}, "
            f"or put the format before the name, as in cs16:{path.name}"
        )
    return raw_layout(path, by_name)


class RecordingSource:
    """Plays a `Layout`. Not tunable; never loses a sample of its own."""

    def __init__(
        self,
        spec: str,
        layout: Layout,
        *,
        rate_hz: float | None = None,
        center_hz: float | None = None,
        named: Path | None = None,
    ) -> None:
        self._layout = layout
        self._packing = layout.packing
        n_samples, n_left = divmod(layout.n_bytes, self._packing.n_pair_bytes)
        path = named or layout.path
        if layout.n_bytes == 0:
            raise SourceError(f"{path}: empty: no samples in it")
        if n_samples == 0:
            raise SourceError(f"{path}: {layout.n_bytes} byte(s) are less than one sample of {layout.format}")
        warnings = layout.warnings
        if n_left:
            warnings += (f"{path}: cut in the middle of a sample: the last {n_left} byte(s) are left out",)
        facts = read_name(path.stem)
        first = layout.captures[0]
        from_sigmf = path.suffix.lower().startswith(".sigmf")
        ranked = (layout.rate_hz, facts.rate_hz) if from_sigmf else (facts.rate_hz, layout.rate_hz)
        rate = rate_hz or ranked[0] or ranked[1]
        if rate is not None and rate > MAX_RATE_HZ:
            raise SourceError(f"{path}: {rate:.0f} samples a second are more than {MAX_RATE_HZ:.0f}")
        ranked = (first.center_hz, facts.center_hz) if from_sigmf else (facts.center_hz, first.center_hz)
        center = next((value for value in (center_hz, *ranked) if value is not None), None)
        is_rtl_433 = rate is None and center is None and layout.format is SampleFormat.CU8
        started_at = first.started_at or facts.started_at
        self._center_given = center_hz is not None
        self._stored_rate_hz = rate or RTL_433_RATE_HZ
        seen_rate_hz, seen_center_hz = self._packing.spectrum(
            self._stored_rate_hz,
            center if center is not None else RTL_433_CENTER_HZ if is_rtl_433 else 0.0,
        )
        missing = [one.n_missing_before // self._packing.n_per_sample for one in layout.captures]
        self._info = SourceInfo(
            name=spec,
            format=layout.format,
            rate_hz=seen_rate_hz,
            center_hz=seen_center_hz,
            started_at=started_at or _file_date(layout.path, n_samples / seen_rate_hz),
            n_samples=n_samples + sum(missing),
            tunable=False,
            live=False,
            rate_known=rate is not None,
            center_known=center is not None,
            time_known=started_at is not None,
            warnings=warnings,
        )
        self._n_stored = n_samples
        self._map, self._stored = self._open_map(n_samples)
        self._starts = [one.first_sample // self._packing.n_per_sample for one in layout.captures]
        self._missing = missing
        self._next = 0
        self._n_missing = 0
        self._n_capture_told = 0
        self._n_forgotten_bytes = 0
        self._ended = threading.Event()

    @property
    def info(self) -> SourceInfo:
        return self._info

    def tune(self, hop: Hop) -> None:
        raise SourceError(f"{self._info.name}: a recording cannot be tuned")

    def read(self, n_samples: int) -> Block | None:
        if n_samples < 1:
            raise ValueError(f"n_samples must be at least 1, not {n_samples}")
        if self._ended.is_set() or self._next >= self._n_stored:
            return None
        n_broken = self._skip_broken()
        if self._next >= self._n_stored:
            return None
        number = bisect_right(self._starts, self._next) - 1
        start = self._next
        bounds = [start + n_samples, self._n_stored, *self._starts[number + 1 : number + 2]]
        stop = min(bounds)
        self._refuse_if_shortened(stop)
        stop = start + self._n_sound(start, stop)
        n_dropped = self._count_missing(number) + n_broken
        block = Block(
            hop=Hop(self._center_of(number), self._info.rate_hz),
            first_sample=start + self._n_missing,
            started_at=self._time_of(number, start),
            iq=self._packing.unpack(self._stored, start, stop),
            n_dropped_before=n_dropped,
        )
        self._forget_before(start)
        self._next = stop
        return block

    def close(self) -> None:
        # The map itself goes with its last view: closing it under one would be refused.
        self._ended.set()

    def _open_map(self, n_samples: int) -> tuple[mmap.mmap, NDArray[Any]]:
        layout = self._layout
        try:
            with layout.path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as fault:
            raise SourceError(f"{layout.path}: {fault.strerror or fault}") from fault
        return mapped, self._packing.map(mapped, layout.first_byte, n_samples)

    def _refuse_if_shortened(self, stop: int) -> None:
        """A map of a file that lost its end kills the process when touched there (SIGBUS)."""
        if self._map.size() < self._layout.first_byte + stop * self._packing.n_pair_bytes:
            self._ended.set()
            raise SourceError(f"{self._layout.path}: was shortened while it was read")

    def _skip_broken(self) -> int:
        """Pass samples that are no numbers; how many: to a reader they are samples lost."""
        before = self._next
        while self._next < self._n_stored:
            stop = min(self._next + _N_LOOK, self._n_stored)
            self._refuse_if_shortened(stop)
            sound = _is_sound(self._stored[self._next : stop])
            if sound is None:
                break
            if sound.any():
                self._next += int(np.argmax(sound))
                break
            self._next = stop
        return self._next - before

    def _n_sound(self, start: int, stop: int) -> int:
        sound = _is_sound(self._stored[start:stop])
        return stop - start if sound is None else int(np.argmin(sound))

    def _count_missing(self, number: int) -> int:
        n_dropped = 0
        while self._n_capture_told < number:
            self._n_capture_told += 1
            n_dropped += self._missing[self._n_capture_told]
        self._n_missing += n_dropped
        return n_dropped

    def _center_of(self, number: int) -> float:
        center = None if self._center_given else self._layout.captures[number].center_hz
        if center is None or number == 0:
            return self._info.center_hz
        return self._packing.spectrum(self._stored_rate_hz, center)[1]

    def _time_of(self, number: int, start: int) -> datetime:
        capture = self._layout.captures[number]
        if capture.started_at is not None and number > 0:
            return capture.started_at + timedelta(seconds=(start - self._starts[number]) / self._info.rate_hz)
        return self._info.started_at + timedelta(seconds=(start + self._n_missing) / self._info.rate_hz)

    def _forget_before(self, start: int) -> None:
        n_read = self._layout.first_byte + start * self._packing.n_pair_bytes
        if n_read - self._n_forgotten_bytes < _FORGET_BYTES:
            return
        upto = n_read - n_read % mmap.PAGESIZE
        self._map.madvise(mmap.MADV_DONTNEED, self._n_forgotten_bytes, upto - self._n_forgotten_bytes)
        self._n_forgotten_bytes = upto


def _is_sound(stored: NDArray[Any]) -> NDArray[np.bool_] | None:
    """Which of the pairs are numbers; None where all are, as integers always are."""
    if stored.dtype.kind != "f":
        return None
    finite: NDArray[np.bool_] = np.isfinite(stored)
    return None if finite.all() else finite[:, 0] & finite[:, 1]


def _file_date(path: Path, seconds: float) -> datetime:
    """A file's date is that of its last byte."""
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) - timedelta(seconds=seconds)
