"""The whole radio chain on worlds whose truth is known."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sigmf

from sdr.record import emission_record, summary_record
from sdr.scanner import EmissionReport, Scanner, ScanSettings
from sdr.source import open_source
from sdr.source.base import SourceInfo
from sdr.types import Block, Emission, Hop, SampleFormat
from tests import signals

RATE_HZ = 250_000
CENTER_HZ = 169e6


def world(folder: Path, *emitters: dict[str, Any], seconds: float = 4.0, **more: Any) -> str:
    path = folder / "world.yml"
    named = [{"name": f"e{i}", **emitter} for i, emitter in enumerate(emitters)]
    body = {"rate": RATE_HZ, "center": CENTER_HZ, "seconds": seconds, "seed": 5, "noise_dbfs": -38, **more}
    path.write_text(json.dumps({**body, "emitters": named}))
    return f"synth:{path}"


def scan(spec: str, **settings: Any) -> tuple[list[Emission], Scanner]:
    found: list[Emission] = []

    def keep(report: EmissionReport) -> None:
        if report.is_last:
            found.append(report.emission)

    scanner = Scanner(open_source(spec), ScanSettings(**settings), keep)
    scanner.run()
    return sorted(found, key=lambda e: e.start_s), scanner


def burst(offset_hz: float, **more: Any) -> dict[str, Any]:
    base = {"frequency": CENTER_HZ + offset_hz, "modulation": "fsk2", "symbol_rate": 1200, "deviation": 2500}
    return {**base, "snr_db": 15, **more}


def test_a_data_burst_is_found_placed_and_named(tmp_path: Path) -> None:
    found, _ = scan(world(tmp_path, burst(30e3, start=1.0, stop=1.6)))
    (one,) = found
    assert one.ended
    assert one.start_s == pytest.approx(1.0, abs=0.005)
    assert one.end_s == pytest.approx(1.6, abs=0.005)
    assert one.center_hz == pytest.approx(CENTER_HZ + 30e3, abs=150)
    assert one.bandwidth_hz == pytest.approx(6000, rel=0.3)
    assert one.snr_db == pytest.approx(15, abs=1.5)
    assert one.modulation == "fsk2"
    assert one.symbol_rate == pytest.approx(1200, rel=0.02)
    assert one.flags == ()


def test_wide_fsk_is_one_sender_and_two_neighbours_are_two(tmp_path: Path) -> None:
    wide = burst(-60e3, start=0.8, stop=1.1, deviation=20_000, symbol_rate=4000, snr_db=20)
    first = burst(40e3, start=2.0, stop=3.0, snr_db=20)
    second = burst(55e3, start=2.0, stop=3.0, snr_db=20)
    found, _ = scan(world(tmp_path, wide, first, second))
    centres = [round((e.center_hz - CENTER_HZ) / 1e3) for e in found]
    assert sorted(centres) == [-60, 40, 55]


def test_what_is_on_from_before_the_start_is_reported_and_still_on_at_the_end(tmp_path: Path) -> None:
    carrier = {"frequency": CENTER_HZ - 40e3, "modulation": "carrier", "snr_db": 25}
    found, _ = scan(world(tmp_path, carrier, seconds=3.0))
    (one,) = found
    assert not one.ended
    assert one.start_s == pytest.approx(0, abs=0.01)
    assert one.modulation == "carrier"


def test_a_lasting_emission_is_reported_while_it_lasts_and_again_when_over(tmp_path: Path) -> None:
    reports: list[EmissionReport] = []
    spec = world(tmp_path, burst(30e3, start=0.7, stop=3.2), seconds=4.5)
    Scanner(open_source(spec), ScanSettings(), reports.append).run()
    assert [(r.is_last, r.emission.ended) for r in reports] == [(False, False), (True, True)]
    assert reports[0].emission.id == reports[1].emission.id
    assert reports[1].emission.end_s == pytest.approx(3.2, abs=0.01)


def test_whatever_is_reported_gets_one_last_report_and_nothing_is_counted_twice(tmp_path: Path) -> None:
    # Wide, slow FSK of about 17 dB: its two lines are found apart and put together, some after their report.
    senders = [
        burst(-100e3 + 28e3 * i, snr_db=13 + i, deviation=4500, symbol_rate=512, start=0.2 * i, stop=3.4)
        for i in range(8)
    ]
    reports: list[EmissionReport] = []
    scanner = Scanner(open_source(world(tmp_path, *senders)), ScanSettings(decode=False), reports.append)
    scanner.run()
    last = [report for report in reports if report.is_last]
    assert {report.emission.id for report in reports} == {report.emission.id for report in last}
    assert len({report.emission.id for report in last}) == len(last)
    shown = {report.shown_by for report in last} - {None}
    assert shown <= {report.emission.id for report in last}
    assert scanner.status.n_emissions == sum(report.shown_by is None for report in last)


def test_bursts_in_a_rhythm_carry_their_period(tmp_path: Path) -> None:
    found, _ = scan(world(tmp_path, burst(30e3, start=0.7, burst=0.1, period=1.0), seconds=6))
    assert len(found) >= 5
    assert found[-1].burst_period_s == pytest.approx(1.0, abs=0.02)
    assert found[-1].duty_cycle == pytest.approx(0.1, abs=0.02)
    # A search team is told when to listen: one period after the newest burst began.
    due = found[-2].next_burst_at
    assert due is not None
    assert (found[-1].first_seen - due).total_seconds() == pytest.approx(0.0, abs=0.05)
    assert found[-2].next_burst_within_s < 0.2


def test_an_iq_mirror_is_no_sender_of_its_own(tmp_path: Path) -> None:
    strong = {"frequency": CENTER_HZ + 50e3, "modulation": "carrier", "snr_db": 50, "start": 0.7, "stop": 2.5}
    found, _ = scan(world(tmp_path, strong, imbalance_gain_db=0.4, imbalance_phase_deg=2))
    flags = {round((e.center_hz - CENTER_HZ) / 1e3): e.flags for e in found if e.snr_db > 3}
    assert flags.pop(50) == ()
    assert all("mirror" in flag for flag in flags.values())


def test_evidence_is_whole_valid_and_framed(tmp_path: Path) -> None:
    spec = world(tmp_path, burst(30e3, start=2.5, stop=2.9), seconds=4)
    found, _ = scan(spec, evidence_dir=tmp_path / "evidence", sensor="roof")
    (one,) = found
    window = one.extra["spectrogram"]
    assert window["low_hz"] < one.center_hz < window["high_hz"]
    assert window["box"]["t0_s"] == pytest.approx(2.0, abs=0.01)  # two seconds from before the trigger
    meta = next(i for i in one.extra["evidence_items"] if i["role"] == "metadata")
    assert one.evidence == meta["digest"]
    sigmf.fromfile(meta["path"]).validate()
    assert {i["role"] for i in one.extra["evidence_items"]} >= {"samples", "metadata", "spectrogram"}


def test_noise_alone_gives_nothing_but_a_summary(tmp_path: Path) -> None:
    found, scanner = scan(world(tmp_path, seconds=6))
    assert not found
    summary = summary_record(scanner.status, RATE_HZ, scanner.odds)
    assert summary["seconds"] == 6
    assert summary["bands"][0]["intercept_1s"] == 1


def test_a_sweep_hears_several_passbands(tmp_path: Path) -> None:
    emitters = [
        {"frequency": f, "modulation": "carrier", "snr_db": 25, "start": 0, "stop": 6}
        for f in (168.1e6, 169.4e6, 170.2e6)
    ]
    spec = world(tmp_path, *emitters, seconds=6, rate=1_000_000)
    found, scanner = scan(spec, bands=((167.9e6, 170.4e6),), dwell_s=0.1, seconds=4.0)
    heard = {round(e.center_hz / 1e5) for e in found if e.snr_db > 6 and not e.flags}
    assert {1681, 1694, 1702} <= heard
    assert scanner.odds[0].revisit_s > 0


class Lossy:
    """A source that loses samples once, in the middle of an emission."""

    def __init__(self, raw: np.ndarray, lose_at: int, n_lost: int) -> None:
        self._raw, self._lose_at, self._n_lost = raw, lose_at, n_lost
        self._at = 0
        self._began = datetime(2026, 6, 7, 1, tzinfo=UTC)
        self.info = SourceInfo(
            "lossy", SampleFormat.CU8, RATE_HZ, CENTER_HZ, self._began, None, tunable=False, live=True
        )

    def tune(self, hop: Hop) -> None:
        raise AssertionError("not tunable")

    def read(self, n_samples: int) -> Block | None:
        if self._at >= len(self._raw):
            return None
        first, lost = self._at, 0
        if first >= self._lose_at and self._n_lost:
            first, lost, self._n_lost = first + self._n_lost, self._n_lost, 0
        iq = self._raw[first : first + min(n_samples, 25_000)]
        self._at = first + len(iq)
        return Block(Hop(CENTER_HZ, RATE_HZ), first, self._began, iq, lost)

    def close(self) -> None: ...


def test_a_gap_is_counted_flagged_and_does_not_split_the_emission(tmp_path: Path) -> None:
    source = open_source(world(tmp_path, burst(30e3, start=1.0, stop=3.0)))
    parts = []
    while (block := source.read(1 << 18)) is not None:
        parts.append(block.iq.copy())
    found: list[Emission] = []
    lossy = Lossy(np.concatenate(parts), 2 * RATE_HZ, RATE_HZ // 10)
    scanner = Scanner(lossy, ScanSettings(), lambda r: found.append(r.emission) if r.is_last else None)
    scanner.run()
    (one,) = found
    assert "gap" in one.flags
    assert one.end_s == pytest.approx(3.0, abs=0.01)
    assert scanner.status.n_gaps == 1
    assert scanner.status.n_dropped == RATE_HZ // 10


def test_a_record_has_every_promised_field_as_plain_json(tmp_path: Path) -> None:
    found, _ = scan(world(tmp_path, burst(30e3, start=1.0, stop=1.6)))
    record = json.loads(json.dumps(emission_record(found[0])))
    promised = (
        "type id sensor start_s end_s first_seen last_seen ended center_hz bandwidth_hz snr_db peak_dbfs "
        "modulation confidence symbol_rate bursts on_time_s duty_cycle burst_period_s new service flags "
        "decoded evidence"
    )
    assert set(promised.split()) <= set(record)
    assert len(record["id"]) == 26


def played(folder: Path, iq: Any, rate_hz: float = RATE_HZ) -> str:
    path = folder / "made.cu8"
    signals.quantize(iq.astype(np.complex64), SampleFormat.CU8).tofile(path)
    return str(path)


def in_noise(rng: np.random.Generator, seconds: float) -> Any:
    n = round(seconds * RATE_HZ)
    return (rng.standard_normal(n) + 1j * rng.standard_normal(n)) * 10 ** (-38 / 20) / np.sqrt(2)


def sent(iq: Any, z: Any, offset_hz: float, start_s: float, snr_db: float, width_hz: float) -> None:
    """Add `z` to `iq`, `snr_db` over the noise in `width_hz`."""
    first = round(start_s * RATE_HZ)
    amplitude = 10 ** ((-38 + 10 * np.log10(width_hz / RATE_HZ) + snr_db) / 20)
    turn = np.exp(2j * np.pi * offset_hz / RATE_HZ * np.arange(len(z)))
    iq[first : first + len(z)] += amplitude * z * turn


def scan_played(folder: Path, iq: Any) -> list[Emission]:
    found: list[Emission] = []
    source = open_source(played(folder, iq), rate_hz=float(RATE_HZ), center_hz=CENTER_HZ)
    Scanner(
        source, ScanSettings(decode=False), lambda r: found.append(r.emission) if r.is_last else None
    ).run()
    return found


def test_who_holds_the_key_for_a_second_before_speaking_is_no_carrier(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    iq = in_noise(rng, 6.0)
    freq = 2500 * np.clip(1.6 * signals.voice_audio(rng, RATE_HZ, 4.0), -1, 1)
    freq[:RATE_HZ] = 0.0
    sent(iq, np.exp(2j * np.pi * np.cumsum(freq) / RATE_HZ), 31e3, 1.0, 9.0, 10e3)
    (one,) = scan_played(tmp_path, iq)
    assert one.modulation == "nfm"


def test_a_wandering_carrier_is_one_emission(tmp_path: Path) -> None:
    rng = np.random.default_rng(12)
    iq = in_noise(rng, 30.0)
    t = np.arange(28 * RATE_HZ) / RATE_HZ
    sent(iq, np.exp(1j * np.pi * 83.0 * t**2), 20e3, 1.0, 18.0, 1e3)
    (one,) = scan_played(tmp_path, iq)
    assert one.start_s == pytest.approx(1.0, abs=0.05)
    assert one.end_s == pytest.approx(29.0, abs=0.1)


def test_what_is_on_from_first_to_last_is_not_one_sender_for_that(tmp_path: Path) -> None:
    rng = np.random.default_rng(13)
    iq = in_noise(rng, 6.0)
    sent(iq, signals.nfm_voice(rng, RATE_HZ, 6.0), 60e3, 0.0, 20.0, 10e3)
    sent(iq, np.ones(6 * RATE_HZ), -80e3, 0.0, 18.0, 1e3)
    found = {round((one.center_hz - CENTER_HZ) / 1e3): one.modulation for one in scan_played(tmp_path, iq)}
    assert found == {-80: "carrier", 60: "nfm"}


@pytest.mark.parametrize("offset_hz", [40_000.0, 40_240.0])
def test_the_centre_of_what_outlasts_the_tape_is_right_within_a_part_of_a_bin(
    tmp_path: Path, offset_hz: float
) -> None:
    iq = in_noise(np.random.default_rng(14), 8.0)
    sent(iq, np.ones(7 * RATE_HZ), offset_hz, 0.8, 25.0, 1e3)
    (one,) = scan_played(tmp_path, iq)
    assert one.center_hz - CENTER_HZ == pytest.approx(offset_hz, abs=90)


def test_a_few_pulses_of_some_milliseconds_are_keying(tmp_path: Path) -> None:
    rng = np.random.default_rng(15)
    iq = in_noise(rng, 4.0)
    for k in range(3):
        bits = np.repeat([1, 0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 1], RATE_HZ // 2500).astype(float)
        sent(iq, bits, (-50e3, 20e3, 70e3)[k], 1.0 + 0.8 * k, 20.0, 5e3)
    assert [one.modulation for one in scan_played(tmp_path, iq)] == ["ook"] * 3


def test_an_overloaded_receiver_is_told_in_the_summary(tmp_path: Path) -> None:
    iq = in_noise(np.random.default_rng(16), 3.0)
    iq[RATE_HZ : 2 * RATE_HZ] += 2.0 * np.exp(2j * np.pi * 0.11 * np.arange(RATE_HZ))
    source = open_source(played(tmp_path, iq), rate_hz=float(RATE_HZ), center_hz=CENTER_HZ)
    found: list[Emission] = []
    scanner = Scanner(source, ScanSettings(decode=False), lambda r: found.append(r.emission))
    scanner.run()
    assert scanner.status.overloaded_s == pytest.approx(1.0, abs=0.15)
    assert all("overload" in one.flags for one in found)
    record = summary_record(scanner.status, float(RATE_HZ), scanner.odds)
    assert record["overloaded_s"] == pytest.approx(1.0, abs=0.15)
