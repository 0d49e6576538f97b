"""``locate``: GeoJSON on standard output, and one line where there is too little."""

from __future__ import annotations

import json

import pytest

from monitor.cli import main

SENSORS = """
sensors:
  - {id: a, lat: 30.5931, lon: 114.3054}
  - {id: b, lat: 30.5951, lon: 114.3054}
  - {id: c, lat: 30.5931, lon: 114.3084, offset_db: 2}
  - {id: d, lat: 30.5951, lon: 114.3084}
"""
LEVELS = [("a", -30), ("b", -50), ("c", -45), ("d", -55)]


@pytest.fixture
def sensors(tmp_path):
    path = tmp_path / "sensors.yml"
    path.write_text(SENSORS)
    return path


def locate(tmp_path, sensors, lines: list[str]) -> int:
    path = tmp_path / "levels.jsonl"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(SystemExit) as ended:
        main(["locate", str(path), "--sensors", str(sensors)])
    return ended.value.code


def level(sensor: str, dbfs: float, **more) -> str:
    return json.dumps({"sensor": sensor, "level_dbfs": dbfs, **more})


def kinds(collection) -> list[str]:
    return [feature["properties"]["kind"] for feature in collection["features"]]


def test_levels_become_an_area_and_the_strongest_sensor(tmp_path, sensors, capsys) -> None:
    assert locate(tmp_path, sensors, [level(*one) for one in LEVELS]) == 0
    collection = json.loads(capsys.readouterr().out)
    assert collection["type"] == "FeatureCollection"
    assert collection["status"] == "located"
    area, point = collection["features"]
    assert area["geometry"]["type"] in ("Polygon", "MultiPolygon")
    assert area["properties"]["confidence"] == 0.9
    assert area["properties"]["area_m2"] >= 100 * 100
    assert point["geometry"] == {"type": "Point", "coordinates": [114.3054, 30.5931]}
    assert point["properties"]["sensor"] == "a"
    ring = area["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert all(114.29 < lon < 114.32 and 30.58 < lat < 30.61 for lon, lat in ring)


def test_a_record_of_scan_will_do_and_its_summary_is_passed_over(tmp_path, sensors, capsys) -> None:
    lines = [
        json.dumps({"type": "emission", "sensor": s, "peak_dbfs": v, "center_hz": 169e6 + 100 * v})
        for s, v in LEVELS
    ]
    assert locate(tmp_path, sensors, [*lines, '{"type":"summary","seconds":1}']) == 0
    assert kinds(json.loads(capsys.readouterr().out)) == ["area", "strongest"]


def test_two_frequencies_are_two_senders(tmp_path, sensors, capsys) -> None:
    lines = [level(s, v, center_hz=f) for f in (169e6, 433.9e6) for s, v in LEVELS]
    assert locate(tmp_path, sensors, lines) == 0
    collection = json.loads(capsys.readouterr().out)
    assert kinds(collection) == ["area", "strongest"] * 2
    assert [one["emission"] for one in collection["results"]] == ["169.0000 MHz", "433.9000 MHz"]


def test_two_sensors_are_too_few_and_that_is_said_in_one_line(tmp_path, sensors, capsys) -> None:
    assert locate(tmp_path, sensors, [level(*one) for one in LEVELS[:2]]) == 0
    captured = capsys.readouterr()
    collection = json.loads(captured.out)
    assert collection["status"] == "insufficient"
    assert kinds(collection) == ["strongest"]
    assert len(captured.err.splitlines()) == 1
    assert "3 are needed; strongest at a" in captured.err


def test_nothing_heard_is_an_empty_collection(tmp_path, sensors, capsys) -> None:
    assert locate(tmp_path, sensors, []) == 0
    collection = json.loads(capsys.readouterr().out)
    assert collection["features"] == []
    assert collection["status"] == "insufficient"


def test_bad_lines_are_told_by_number_and_the_rest_is_located(tmp_path, sensors, capsys) -> None:
    lines = [level(*one) for one in LEVELS]
    assert locate(tmp_path, sensors, ["nonsense", *lines, level("x", -1), '{"sensor":"a"}']) == 2
    captured = capsys.readouterr()
    assert kinds(json.loads(captured.out)) == ["area", "strongest"]
    assert [line.split(":")[1] for line in captured.err.splitlines()] == ["1", "6", "7"]


def test_a_plan_in_metres_gives_metres_and_says_so(tmp_path, capsys) -> None:
    plan = tmp_path / "plan.yml"
    plan.write_text(
        "- {id: a, x: 0, y: 0}\n- {id: b, x: 200, y: 0}\n- {id: c, x: 0, y: 200}\n- {id: d, x: 200, y: 200}\n"
    )
    assert locate(tmp_path, plan, [level(*one) for one in LEVELS]) == 0
    collection = json.loads(capsys.readouterr().out)
    assert "metres" in collection["note"]
    assert collection["features"][1]["geometry"]["coordinates"] == [0.0, 0.0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sensors:\n  - {id: a, lat: 30}\n", ":2: sensor 'a' needs lat and lon"),
        ("sensors:\n  - {id: a, x: 1, y: 1}\n  - {id: a, x: 1, y: 2}\n", ":3: sensor 'a' stands here twice"),
        ("sensors:\n  - {id: a, lat: 99, lon: 1}\n", ":2: "),
        ("sensors:\n  - {id: a, lat: 9, lon: 1, colour: red}\n", ":2: "),
    ],
)
def test_a_wrong_sensor_is_told_by_its_line(tmp_path, capsys, text, told) -> None:
    path = tmp_path / "sensors.yml"
    path.write_text(text)
    assert locate(tmp_path, path, []) == 2
    assert f"{path}{told}" in capsys.readouterr().err
