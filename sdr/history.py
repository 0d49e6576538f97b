"""The spectrum of the past: mean and maximum over time and frequency, eight bits a cell, in zarr 3.

    ROOT/SENSOR/2026-06-07/433920000_2400000_1024_1/mean_1    rows of 1 s, 86,400 a day
                                                    max_1
                                                    mean_4    rows of 4 s, and so on to 600 s

A cell is a density in dBFS/Hz: code 1 is -150, each step half a decibel, 0 means that nobody listened. A day
has all its rows from the start and only those chunks exist that were written; a chunk is written whole and
put in place by rename (zarr's LocalStore), so a crash costs what was not flushed and nothing else, and a
reader needs no lock. One thread writes. Oldest chunks go first when the age or the size is over its bound.
"""

from __future__ import annotations

import os
import queue
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.codecs import ZstdCodec

from sdr.codes import LOWEST_DB, STEP_DB, encode
from sdr.history_feed import HISTORY_BOUNDS, HistoryBounds, Series

RATIOS = (1, 4, 15, 60, 600)
"""The resolutions, in rows of the finest."""
CHUNK_ROWS = 120
"""Two minutes of the finest: what a view reads too much, and what a flush writes again."""
DAY_S = 86_400
MAX_QUEUED = 256
FLUSH_S = 20.0
PRUNE_S = 600.0
KINDS = ("mean", "max")


def sensor_dir(root: Path, sensor: str) -> Path:
    """Where the history of `sensor` lies; any name makes one folder."""
    return root / quote(sensor, safe=" ").replace(".", "%2E")


@dataclass(frozen=True, slots=True)
class _Row:
    series: Series
    at: datetime
    mean: NDArray[np.float32]
    peak: NDArray[np.float32]


@dataclass(slots=True)
class _Page:
    """The chunk of one resolution that is being filled, and its newest row's sums."""

    day: date
    chunk: int
    codes: dict[str, NDArray[np.uint8]]
    row: int = -1
    total: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    n: int = 0
    peak: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))
    is_changed: bool = False


