"""Real captures through the whole radio chain: what comes out today is what came out when a person looked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sdr.record import emission_record
from sdr.scanner import Scanner, ScanSettings
from sdr.source import open_source

HERE = Path(__file__).parent
RECORDINGS = HERE.parents[1] / "configs" / "demo" / "recordings"
GOLDEN: dict[str, dict[str, Any]] = json.loads((HERE / "golden.json").read_text())


def emissions(name: str, golden: dict[str, Any]) -> list[dict[str, Any]]:
    known = {key: float(golden[key]) for key in ("rate_hz", "center_hz") if key in golden}
    source = open_source(str(RECORDINGS / name), **known)
    found: list[dict[str, Any]] = []

    def keep(report: Any) -> None:
        if report.is_last:
            found.append(emission_record(report.emission))

    Scanner(source, ScanSettings(), keep).run()
    return found


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_the_sender_of_a_real_capture_is_described_as_a_person_saw_it(name: str) -> None:
    wanted = GOLDEN[name]["strongest"]
    found = max(emissions(name, GOLDEN[name]), key=lambda e: e["snr_db"])
    assert found["modulation"] == wanted["modulation"]
    assert found["center_hz"] == pytest.approx(
        wanted["center_hz"], abs=max(500, 0.1 * wanted["bandwidth_hz"])
    )
    assert found["bandwidth_hz"] == pytest.approx(wanted["bandwidth_hz"], rel=0.25)
    assert found["start_s"] == pytest.approx(wanted["start_s"], abs=0.006)
    assert found["end_s"] == pytest.approx(wanted["end_s"], abs=0.01)
    if "symbol_rate" in wanted:
        assert found["symbol_rate"] == pytest.approx(wanted["symbol_rate"], rel=0.02)


def test_a_replay_gives_the_same_records() -> None:
    name = "wmbus_868.950M_1M6.cu8"
    first, second = (emissions(name, GOLDEN[name]) for _ in range(2))
    assert first == second
    assert len({record["id"] for record in first}) == len(first)
