"""ppm from made senders, and the table to dBm."""

from __future__ import annotations

import numpy as np
import pytest

from sdr.calibrate import (
    CalibrationError,
    Correction,
    LevelTable,
    combine,
    from_carrier,
    from_fm_pilot,
    from_fm_station,
    parse_level_table,
)
from sdr.types import SampleFormat
from tests import signals


def heard(z: np.ndarray, snr_db: float, seed: int) -> np.ndarray:
    """8-bit pairs of a signal of unit power at 0.3 of full scale with noise over the whole rate."""
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((z.size, 2)) @ np.array([1, 1j]) * np.sqrt(0.5 * 10 ** (-snr_db / 10))
    sum_ = 0.3 * (z + noise)
    return np.clip(np.round(np.stack([sum_.real, sum_.imag], axis=1) * 127.5 + 127.5), 0, 255).astype(
        np.uint8
    )


def carrier(
    error_ppm: float, *, rate: float = 250e3, center: float = 433.9e6, at: float = 433.95e6
) -> np.ndarray:
    """A carrier at `at` as a receiver hears it whose crystal is fast by `error_ppm`."""
    seen = at / (1 + error_ppm * 1e-6) - center
    return np.exp(2j * np.pi * seen / rate * np.arange(int(rate)))


def station(error_ppm: float, seconds: float, seed: int, carrier_off_hz: float = 0.0) -> np.ndarray:
    """A stereo station on 98.1 MHz heard at 98.07 MHz and 250 kS/s."""
    rng = np.random.default_rng(seed)
    true_rate = 250e3 * (1 + error_ppm * 1e-6)
    z = signals.wfm(rng, true_rate, seconds)
    seen = (98.1e6 + carrier_off_hz) / (1 + error_ppm * 1e-6) - 98.07e6
    return z * np.exp(2j * np.pi * seen / 250e3 * np.arange(z.size))


@pytest.mark.parametrize("error_ppm", [-87.3, -12.0, 0.0, 0.6, 41.7, 120.0])
def test_a_named_carrier_gives_the_error_within_a_tenth_of_a_ppm(error_ppm: float) -> None:
    got = from_carrier(heard(carrier(error_ppm), 5.0, 1), SampleFormat.CU8, 250e3, 433.9e6, 433.95e6)
    assert got.ppm == pytest.approx(error_ppm, abs=0.1)
    assert got.uncertainty_ppm < 0.1


def test_a_carrier_inside_am_is_found_beside_its_sidebands() -> None:
    t = np.arange(250_000) / 250e3
    voice = signals.voice_audio(np.random.default_rng(2), 250e3, 1.0)[: t.size]
    z = carrier(20.0) * (1 + 0.8 * voice)
    got = from_carrier(heard(z, 5.0, 3), SampleFormat.CU8, 250e3, 433.9e6, 433.95e6)
    assert got.ppm == pytest.approx(20.0, abs=0.1)


def test_noise_is_not_taken_for_a_carrier() -> None:
    with pytest.raises(CalibrationError, match="no carrier"):
        from_carrier(heard(np.zeros(250_000, complex), 0.0, 4), SampleFormat.CU8, 250e3, 433.9e6, 433.95e6)


def test_a_carrier_outside_the_passband_is_refused() -> None:
    with pytest.raises(CalibrationError, match="outside"):
        from_carrier(heard(carrier(0.0), 5.0, 1), SampleFormat.CU8, 250e3, 433.9e6, 434.5e6)


@pytest.mark.parametrize("error_ppm", [-35.0, 61.0])
def test_an_fm_station_on_the_grid_gives_the_error_within_a_ppm(error_ppm: float) -> None:
    raw = heard(station(error_ppm, 5.0, 5), 25.0, 6)
    got = from_fm_station(raw, SampleFormat.CU8, 250e3, 98.07e6, 98.1e6)
    assert got.ppm == pytest.approx(error_ppm, abs=1.0)


@pytest.mark.parametrize("error_ppm", [-35.0, 61.0])
def test_the_pilot_gives_the_clock_within_a_ppm_even_where_the_carrier_is_off(error_ppm: float) -> None:
    raw = heard(station(error_ppm, 8.0, 7, carrier_off_hz=1500.0), 25.0, 8)
    got = from_fm_pilot(raw, SampleFormat.CU8, 250e3, 98.07e6, 98.1e6)
    assert got.ppm == pytest.approx(error_ppm, abs=1.0)


def test_noise_is_not_taken_for_a_station() -> None:
    raw = heard(np.zeros(1_000_000, complex), 0.0, 9)
    for method in (from_fm_station, from_fm_pilot):
        with pytest.raises(CalibrationError):
            method(raw, SampleFormat.CU8, 250e3, 98.07e6, 98.1e6)


def test_one_sender_that_is_off_itself_does_not_move_the_median() -> None:
    made = [Correction(ppm, 0.1, 0.0, 1.0, "carrier") for ppm in (20.1, 19.9, 55.0)]
    assert combine(made).ppm == 20.1
    with pytest.raises(CalibrationError):
        combine([])


def test_levels_become_dbm_only_where_the_table_holds() -> None:
    table = parse_level_table("frequency_hz,offset_db\n# at 30 dB\n100e6,-70\n200e6,-72\n", "t.csv", 30.0)
    assert table == LevelTable(((100e6, -70.0), (200e6, -72.0)), 30.0)
    assert table.dbm(-40.0, 150e6, 30.0) == pytest.approx(-111.0)
    assert table.dbm(-40.0, 150e6, 20.0) is None
    assert table.dbm(-40.0, 450e6, 30.0) is None


def test_a_bad_line_of_the_table_is_told_by_its_number() -> None:
    with pytest.raises(CalibrationError, match=r"t\.csv:2: "):
        parse_level_table("100e6,-70\nabc,1\n", "t.csv")
    with pytest.raises(CalibrationError, match="twice"):
        parse_level_table("100e6,-70\n100e6,-71\n", "t.csv")
