"""A survey shown beside the live spectrum: densities, the nearest hour, else nothing."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import pytest

from monitor.config.model import Sensor
from monitor.faults import WorldError
from monitor.server.spectrum_services import TemplateQuery
from monitor.templates import SiteTemplates, template_view
from sdr.survey import Key, Template
from sdr.survey.template import VERSION, HourLevels, Stretch, write

AT = datetime(2026, 6, 7, 23, 30, tzinfo=UTC)
SPREAD_DB = 10 * math.log10(12_500)


def levels(hour: int, base: float, n: int) -> HourLevels:
    named = {name: [base + i for i in range(n)] for name in ("p10", "p50", "p90", "p99", "max")}
    return HourLevels(hour, 100, -120.0, named, [0.0] * n)


def template() -> Template:
    first = round(169e6 / 12_500)
    stretch = Stretch(first, 8, [levels(1, -100.0, 8), levels(14, -50.0, 8)])
    return Template(VERSION, Key(gain_db=20.0), AT, AT, 60.0, 12_500.0, [stretch], [])


def query(low_hz: float, high_hz: float, n_bins: int = 1024) -> TemplateQuery:
    return TemplateQuery("roof", low_hz, high_hz, n_bins, AT)


def test_the_nearest_hour_counts_round_the_clock_and_powers_become_densities():
    seen = template_view(template(), query(169.0e6, 169.0875e6), [])
    assert seen.low_hz == pytest.approx(169e6 - 6250)
    assert seen.bin_hz == 12_500
    assert seen.p50 == [round(-100 + i - SPREAD_DB, 1) for i in range(8)]


def test_outside_of_the_survey_nothing_is_claimed():
    seen = template_view(template(), query(168.95e6, 169.025e6), [])
    assert seen.max[:4] == [None] * 4
    assert seen.max[4] == round(-100 - SPREAD_DB, 1)
    assert template_view(template(), query(433e6, 434e6), []).p90 == [None] * 81


def test_of_several_bins_the_highest_is_shown():
    seen = template_view(template(), query(169.0e6, 169.0875e6, 4), [])
    assert seen.bin_hz == 25_000
    assert seen.p50 == [round(-100 + i - SPREAD_DB, 1) for i in (1, 3, 5, 7)]


async def test_other_settings_than_at_the_survey_are_told_and_a_lost_file_is_the_worlds_fault(tmp_path):
    path = tmp_path / "t.json"
    write(path, template())
    values = {"id": "roof", "source": "rtl:0", "baseline": path, "gain_db": 30.0}
    desk = SiteTemplates([Sensor.model_validate(values, context={"base": tmp_path})])
    seen = await desk.view(query(169e6, 169.1e6))
    assert seen is not None
    assert "gain" in seen.settings_differ[0]
    assert await desk.view(TemplateQuery("gate", 169e6, 170e6, 10, AT)) is None
    path.unlink()
    with pytest.raises(WorldError, match=r"t\.json"):
        await desk.view(query(169e6, 169.1e6))
