from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import bandplan
from monitor.bandplan import BandPlan, Row
from monitor.faults import InputError

PLANS = Path(__file__).parents[3] / "configs" / "bandplan"
CHINA = bandplan.load(PLANS / "cn.yml")


@pytest.mark.parametrize(
    ("center_mhz", "bandwidth_hz", "on_time_s", "service", "weight"),
    [
        (169.0, 12e3, 3.0, "broadcasting", 1.0),
        (210.3, 12e3, 3.0, "broadcasting", 0.85),
        (210.0, 7.6e6, 60.0, "broadcasting", 0.0),
        (433.92, 30e3, 0.1, "short-range", 0.2),
        (433.0, 30e3, 0.1, "short-range", 0.2),
        (434.79, 30e3, 0.1, "amateur", 0.5),
        (491.2, 12e3, 0.8, "meters", 0.3),
        (491.2, 12e3, 3.5, "meters", 0.85),
        (536.0, 12e3, 3.5, "broadcast-tv", 0.85),
        (409.8, 12e3, 3.5, "public-walkie-talkie", 0.3),
    ],
)
def test_published_cases_weigh_and_licensed_services_do_not(
    center_mhz, bandwidth_hz, on_time_s, service, weight
):
    row = CHINA.find(center_mhz * 1e6, bandwidth_hz, on_time_s)
    assert row is not None
    assert (row.service, row.weight) == (service, weight)


def test_outside_the_plan_nothing_is_said():
    assert CHINA.find(20e6, 1e3, 1) is None
    assert CHINA.find(6e9, 1e3, 1) is None
    assert BandPlan().find(433e6, 1e3, 1) is None


rows = st.builds(
    lambda low, width, weight, narrow: Row(low, low + width, "s", weight, narrow),
    st.integers(0, 50).map(float),
    st.integers(1, 30).map(float),
    st.floats(0, 1),
    st.none() | st.just(10.0),
)


@given(st.lists(rows, max_size=12), st.floats(-5, 90), st.floats(1, 20))
def test_the_quick_search_finds_what_walking_the_file_finds(plan, center_hz, bandwidth_hz):
    slow = next((row for row in plan if row.fits(center_hz, bandwidth_hz, 1.0)), None)
    assert BandPlan(tuple(plan)).find(center_hz, bandwidth_hz, 1.0) is slow


def test_faults_of_a_plan_have_their_place(tmp_path):
    path = tmp_path / "b.yml"
    path.write_text(
        "bands:\n  - {band: 435M:433M, service: x, weight: 0.1}\n  - {band: 1M:2M, service: x, weight: 2}\n"
    )
    with pytest.raises(InputError) as caught:
        bandplan.load(path)
    assert [fault.line for fault in caught.value.faults] == [2, 3]


def test_a_second_plan_shows_that_the_plan_is_data() -> None:
    europe = bandplan.load(PLANS / "eu.yml")
    handheld = europe.find(446.05e6, 11e3, 3.0)
    assert handheld is not None
    assert handheld.service == "public-walkie-talkie"
    assert handheld.usual_width_hz == 12_500.0
    assert handheld.usual_modulation == ("nfm", "fsk4")
    china = CHINA.find(446.05e6, 11e3, 3.0)
    assert china is not None
    assert china.service == "land-mobile"


def test_rows_that_stand_behind_a_wider_row_are_not_dead() -> None:
    for plan in (CHINA, bandplan.load(PLANS / "eu.yml")):
        for number, row in enumerate(plan.rows):
            hidden = [
                other
                for other in plan.rows[:number]
                if other.low_hz <= row.low_hz
                and row.high_hz <= other.high_hz
                and other.narrower_than_hz is None
                and other.longer_than_s is None
            ]
            assert not hidden, (row, hidden)


def test_a_sweep_is_cut_where_the_plans_weights_change() -> None:
    assert CHINA.weighted([(166e6, 168e6)]) == [(166e6, 167e6, 0.275), (167e6, 168e6, 0.5)]
    # Meters send one burst of a second at most; what is longer there weighs more, and a sweep is for both.
    assert CHINA.weighted([(475e6, 480e6)]) == [(475e6, 480e6, 0.85)]
    assert bandplan.BandPlan().weighted([(1e6, 2e6)]) == [(1e6, 2e6, bandplan.UNPLANNED_WEIGHT)]


def test_police_and_rescue_bands_of_the_shipped_plan_are_not_decoded() -> None:
    assert set(CHINA.no_decoding) == {(351e6, 358e6), (361e6, 368e6), (406e6, 406.1e6)}
