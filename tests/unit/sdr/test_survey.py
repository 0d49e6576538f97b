"""Surveys of made worlds, and emissions held against them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sdr.scanner import Scanner, ScanSettings
from sdr.source.synth import SynthSource
from sdr.source.world import parse_world
from sdr.survey import (
    Key,
    Known,
    Surveyor,
    SurveyPlan,
    Template,
    TemplateError,
    compare,
    drift,
    freeze,
    read,
    setting_changes,
    write,
)
from sdr.survey.known import KnownList, hours_between, is_same
from sdr.survey.levels import LevelKeeper, quiet_floor
from sdr.survey.template import HourLevels, Stretch
from sdr.types import Block, Emission, Hop, SampleFormat

MORNING = datetime(2026, 6, 7, 1, 30, tzinfo=UTC)
WORLD = """
rate: 250k
center: 433.92M
seconds: {seconds}
seed: {seed}
noise_dbfs: {noise}
emitters:
  - {{frequency: 433.9M, modulation: nfm, snr_db: {snr}, start: 1, burst: 1.2, period: 3}}
  - {{frequency: 433.96M, modulation: carrier, snr_db: 20}}
"""
CHEAT = """
  - {frequency: 433.85M, modulation: fsk2, symbol_rate: 1200, deviation: 4.5k, snr_db: 18,
     start: 2, burst: 2, period: 30}
