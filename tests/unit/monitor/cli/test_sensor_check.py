"""``sensor check``: one page that says what is wrong and what to do."""

from __future__ import annotations

import json

import numpy as np
import pytest

from monitor import machine
from monitor.cli import main
from monitor.cli.sensor import page
from sdr.checkup import Findings, Verdict, judge

GOOD = Findings(
    seconds=10.0, rate_hz=2.4e6, live=True, n_dropped=0, n_samples=24_000_000, n_gaps=0, rate_error_ppm=100.0,
    clipped_share=0.0, rms_dbfs=-30.0, rms_steps=2.9, floor_dbfs_hz=-95.0, floor_step_db=0.4,
)  # fmt: skip


def check(capsys, *arguments) -> tuple[int, dict[str, str]]:
    with pytest.raises(SystemExit) as ended:
        main(["sensor", "check", *map(str, arguments), "--format", "jsonl"])
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return ended.value.code, {row["item"]: row["state"] for row in rows}


def world(tmp_path, noise: float, emitters: str = "[]") -> str:
    (tmp_path / "w.yml").write_text(
        f"rate: 250k\ncenter: 433.9M\nseconds: 4\nnoise_dbfs: {noise}\nemitters: {emitters}\n"
    )
    return f"synth:{tmp_path / 'w.yml'}"


def test_a_good_receiver_is_fit_and_its_ppm_is_told(tmp_path, capsys) -> None:
    source = world(tmp_path, -38, "[{frequency: 433.95M, modulation: carrier, snr_db: 25}]")
    code, states = check(capsys, source, "--seconds", 3, "--carrier", "433.95M")
    assert code == 0
    assert {states[item] for item in ("samples", "overload", "gain", "floor", "ppm")} == {"ok"}


def test_a_carrier_elsewhere_than_it_should_be_is_bad(tmp_path, capsys) -> None:
    source = world(tmp_path, -38, "[{frequency: 433.96M, modulation: carrier, snr_db: 25}]")
    code, states = check(capsys, source, "--seconds", 3, "--carrier", "433.95M")
    assert (code, states["ppm"]) == (1, "bad")


@pytest.mark.parametrize(
    ("noise", "item", "state"), [(-3, "overload", "bad"), (-45, "gain", "weak"), (-70, "gain", "bad")]
)
def test_too_much_and_too_little_gain_are_told_apart(tmp_path, capsys, noise, item, state) -> None:
    _, states = check(capsys, world(tmp_path, noise), "--seconds", 2)
    assert states[item] == state


def test_a_hub_that_does_not_answer_is_bad(tmp_path, capsys) -> None:
    code, states = check(capsys, world(tmp_path, -38), "--seconds", 1, "--hub", "127.0.0.1:1")
    assert (code, states["uplink"]) == (1, "bad")


@pytest.mark.parametrize(
    ("change", "item", "state"),
    [
        ({}, "samples", "ok"),
        ({"n_dropped": 1_000, "n_gaps": 2}, "samples", "weak"),
        ({"n_dropped": 1_000_000, "n_gaps": 9}, "samples", "bad"),
        ({"n_samples": 0}, "samples", "bad"),
        ({"rate_error_ppm": -2000.0}, "usb", "weak"),
        ({"rate_error_ppm": -60_000.0}, "usb", "bad"),
        ({"clipped_share": 0.001}, "overload", "weak"),
        ({"floor_step_db": 6.0}, "floor", "weak"),
    ],
)
def test_each_fault_has_its_item_and_a_cure_in_both_languages(change, item, state) -> None:
    from dataclasses import replace

    verdicts = {one.item: one for one in judge(replace(GOOD, **change))}
    assert verdicts[item].state == state
    assert bool(verdicts[item].do_en) == bool(verdicts[item].do_zh) == (state != "ok")


def test_the_page_of_a_fit_sensor_fits_a_screen_and_says_so_last() -> None:
    text = page("rtl:0", [Verdict("samples", "ok", "fine", "正常")] * 8)
    assert len(text.splitlines()) <= 40
    assert text.splitlines()[-1] == "fit / 合格"
    assert "NOT fit: 1 bad" in page("rtl:0", [Verdict("disk", "bad", "full", "满", "Make room.", "清理。")])


def test_the_machine_answers_for_its_disk_and_its_uplink(tmp_path) -> None:
    assert (machine.free_bytes(tmp_path / "not" / "yet") or 0) > 0
    assert machine.uplink_fault("127.0.0.1", 1) is not None
    assert machine.clock_synchronised() in (True, False, None)


def test_a_floor_that_steps_is_measured(tmp_path, capsys) -> None:
    rng = np.random.default_rng(1)
    quiet = rng.normal(127.5, 2.0, (500_000, 2))
    loud = rng.normal(127.5, 8.0, (500_000, 2))
    raw = np.clip(np.round(np.concatenate([quiet, loud])), 0, 255).astype(np.uint8)
    path = tmp_path / "x_433M_250k.cu8"
    raw.tofile(path)
    _, states = check(capsys, path, "--seconds", 4)
    assert states["floor"] == "weak"
