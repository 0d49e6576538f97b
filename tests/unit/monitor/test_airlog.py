from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.airlog import BORDER_HZ, COINCIDENT_S, RASTER_HZ, AirLog, channel_label, channel_number
from tests.unit.monitor.test_intake import EMISSION


def heard(
    name: str, at_s: float = 0.0, sensor: str = "roof", center_hz: float = 169e6, length_s: float = 1.0
):
    first_seen = EMISSION.first_seen + timedelta(seconds=at_s)
    return replace(
        EMISSION,
        id=name,
        sensor=sensor,
        center_hz=center_hz,
        first_seen=first_seen,
        last_seen=first_seen + timedelta(seconds=length_s),
    )


@given(st.integers(24_000_000, 1_766_000_000))
def test_a_channel_label_names_the_nearest_raster_channel(center_hz):
    label_hz = float(channel_label(channel_number(center_hz)).removesuffix(" MHz")) * 1e6
    assert abs(label_hz - center_hz) <= RASTER_HZ / 2 + 0.01
    assert label_hz / RASTER_HZ == pytest.approx(round(label_hz / RASTER_HZ))


def test_earlier_transmissions_of_a_channel_are_counted_within_the_session():
    log = AirLog()
    names = ("a", "a", "b", "c", "a", "c")
    emissions = {name: heard(name, 60.0 * n) for n, name in enumerate("abc")}
    assert [log.note("v", emissions[name], "s1").n_repeats for name in names] == [0, 0, 1, 2, 0, 2]
    assert log.note("w", heard("d"), "s1").n_repeats == 0
    assert log.note("v", heard("e", 300.0), "s2").n_repeats == 0


def test_one_transmission_heard_by_two_sensors_is_no_repeat_of_itself():
    log = AirLog()
    one = log.note("v", heard("a"), "s")
    two = log.note("v", heard("b", 0.4, "gate"), "s")
    assert (one.n_sensors, two.n_sensors, two.n_repeats) == (1, 2, 0)
    assert two.transmission == one.transmission == "a"
    assert two.others == (("a", 2),)
    assert log.note("v", heard("a"), "s").n_sensors == 2
    assert log.note("v", heard("c", 60.0), "s").n_repeats == 1


@pytest.mark.parametrize(("late_s", "n_sensors"), [(COINCIDENT_S + 0.9, 2), (COINCIDENT_S + 1.1, 1)])
def test_what_comes_later_than_the_window_is_another_transmission(late_s, n_sensors):
    log = AirLog()
    log.note("v", heard("a"), "s")
    assert log.note("v", heard("b", late_s, "gate"), "s").n_sensors == n_sensors


def test_sensors_of_another_venue_confirm_nothing():
    log = AirLog()
    log.note("v", heard("a"), "s")
    assert log.note("w", heard("b", 0.1, "gate"), "s").n_sensors == 1


@given(st.lists(st.tuples(st.sampled_from("rgt"), st.integers(0, 40)), min_size=2, max_size=8, unique=True))
def test_whoever_reports_last_all_that_heard_it_are_told_the_same_number(reports):
    log = AirLog()
    told: dict[str, int] = {}
    for n, (sensor, at_s) in enumerate(reports):
        sighting = log.note("v", heard(str(n), at_s, sensor), "s")
        told |= {str(n): sighting.n_sensors, **dict(sighting.others)}
    for n, (sensor, at_s) in enumerate(reports):
        beside = {s for s, other_s in reports if s != sensor and abs(other_s - at_s) <= COINCIDENT_S + 1.0}
        assert told[str(n)] == 1 + len(beside)


def test_a_sender_on_the_border_of_two_channels_keeps_its_first_name():
    log = AirLog()
    border_hz = 169e6 + RASTER_HZ / 2
    offsets_hz = (-40.0, 60.0, BORDER_HZ - 1.0, -300.0)
    labels = {
        log.note("v", heard(f"{n}", 60.0 * n, center_hz=border_hz + off), "s").channel
        for n, off in enumerate(offsets_hz)
    }
    assert labels == {"169 MHz"}
    clear = log.note("v", heard("far", center_hz=border_hz + BORDER_HZ + 1.0), "s")
    assert clear.channel == "169.0125 MHz"


def test_a_name_from_before_a_restart_is_kept():
    log = AirLog()
    log.remember("v", "169 MHz")
    log.remember("v", "not a channel")
    sighting = log.note("v", heard("a", center_hz=169e6 + RASTER_HZ / 2 + 100.0), "s")
    assert (sighting.channel, sighting.n_repeats) == ("169 MHz", 0)


def test_an_emission_keeps_its_channel_when_its_centre_is_measured_anew():
    log = AirLog()
    log.note("v", heard("a"), "s")
    assert log.note("v", heard("a", center_hz=169e6 + 20_000), "s").channel == "169 MHz"


def test_the_channel_heard_longest_ago_is_forgotten_first_and_counted():
    log = AirLog(capacity=2)
    for n, channel in enumerate((0, 1, 0, 2)):
        log.note("v", heard(f"e{n}", 60.0 * n, center_hz=169e6 + 25_000 * channel), "s")
    assert log.n_forgotten == 1
    assert log.note("v", heard("x", 600.0), "s").n_repeats == 2
    assert log.note("v", heard("y", 600.0, center_hz=169e6 + 25_000), "s").n_repeats == 0