"""


class At:
    """A clock that stands."""

    def __init__(self, at: datetime = MORNING) -> None:
        self._at = at

    def now(self) -> datetime:
        return self._at

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError("a world does not wait")


def world(
    extra: str = "", *, seconds: float = 6, seed: int = 1, snr: float = 20, noise: float = -40, at=MORNING
):
    text = WORLD.format(seconds=seconds, seed=seed, snr=snr, noise=noise) + extra
    return SynthSource("synth:test", parse_world(text, "test"), clock=At(at))


def survey(source) -> Template:
    surveyor = Surveyor(source, SurveyPlan(Key(site="gate", gain_db=30.0)))
    surveyor.run()
    template = surveyor.template()
    assert template is not None
    return template


def scanned(source) -> list[Emission]:
    found: list[Emission] = []
    Scanner(
        source, ScanSettings(), lambda report: found.append(report.emission) if report.is_last else None
    ).run()
    return found


@pytest.fixture(scope="module")
def template() -> Template:
    return survey(world())


def emission(center_hz: float = 169e6, *, at: datetime = MORNING, **changes) -> Emission:
    made = Emission(
        id="x", sensor="s", start_s=0.0, end_s=1.0, first_seen=at, last_seen=at + timedelta(seconds=1),
        ended=True, center_hz=center_hz, bandwidth_hz=12e3, snr_db=20.0, peak_dbfs=-30.0, bursts=1,
        on_time_s=1.0, duty_cycle=1.0,
    )  # fmt: skip
    return replace(made, **changes)


def flat_template(
    *known: Known, hours: tuple[int, ...] = (1,), level: float = -60.0, low: int = 13_480
) -> Template:
    """80 bins around 169 MHz at one level, the floor 12 dB under it unless it is lower."""
    n = 80
    rows = {name: [level] * n for name in ("p10", "p50", "p90", "p99", "max")}
    stretch = Stretch(low, n, [HourLevels(h, 100, -101.0, rows, [0.0] * n) for h in hours])
    return Template(1, Key(gain_db=30.0), MORNING, MORNING, 3600.0, 12_500.0, [stretch], list(known))


def known(center_hz: float = 169e6, **changes) -> Known:
    made = Known(center_hz, 12e3, -30.0, 20.0, 50, [1], MORNING, MORNING, 100.0, name="taxi")
    return replace(made, **changes)


# --- what a survey finds ---


def test_a_survey_lists_the_worlds_senders_once_each(template: Template) -> None:
    assert [round(one.center_hz / 1e3) for one in template.emissions] == [433_900, 433_960]
    taxi = template.emissions[0]
    assert taxi.n_heard == 2
    assert taxi.hours == [1]
    assert taxi.snr_db == pytest.approx(20, abs=2)


def test_levels_and_occupancy_of_a_survey_are_those_of_the_world(template: Template) -> None:
    (stretch,) = template.stretches
    (hour,) = stretch.hours
    assert hour.hour == 1
    # -40 dBFS of noise over 250 kHz
    assert hour.floor_dbfs_hz == pytest.approx(-40 - 10 * np.log10(250e3), abs=0.6)
    at = {round(f): number for number, f in enumerate(np.arange(stretch.n_bins) + stretch.first_bin)}
    carrier, taxi, quiet = (
        at[round(433.9625e6 / 12.5e3)],
        at[round(433.9e6 / 12.5e3)],
        at[round(433.85e6 / 12.5e3)],
    )
    assert hour.occupancy[carrier] == 1.0
    assert hour.occupancy[quiet] == 0.0
    assert hour.occupancy[taxi] == pytest.approx(2.4 / 6, abs=0.05)
    assert hour.percentiles["p10"][taxi] < hour.percentiles["p90"][taxi] - 15
    assert hour.percentiles["p99"][quiet] == pytest.approx(-40 - 10 * np.log10(20), abs=1.6)


@given(st.integers(1, 400), st.integers(0, 1000))
def test_the_80_percent_method_reads_noise_right_however_much_was_averaged(n_rows: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    spectrum = rng.gamma(n_rows, 1 / n_rows, 4000) * 3.0
    assert 10 * np.log10(quiet_floor(spectrum, n_rows) / 3.0) == pytest.approx(0.0, abs=0.6)


def test_strong_senders_over_two_thirds_of_the_band_do_not_lift_the_floor() -> None:
    rng = np.random.default_rng(1)
    spectrum = rng.gamma(60, 1 / 60, 3000)
    spectrum[:2000] += 1000
    # Of the quiet third the lowest three fifths are averaged: 0.3 dB low at worst.
    assert 10 * np.log10(quiet_floor(spectrum, 60)) == pytest.approx(0.5, abs=0.6)


@given(st.lists(st.floats(-100, -10), min_size=3, max_size=60), st.sampled_from([10, 50, 90]))
def test_percentiles_from_the_histogram_are_those_of_the_levels_within_a_decibel(levels, percent) -> None:
    from sdr.survey.levels import _Hour

    hour = _Hour(1)
    for level in levels:
        hour.add(np.array([level]), -140.0, 12_500.0)
    exact = np.percentile(levels, percent, method="inverted_cdf")
    assert abs(float(hour.percentile(percent)[0]) - exact) <= 1.0


def test_hops_of_a_sweep_join_to_stretches_without_doubled_bins() -> None:
    keeper = LevelKeeper(SampleFormat.CU8, 250e3, [(433e6, 433.4e6)], sweeping=True)
    rng = np.random.default_rng(2)
    for center in (433.1e6, 433.3e6):
        iq = rng.integers(120, 136, (25_000, 2), dtype=np.uint8)
        keeper.push(Block(Hop(center, 250e3), 0, MORNING, iq))
    numbers = [s.first_bin + i for s in keeper.stretches() for i in range(s.n_bins)]
    assert numbers == sorted(set(numbers))
    assert set(range(34_641, 34_672)) <= set(numbers)


def test_ghosts_of_the_receiver_belong_to_no_site() -> None:
    listed = KnownList()
    listed.add(emission(flags=("dc",)))
    listed.add(emission(170e6, flags=("overload",)))
    assert [one.center_hz for one in listed.entries()] == [170e6]


def test_a_television_channel_does_not_swallow_the_carrier_inside_it() -> None:
    assert not is_same(538e6, 8e6, 536e6, 12e3)
    assert is_same(538e6, 8e6, 538.5e6, 7e6)


def test_an_emission_over_midnight_counts_for_every_hour_it_touches() -> None:
    assert hours_between(MORNING.replace(hour=22, minute=50), MORNING.replace(day=8, hour=1, minute=1)) == {
        22,
        23,
        0,
        1,
    }


# --- what a comparison says ---


def test_only_what_the_survey_did_not_hear_is_new(template: Template) -> None:
    found = scanned(world(CHEAT, seed=2))
    by_khz = {round(one.center_hz / 1e3): compare(one, template) for one in found}
    assert {khz for khz, got in by_khz.items() if got.new} == {433_850}
    assert all(not got.reasons or got.new or got.reasons[0].code == "unnamed" for got in by_khz.values())
    assert by_khz[433_850].reasons[0].en == "nothing was heard at 433.8500 MHz in the survey"


def test_a_known_sender_come_nearer_is_stronger_and_not_new(template: Template) -> None:
    near = [one for one in scanned(world(seed=3, snr=32)) if abs(one.center_hz - 433.9e6) < 2e3]
    codes = {reason.code for one in near for reason in compare(one, template).reasons}
    assert "stronger" in codes
    assert not any(compare(one, template).new for one in near)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"peak_dbfs": -23.5}, "stronger"),
        ({"bandwidth_hz": 20e3}, "wider"),
        (
            {"first_seen": MORNING + timedelta(hours=1), "last_seen": MORNING + timedelta(hours=1)},
            "unusual-hour",
        ),
    ],
)
def test_each_change_of_a_known_sender_is_told_by_its_name(change, code) -> None:
    template = flat_template(known(), hours=(1, 2))
    assert [reason.code for reason in compare(emission(**change), template).reasons] == [code]


def test_a_known_sender_as_it_always_was_gives_no_reason() -> None:
    assert compare(emission(), flat_template(known())).reasons == ()


def test_an_hour_that_was_not_surveyed_is_not_called_unusual() -> None:
    later = emission(at=MORNING + timedelta(hours=5))
    template = flat_template(known())
    got = compare(later, template)
    assert got.reasons == ()
    assert [reason.code for reason in drift([(later, got)], template)] == ["hour"]


def test_a_frequency_that_was_not_surveyed_is_neither_new_nor_known() -> None:
    got = compare(emission(450e6), flat_template())
    assert got.new is None
    assert got.reasons[0].code == "not-surveyed"


def test_a_piece_of_a_station_that_was_always_on_is_not_new() -> None:
    busy = flat_template(level=-30.0)
    assert compare(emission(peak_dbfs=-30.0), busy).new is False
    assert compare(emission(peak_dbfs=-20.0), busy).new is True
    assert compare(emission(peak_dbfs=-30.0), flat_template(level=-60.0)).new is True


def test_a_ghost_of_the_receiver_is_neither_new_nor_known() -> None:
    got = compare(emission(169.1e6, flags=("mirror",)), flat_template())
    assert got.new is None
    assert [reason.code for reason in got.reasons] == ["ghost"]


def test_what_staff_mark_as_not_known_is_reported_as_new() -> None:
    assert compare(emission(), flat_template(known(known=False))).new is True


def test_a_rare_sender_that_nobody_named_stays_in_sight() -> None:
    template = flat_template(known(name=None, n_heard=1, on_time_s=2.0))
    assert [reason.code for reason in compare(emission(), template).reasons] == ["unnamed"]


def test_at_another_gain_the_snr_is_compared_instead_of_the_level() -> None:
    louder = emission(peak_dbfs=-10.0)
    assert [r.code for r in compare(louder, flat_template(known())).reasons] == ["stronger"]
    assert compare(louder, flat_template(known()), levels_compare=False).reasons == ()


def test_a_comparison_changes_nothing_in_the_template(tmp_path) -> None:
    path = tmp_path / "t.json"
    write(path, flat_template(known()))
    before = path.read_bytes()
    template = read(path)
    for one in (emission(), emission(peak_dbfs=0.0), emission(169.1e6)):
        compare(one, template)
    write(path, template)
    assert path.read_bytes() == before


# --- drift ---


def test_a_lifted_floor_is_told_as_the_receivers_doing(template: Template) -> None:
    def shift(noise: float) -> list[str]:
        pairs = [(one, compare(one, template)) for one in scanned(world(seed=4, noise=noise))]
        return [reason.code for reason in drift(pairs, template)]

    assert shift(-40) == []
    assert shift(-34) == ["floor"]


def test_stations_all_moved_the_same_way_are_told_as_a_ppm_error() -> None:
    places = [169e6, 169.1e6, 169.2e6]
    template = flat_template(*(known(f) for f in places))

    def codes(ppm: float) -> list[str]:
        pairs = [(e, compare(e, template)) for e in (emission(f * (1 + ppm * 1e-6)) for f in places)]
        return [reason.code for reason in drift(pairs, template)]

    assert codes(1.0) == []
    assert codes(8.0) == ["ppm"]


def test_only_settings_that_both_sides_state_can_differ() -> None:
    survey = Key("gate", "rtl:0", "whip", 30.0, 12, None)
    assert setting_changes(survey, Key(gain_db=30.0)) == []
    assert [r.en for r in setting_changes(survey, Key(gain_db=20.0, bias_tee=True))] == [
        "gain_db is 20.0, at the survey it was 30.0"
    ]


# --- the file ---


@pytest.mark.parametrize("name", ["t.json", "t.msgpack"])
def test_a_template_reads_back_as_it_was_written(tmp_path, name, template: Template) -> None:
    write(tmp_path / name, template)
    assert read(tmp_path / name) == template


def test_a_frozen_template_is_never_overwritten(tmp_path) -> None:
    path = tmp_path / "t.json"
    write(path, freeze(flat_template(), MORNING))
    with pytest.raises(TemplateError, match="frozen since 2026-06-07"):
        write(path, flat_template(known()))
    assert read(path).emissions == []


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe", "not a site template"),
        (b"{}", "missing required field"),
        (b"[1]", "not a site template"),
    ],
)
def test_a_file_that_is_no_template_is_named(tmp_path, content, told) -> None:
    path = tmp_path / "t.json"
    path.write_bytes(content)
    with pytest.raises(TemplateError, match=told) as raised:
        read(path)
    assert str(raised.value).startswith(f"{path}: ")


def test_a_template_with_a_list_too_short_is_refused_before_it_is_used(tmp_path) -> None:
    bad = flat_template()
    bad.stretches[0].hours[0].percentiles["p50"].pop()
    write(tmp_path / "t.json", bad)
    with pytest.raises(TemplateError, match="does not have 80 bins"):
        read(tmp_path / "t.json")
