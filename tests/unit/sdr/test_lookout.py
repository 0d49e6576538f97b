"""Looking on and holding a receiver: rows while somebody looks, a plan left and taken up again."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sdr.codes import LOWEST_DB, STEP_DB, encode
from sdr.lookout import MOST_BINS, ROW_S, Lookout, SpectrumRow
from sdr.scanner import Scanner, ScanSettings
from sdr.source import open_source
from sdr.stare import StareError, stare_hop
from sdr.types import Block, Hop

START = datetime(2026, 6, 7, 1, tzinfo=UTC)
HOP = Hop(169e6, 2.4e6)


def block(n: int, hop: Hop = HOP, at_s: float = 0.0, dropped: int = 0) -> Block:
    at = START + timedelta(seconds=at_s)
    return Block(hop, round(at_s * hop.rate_hz), at, np.zeros((n, 2), np.uint8), dropped)


def test_rows_are_means_over_time_and_the_strongest_over_bins() -> None:
    shown: list[SpectrumRow] = []
    lookout = Lookout(is_sweep=False)
    lookout.show_to(shown.append)
    n_fft = 4096
    per_row = round(ROW_S * HOP.rate_hz / n_fft)
    power = np.full((per_row, n_fft), 1e-9, np.float32)
    power[::2, 2050] = 1e-4
    lookout.begin(block(per_row * n_fft), n_fft)
    lookout.rows(power)
    (row,) = shown
    assert len(row.codes) == MOST_BINS
    assert row.bin_hz == pytest.approx(2.4e6 / MOST_BINS)
    assert row.low_hz == pytest.approx(169e6 - 1.2e6)
    assert row.span_s == pytest.approx(per_row * n_fft / 2.4e6)
    density = power.mean(axis=0) / (2.4e6 / n_fft)
    slow = [encode(density[i : i + 4].max()[None])[0] for i in range(0, n_fft, 4)]
    assert list(row.codes) == slow
    assert int(np.argmax(list(row.codes))) == 2050 // 4


def test_a_row_never_mixes_hops_or_reaches_over_a_gap() -> None:
    shown: list[SpectrumRow] = []
    lookout = Lookout(is_sweep=False)
    lookout.show_to(shown.append)
    quiet, loud = np.full((2, 64), 1e-9, np.float32), np.full((2, 64), 1e-3, np.float32)
    slow = Hop(100e6, 48e3)
    lookout.begin(block(128, slow), 64)
    lookout.rows(quiet)
    lookout.begin(block(128, slow, at_s=9.0, dropped=100), 64)
    lookout.rows(loud)
    lookout.begin(block(128, Hop(101e6, 48e3), at_s=10.0), 64)
    assert [set(row.codes) for row in shown] == [
        {int(encode(np.array([1e-9 / 750]))[0])},
        {int(encode(np.array([1e-3 / 750]))[0])},
    ]
    assert shown[1].started_at == START + timedelta(seconds=9)


def test_of_a_sweep_only_the_usable_part_of_a_hop_is_shown() -> None:
    shown: list[SpectrumRow] = []
    lookout = Lookout(is_sweep=True)
    lookout.show_to(shown.append)
    hop = Hop(169e6, 2.4e6, dwell_s=0.1)
    lookout.begin(block(4096, hop), 4096)
    lookout.rows(np.full((24, 4096), 1e-9, np.float32))
    (row,) = shown
    assert row.low_hz == pytest.approx(169e6 - 0.96e6, abs=row.bin_hz)
    assert len(row.codes) * row.bin_hz == pytest.approx(1.92e6, abs=2 * row.bin_hz)


def test_the_nearest_hop_of_the_plan_is_stared_at_else_one_beside_the_frequency() -> None:
    hops = [Hop(168e6, 2.4e6, 0.1), Hop(169.9e6, 2.4e6, 0.1)]
    assert stare_hop(169.2e6, hops, 2.4e6, 30.0) == hops[1]
    aside = stare_hop(433.92e6, hops, 2.4e6, 30.0)
    assert (aside.center_hz, aside.gain_db, aside.dwell_s) == (433.92e6 - 0.24e6, 30.0, 0.0)
    with pytest.raises(StareError, match="outside"):
        stare_hop(2.4e9, hops, 2.4e6, None)


def world(folder: Path, **more: Any) -> str:
    path = folder / "world.yml"
    carrier = {"name": "c", "frequency": 169.05e6, "modulation": "carrier", "snr_db": 25}
    body = {
        "rate": 250_000,
        "center": 169e6,
        "seconds": 3.0,
        "seed": 5,
        "noise_dbfs": -38,
        "emitters": [carrier],
    }
    path.write_text(json.dumps({**body, **more}))
    return f"synth:{path}"


def test_a_scan_shows_about_25_rows_a_second_with_the_carrier_where_it_is(tmp_path: Path) -> None:
    shown: list[SpectrumRow] = []
    scanner = Scanner(open_source(world(tmp_path)), ScanSettings(), lambda _: None)
    scanner.show_rows(shown.append)
    scanner.run()
    assert 72 <= len(shown) <= 76
    row = shown[30]
    codes = np.frombuffer(row.codes, np.uint8)
    assert row.low_hz + (np.argmax(codes) + 0.5) * row.bin_hz == pytest.approx(169.05e6, abs=row.bin_hz)
    level_db = LOWEST_DB + STEP_DB * (float(np.median(codes)) - 1)
    assert level_db == pytest.approx(-38 - 10 * np.log10(250e3), abs=1.5)


def test_nothing_is_made_while_nobody_looks_and_none_after_they_leave(tmp_path: Path) -> None:
    shown: list[SpectrumRow] = []
    scanner = Scanner(open_source(world(tmp_path)), ScanSettings(), lambda _: None)

    def once(row: SpectrumRow) -> None:
        shown.append(row)
        scanner.show_rows(None)

    scanner.show_rows(once)
    scanner.run()
    assert len(shown) == 1


def test_a_sweep_is_held_and_goes_on_as_planned(tmp_path: Path) -> None:
    source = open_source(world(tmp_path, seconds=6.0, retune=0.01))
    bands = ((168.0e6, 168.6e6), (169.0e6, 169.2e6))
    heard: list[Any] = []
    scanner = Scanner(source, ScanSettings(bands=bands, dwell_s=0.05), heard.append)
    centers: list[float] = []
    inner = source.tune

    def tune(hop: Hop) -> None:
        centers.append(hop.center_hz)
        if len(centers) == 12:
            scanner.stare(170e6, source.info.started_at + timedelta(seconds=3))
        inner(hop)

    source.tune = tune  # type: ignore[method-assign]
    told: list[Any] = []

    def look(row: SpectrumRow) -> None:
        stare = scanner.staring
        if stare is not None:
            told.append((scanner.odds[0].low_hz, scanner.odds[0].intercept(0.1), scanner.unwatched))

    scanner.show_rows(look)
    scanner.run()
    assert scanner.staring is None
    asked = centers.index(pytest.approx(170e6 - 25e3))
    assert 11 <= asked <= 13
    assert len(set(centers[asked + 1 :])) == len(set(centers[:asked]))
    low_hz, chance, unwatched = told[-1]
    assert (low_hz, chance) == (pytest.approx(170e6 - 25e3 - 100e3), 1.0)
    assert any(a <= 169.05e6 <= b for a, b in unwatched)


def test_a_stare_of_a_receiver_that_stays_is_ended_by_hand(tmp_path: Path) -> None:
    source = open_source(world(tmp_path, seconds=3600.0))
    scanner = Scanner(source, ScanSettings(), lambda _: None)
    rows: list[SpectrumRow] = []
    seen = threading.Event()

    def look(row: SpectrumRow) -> None:
        rows.append(row)
        if len(rows) == 5:
            scanner.stare(200e6, datetime(2999, 1, 1, tzinfo=UTC))
        if len(rows) == 15:
            scanner.end_stare()
        if len(rows) == 30:
            scanner.show_rows(None)
            scanner.stop()
            seen.set()

    scanner.show_rows(look)
    scanner.run()
    assert seen.is_set()
    lows = [round(row.low_hz / 1e6) for row in rows]
    assert lows[0] == lows[-1] == 169
    assert 200 in lows


def test_a_recording_is_not_tuned(tmp_path: Path) -> None:
    path = tmp_path / "g001_433.92M_250k.cu8"
    np.full((250_000, 2), 127, np.uint8).tofile(path)
    scanner = Scanner(open_source(str(path)), ScanSettings(), lambda _: None)
    with pytest.raises(StareError, match="recording"):
        scanner.stare(433.9e6, datetime.now(UTC))
