"""``survey``, ``scan --baseline`` and ``occupancy`` as a user calls them."""

from __future__ import annotations

import json

import pytest

from monitor.cli import main

WORLD = """
rate: 250k
center: 433.92M
seconds: 6
seed: {seed}
noise_dbfs: -40
emitters:
  - {{frequency: 433.9M, modulation: nfm, snr_db: 20, start: 1, burst: 1.5, period: 3}}
  - {{frequency: 433.96M, modulation: carrier, snr_db: 20}}
"""
CHEAT = "  - {frequency: 433.85M, modulation: fsk2, symbol_rate: 1200, snr_db: 18, start: 2, burst: 2}\n"


def run(*arguments) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


def synth(tmp_path, name: str, extra: str = "", seed: int = 1) -> str:
    (tmp_path / name).write_text(WORLD.format(seed=seed) + extra)
    return f"synth:{tmp_path / name}"


def test_a_scan_against_yesterdays_survey_marks_only_the_stranger(tmp_path, capsys) -> None:
    licences = tmp_path / "licences.csv"
    licences.write_bytes(
        "台站名称,频率(MHz),带宽(kHz)\n市出租车公司,433.9,12.5\n坏行,abc,\n".encode("gb18030")
    )
    out = tmp_path / "gate.json"
    source = synth(tmp_path, "before.yml")
    assert run("survey", source, "--seconds", 6, "--out", out, "--licences", licences, "--site", "gate") == 0
    told = capsys.readouterr().err
    assert f"{licences}:3: " in told
    template = json.loads(out.read_text())
    assert template["key"] == {
        "site": "gate", "receiver": source, "antenna": None, "gain_db": None, "ppm": None, "bias_tee": None,
    }  # fmt: skip
    assert [one["name"] for one in template["emissions"]] == ["市出租车公司", None]

    before = out.read_bytes()
    assert run("scan", synth(tmp_path, "day.yml", CHEAT, seed=2), "--baseline", out) == 0
    records = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    emissions = [one for one in records if one["type"] == "emission"]
    new = {round(one["center_hz"] / 1e4): one["new"] for one in emissions}
    assert new == {43385: True, 43390: False, 43396: False}
    stranger = next(one for one in emissions if one["new"])
    assert stranger["reasons"][0]["code"] == "new"
    assert "勘测" in stranger["reasons"][0]["zh"]
    assert {one["known_as"] for one in emissions} == {"市出租车公司", None}
    assert out.read_bytes() == before


def test_a_frozen_template_is_refused_as_the_place_of_another(tmp_path, capsys) -> None:
    out = tmp_path / "gate.json"
    source = synth(tmp_path, "before.yml")
    assert run("survey", source, "--seconds", 1, "--out", out, "--freeze") == 0
    before = out.read_bytes()
    assert run("survey", source, "--seconds", 1, "--out", out) == 2
    assert "frozen since" in capsys.readouterr().err
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--band", "500M:501M", "--out", "t.json"], "lies outside"),
        (["--band", "5:4", "--out", "t.json"], "lower edge must come first"),
        (["--out", "no/such/t.json"], "no folder"),
        (["--licences", "none.csv", "--out", "t.json"], "none.csv: No such file"),
    ],
)
def test_a_survey_with_wrong_input_is_one_line_and_leaves_no_file(
    tmp_path, monkeypatch, capsys, options, told
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x_433.92M_250k.cu8").write_bytes(bytes([128]) * 100_000)
    assert run("survey", "x_433.92M_250k.cu8", *options) == 2
    told_now = capsys.readouterr().err
    assert told in told_now
    assert len(told_now.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["x_433.92M_250k.cu8"]


def test_a_source_without_an_end_needs_seconds(tmp_path, capsys) -> None:
    (tmp_path / "endless.yml").write_text("rate: 250k\ncenter: 433.92M\n")
    source = f"synth:{tmp_path / 'endless.yml'}"
    assert run("survey", source, "--out", tmp_path / "t.json") == 2
    assert run("occupancy", source, "--band", "433.9M:434M", "--channel", "25k") == 2
    assert capsys.readouterr().err.count("say how long to listen") == 2


def test_a_baseline_that_is_no_template_is_told_before_the_scan(tmp_path, capsys) -> None:
    (tmp_path / "t.json").write_text("{}")
    assert run("scan", synth(tmp_path, "w.yml"), "--baseline", tmp_path / "t.json") == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"{tmp_path / 't.json'}: not a site template")
    assert captured.out == ""


def test_occupancy_prints_channels_and_band_and_writes_what_it_is_asked_for(tmp_path, capsys) -> None:
    source = synth(tmp_path, "w.yml")
    arguments = ("occupancy", source, "--band", "433.85M:433.975M", "--channel", "25k")
    files = ("--plot", tmp_path / "p.png", "--sm1809", tmp_path / "s.txt", "--site", "gate")
    assert run(*arguments, "--format", "jsonl", *files) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["type"] for row in rows] == ["channel"] * 5 + ["band"]
    assert rows[4]["fco"] == 1.0
    assert rows[0]["fco"] == 0.0
    assert rows[1]["fco"] + rows[2]["fco"] == pytest.approx(
        1.0, abs=0.1
    )  # on the edge of two, half of the time
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"
    assert "LocationName gate" in (tmp_path / "s.txt").read_text()
    assert run(*arguments) == 0
    assert "FBO" in capsys.readouterr().out.splitlines()[-1]
    assert run(*arguments, "--format", "csv") == 0
    assert capsys.readouterr().out.startswith("type,low_hz,high_hz,center_hz,fco,")


def test_occupancy_of_a_band_that_a_recording_holds_in_part_is_refused(tmp_path, capsys) -> None:
    path = tmp_path / "x_433.92M_250k.cu8"
    path.write_bytes(bytes([128]) * 100_000)
    assert run("occupancy", path, "--band", "433.9M:434.2M", "--channel", "25k") == 2
    assert capsys.readouterr().err.startswith(f"{path}: holds ")
