"""A sensor's worker on a synthetic world: what it reports, keeps and says of itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from monitor.bandplan import BandPlan, load
from monitor.config.model import History, Replay, Sensor
from monitor.faults import InputError
from monitor.flatten import RadioContext, flat_emission
from monitor.receiver import Receiver
from monitor.sensors import SensorError
from monitor.timetable import SessionContext
from sdr.history_view import view
from sdr.lookout import SpectrumRow
from tests.unit.monitor.cli.test_survey_and_baseline import CHEAT, WORLD, run

PLAN = load(Path(__file__).parents[3] / "configs" / "bandplan" / "cn.yml")


def sensor(world: Path, **more: Any) -> Sensor:
    values = {"id": "roof", "source": f"synth:{world}", "replay": Replay(paced=False), **more}
    return Sensor.model_validate(values, context={"base": world.parent})


@pytest.fixture
def worlds(tmp_path: Path) -> tuple[Path, Path]:
    quiet, day = tmp_path / "quiet.yml", tmp_path / "day.yml"
    quiet.write_text(WORLD.format(seed=1))
    day.write_text(WORLD.format(seed=2) + CHEAT)
    return quiet, day


def heard(tmp_path: Path, made: Sensor) -> tuple[list[Any], Receiver]:
    found: list[Any] = []
    receiver = Receiver(made, PLAN, tmp_path / "evidence", (tmp_path / "history", History()), found.append)
    receiver.run()
    return [one for one in found if one.is_last], receiver


def test_the_survey_tells_the_stranger_from_who_was_always_there(tmp_path, worlds, capsys) -> None:
    template = tmp_path / "t.json"
    assert run("survey", f"synth:{worlds[0]}", "--seconds", 6, "--out", template) == 0
    found, _ = heard(tmp_path, sensor(worlds[1], baseline=template))
    context = RadioContext("no1", SessionContext("in"), "c", 0, 1, False)
    events = [flat_emission(one.emission, context, BandPlan()) for one in found]
    assert {round(event["center_hz"] / 1e4): event["new"] for event in events} == {
        43385: True,
        43390: False,
        43396: False,
    }
    assert all(event["changes"] == [] for event in events if event["new"])
    stranger = next(one.emission for one in found if one.emission.new)
    assert "勘测" in stranger.extra["baseline"]["reasons"][0]["zh"]


def test_other_settings_than_at_the_survey_are_said(tmp_path, worlds) -> None:
    template = tmp_path / "t.json"
    assert run("survey", f"synth:{worlds[0]}", "--seconds", 6, "--gain", 20, "--out", template) == 0
    _, receiver = heard(tmp_path, sensor(worlds[1], baseline=template, gain_db=30.0))
    assert "setting" in [note.code for note in receiver.stats().notes]


def test_a_template_that_is_none_is_named(tmp_path, worlds) -> None:
    (tmp_path / "t.json").write_text("{}")
    with pytest.raises(InputError, match=r"t\.json"):
        heard(tmp_path, sensor(worlds[1], baseline=tmp_path / "t.json"))


def test_the_past_of_the_spectrum_is_kept(tmp_path, worlds) -> None:
    found, receiver = heard(tmp_path, sensor(worlds[1]))
    start = found[0].emission.first_seen - timedelta(seconds=10)
    past = view(tmp_path / "history", "roof", 433.8e6, 434.0e6, start, start + timedelta(seconds=30))
    assert (
        past.max_db[past.max_db == past.max_db].max() > past.mean_db[past.mean_db == past.mean_db].min() + 20
    )
    assert [(band.low_hz, band.high_hz) for band in receiver.stats().bands] == [(433.795e6, 434.045e6)]
    assert receiver.stats().unwatched


def test_bands_are_cut_and_weighted_by_the_plan(tmp_path, worlds) -> None:
    made = sensor(worlds[1], bands=("433.8M:434.0M",))
    _, receiver = heard(tmp_path, made)
    assert [(band.low_hz, band.high_hz) for band in receiver.stats().bands] == [(433.8e6, 434.0e6)]


def test_receivers_that_share_their_bands_watch_all_of_them_between_them(tmp_path) -> None:
    world = tmp_path / "wide.yml"
    world.write_text("rate: 250k\ncenter: 433.92M\nseconds: 2\nemitters: []\n")
    bands = ("433.0M:433.6M", "434.0M:434.1M")
    heard_by: list[list[tuple[float, float]]] = []
    for place in range(2):
        made = sensor(world, bands=bands, share="roof")
        history = (tmp_path / "history", History())
        receiver = Receiver(made, PLAN, tmp_path / "evidence", history, lambda _: None, (place, 2))
        receiver.run()
        heard_by.append([(band.low_hz, band.high_hz) for band in receiver.stats().bands])
    assert all(heard_by)
    assert heard_by[0] != heard_by[1]
    assert {band for one in heard_by for band in one} >= {(433.0e6, 433.6e6), (434.0e6, 434.1e6)}


def test_a_receiver_shows_its_rows_is_held_and_says_so(tmp_path, worlds) -> None:
    made = sensor(worlds[1])
    receiver = Receiver(made, PLAN, tmp_path / "evidence", (tmp_path / "history", History()), lambda _: None)
    told: list[Any] = []

    def look(row: SpectrumRow) -> None:
        told.append((row.low_hz, receiver.stats()))
        if len(told) == 5:
            receiver.stare(434.5e6, datetime.now(UTC) + timedelta(days=1))
        if len(told) == 15:
            receiver.end_stare()

    receiver.show_rows(look)
    receiver.run()
    low_hz, held = told[12]
    assert low_hz == pytest.approx(434.475e6 - 125e3)
    assert held.staring == (pytest.approx(434.375e6), pytest.approx(434.575e6))
    assert [(band.low_hz, band.intercept_100ms) for band in held.bands] == [(held.staring[0], 1.0)]
    assert any(low <= 433.9e6 <= high for low, high in held.unwatched)
    assert told[0][1].staring is None
    assert told[-1][1].staring is None
    assert told[-1][0] == told[0][0]


def test_where_no_receiver_tunes_it_is_not_held(tmp_path, worlds) -> None:
    history = (tmp_path / "history", History())
    receiver = Receiver(sensor(worlds[1]), PLAN, tmp_path / "evidence", history, lambda _: None)
    with pytest.raises(SensorError, match="outside of 24 to 1766 MHz"):
        receiver.stare(2.4e9, datetime.now(UTC))
    receiver.stop()