class History:
    """Writes the history of one sensor in a thread of its own.

    The folder is made when the first row is written.
    """

    def __init__(self, root: Path, sensor: str, bounds: HistoryBounds = HISTORY_BOUNDS) -> None:
        self._dir = sensor_dir(root, sensor)
        self._bounds = bounds
        self._rows: queue.Queue[_Row | None] = queue.Queue(MAX_QUEUED)
        self._pages: dict[tuple[Series, int], _Page] = {}
        self._newest: datetime | None = None
        self._pruned_at: datetime | None = None
        self.n_dropped = 0
        """Rows that the writer was too slow for."""
        self.n_failed = 0
        """Writes that the disk refused; what a flush held is tried again with the next."""
        self._thread = threading.Thread(target=self._write, name=f"history-{sensor}", daemon=True)
        self._thread.start()

    def add(self, series: Series, at: datetime, mean: NDArray[np.float32], peak: NDArray[np.float32]) -> None:
        """Keep one row of densities, shape (n_bins,) each. Never waits: what finds no room is counted."""
        try:
            self._rows.put_nowait(_Row(series, at.astimezone(UTC), mean, peak))
        except queue.Full:
            self.n_dropped += 1

    @property
    def n_queued(self) -> int:
        """Rows that wait for the writer."""
        return self._rows.qsize()

    def close(self) -> None:
        """Write what is left and end the thread."""
        self._rows.put(None)
        self._thread.join()

    # --- the writing thread ---

    def _write(self) -> None:
        flushed: datetime | None = None
        while True:
            try:
                row = self._rows.get(timeout=FLUSH_S)
            except queue.Empty:
                self._flush()
                continue
            if row is None:
                self._flush()
                return
            try:
                self._take(row)
            except OSError:
                self.n_failed += 1
            flushed = flushed or row.at
            if row.at - flushed >= timedelta(seconds=FLUSH_S):
                self._flush()
                flushed = row.at

    def _take(self, row: _Row) -> None:
        self._newest = row.at
        day = row.at.date()
        second = row.at.hour * 3600 + row.at.minute * 60 + row.at.second
        for ratio in RATIOS:
            at = second // (row.series.base_s * ratio)
            page = self._page(row.series, ratio, day, at // CHUNK_ROWS)
            if page.row != at:
                self._close_row(page)
                page.row, page.n = at, 0
                page.total = np.zeros(row.series.n_bins)
                page.peak = np.zeros(row.series.n_bins, np.float32)
            page.total += row.mean
            page.n += 1
            np.maximum(page.peak, row.peak, out=page.peak)
            page.is_changed = True

    def _page(self, series: Series, ratio: int, day: date, chunk: int) -> _Page:
        page = self._pages.get((series, ratio))
        if page is not None and (page.day, page.chunk) == (day, chunk):
            return page
        if page is not None:
            self._save(series, ratio, page)
        codes: dict[str, NDArray[np.uint8]] = {}
        for kind in KINDS:
            array = _open(self._dir, day, series, ratio, kind)
            # After a restart the rest of the chunk is still to be filled.
            kept = np.asarray(array[chunk * CHUNK_ROWS : (chunk + 1) * CHUNK_ROWS], np.uint8)
            codes[kind] = np.zeros((CHUNK_ROWS, series.n_bins), np.uint8)
            codes[kind][: kept.shape[0]] = kept
        page = self._pages[series, ratio] = _Page(day, chunk, codes)
        return page

    def _close_row(self, page: _Page) -> None:
        if page.n:
            at = page.row - page.chunk * CHUNK_ROWS
            page.codes["mean"][at] = encode(page.total / page.n)
            page.codes["max"][at] = np.maximum(page.codes["max"][at], encode(page.peak))

    def _save(self, series: Series, ratio: int, page: _Page) -> None:
        self._close_row(page)
        for kind in KINDS:
            array = _open(self._dir, page.day, series, ratio, kind)
            first = page.chunk * CHUNK_ROWS
            last = min(first + CHUNK_ROWS, array.shape[0])
            array[first:last] = page.codes[kind][: last - first]
        page.is_changed = False

    def _flush(self) -> None:
        try:
            for (series, ratio), page in self._pages.items():
                if page.is_changed:
                    self._save(series, ratio, page)
            newest = self._newest
            if newest is not None and (
                self._pruned_at is None or newest - self._pruned_at >= timedelta(seconds=PRUNE_S)
            ):
                self._pruned_at = newest
                prune(self._dir, newest, self._bounds)
        except OSError:
            self.n_failed += 1


def prune(folder: Path, now: datetime, bounds: HistoryBounds) -> int:
    """Remove the oldest chunks of one sensor until both bounds hold; the bytes that are left."""
    chunks = sorted(_chunks(folder))
    size = sum(n_bytes for _, _, n_bytes in chunks)
    oldest = now - timedelta(seconds=bounds.max_age_s)
    for end, path, n_bytes in chunks:
        if end >= oldest and size <= bounds.max_bytes:
            break
        shutil.rmtree(path, ignore_errors=True)
        size -= n_bytes
    for day in sorted(folder.iterdir()) if folder.is_dir() else []:
        if _day(day.name) is not None and day.name < now.date().isoformat() and not _has_chunk(day):
            shutil.rmtree(day, ignore_errors=True)
    return size


def open_array(folder: Path, day: date, series: Series, ratio: int, kind: str) -> zarr.Array[Any] | None:
    """An array to read; None where nothing was written."""
    path = folder / day.isoformat() / series.name / f"{kind}_{ratio}"
    if not (path / "zarr.json").exists():
        return None
    return zarr.open_array(store=path, mode="r", zarr_format=3)


def _open(folder: Path, day: date, series: Series, ratio: int, kind: str) -> zarr.Array[Any]:
    path = folder / day.isoformat() / series.name / f"{kind}_{ratio}"
    if (path / "zarr.json").exists():
        return zarr.open_array(store=path, mode="r+", zarr_format=3)
    rows = -(-DAY_S // (series.base_s * ratio))
    return zarr.create_array(
        store=path,
        shape=(rows, series.n_bins),
        chunks=(CHUNK_ROWS, series.n_bins),
        dtype="uint8",
        fill_value=0,
        compressors=ZstdCodec(level=1),
        dimension_names=("time", "frequency"),
        attributes={"unit": "dBFS/Hz", "code_1_db": LOWEST_DB, "step_db": STEP_DB, "code_0": "not heard"},
    )


def _chunks(folder: Path) -> Iterator[tuple[datetime, str, int]]:
    """When it ends, path and size of every row of chunks."""
    for array in folder.glob("*/*/*_*"):
        series, day = Series.parse(array.parent.name), _day(array.parent.parent.name)
        ratio = array.name.rpartition("_")[2]
        if series is None or day is None or not ratio.isdigit() or not (array / "c").is_dir():
            continue
        span_s = series.base_s * int(ratio) * CHUNK_ROWS
        for entry in os.scandir(array / "c"):
            if entry.name.isdigit():
                end = day + timedelta(seconds=(int(entry.name) + 1) * span_s)
                yield end, entry.path, sum(one.stat().st_size for one in os.scandir(entry.path))


def _has_chunk(day: Path) -> bool:
    return next(day.glob("*/*/c/*"), None) is not None


def _day(name: str) -> datetime | None:
    try:
        return datetime.fromisoformat(name).replace(tzinfo=UTC)
    except ValueError:
        return None
