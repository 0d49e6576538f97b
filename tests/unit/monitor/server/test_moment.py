"""A radio alert's moment beside its site's survey: how much more there is, or why there is nothing."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.faults import WorldError
from monitor.moment import excess
from monitor.sensors import CutOffError
from monitor.server.services import EvidenceFile
from monitor.server.spectrum_views import TemplateView
from monitor.server.views import EvidenceRef
from sdr.evidence import Mark, Receiver, write_evidence
from sdr.types import SampleFormat
from tests.unit.monitor.server.conftest import NOON, make_alert

FINGERPRINT = "f" * 16
RATE_HZ, CENTER_HZ, NOISE = 240e3, 169e6, 0.02
NOISE_DB = 10 * math.log10(2 * NOISE**2 / RATE_HZ)
AMPLITUDE = 0.1
BIN_HZ = 12_500.0
OVER_DB = 10 * math.log10((AMPLITUDE**2 / BIN_HZ + 2 * NOISE**2 / RATE_HZ) / (2 * NOISE**2 / RATE_HZ))
"""A tone of that amplitude in a bin of the survey, over the noise alone."""
TONE_HZ = 169.025e6


def template(query_low_hz: float, differ: list[str] | None = None) -> TemplateView:
    n = 24
    first = math.floor(query_low_hz / BIN_HZ) - 1
    return TemplateView(
        surveyed_at=NOON, hour=4, low_hz=(first - 0.5) * BIN_HZ, bin_hz=BIN_HZ,
        p50=[NOISE_DB] * n, p90=[NOISE_DB] * n, max=[NOISE_DB + 5] * n,
        settings_differ=differ or [],
    )  # fmt: skip


class Surveys:
    def __init__(self) -> None:
        self.asked = []
        self.answer = template

    async def view(self, query):
        self.asked.append(query)
        return self.answer(query.low_hz)


@pytest.fixture
def surveys(world, monkeypatch):
    found = Surveys()
    plain = world.services
    monkeypatch.setattr(world, "services", lambda: replace(plain(), templates=found))
    return found


@pytest.fixture
def raised(world, tmp_path):
    """A burst of half a second at `TONE_HZ`, kept with its description."""
    rng = np.random.default_rng(3)
    n = int(1.5 * RATE_HZ)
    t = np.arange(n) / RATE_HZ
    iq = NOISE * (rng.normal(size=n) + 1j * rng.normal(size=n))
    iq[(t > 0.5) & (t < 1.0)] += AMPLITUDE * np.exp(
        2j * np.pi * (TONE_HZ - CENTER_HZ) * t[(t > 0.5) & (t < 1.0)]
    )
    mark = Mark(0.5, 1.0, TONE_HZ - 3e3, TONE_HZ + 3e3, "x")
    raw = np.stack([iq.real, iq.imag], axis=1).astype("<f4")
    kept = write_evidence(
        tmp_path / "e",
        raw,
        SampleFormat.CF32,
        RATE_HZ,
        CENTER_HZ,
        NOON,
        marks=[mark],
        receiver=Receiver("roof"),
    )
    item = next(one for one in kept.items if one.role == "samples")
    world.files[item.digest] = EvidenceFile(item.path, item.media_type, "samples")

    def put(**more) -> EvidenceFile | None:
        shown = {
            "digest": "sha256:p", "samples": item.digest, "t0_s": 0.0, "t1_s": 1.5,
            "low_hz": CENTER_HZ - 80e3, "high_hz": CENTER_HZ + 80e3,
            "box": {"t0_s": 0.52, "t1_s": 0.98, "low_hz": TONE_HZ - 3e3, "high_hz": TONE_HZ + 3e3},
        }  # fmt: skip
        event = {"kind": "radio", "sensor": "roof", "at": NOON.isoformat(), "spectrogram": shown} | more
        refs = [
            EvidenceRef(digest="sha256:" + "0" * 64, media_type="application/octet-stream", role="samples"),
            EvidenceRef(digest=item.digest, media_type=item.media_type, role="samples"),
        ]
        world.book.put(make_alert(FINGERPRINT, event=event, evidence=refs))
        return world.files.get(item.digest)

    return put


async def asked(client) -> dict[str, object]:
    answer = await client.get(f"/api/alerts/{FINGERPRINT}/spectrum")
    assert answer.status == 200
    return json.loads(await answer.text())


async def test_the_excess_over_the_survey_is_told_in_decibels(surveys, client, raised):
    raised()
    view = await asked(client)
    assert (view["state"], view["survey"]) == ("kept", "there")
    assert view["over_median_db"] == pytest.approx(OVER_DB, abs=1.0)
    assert view["over_max_db"] == pytest.approx(OVER_DB - 5, abs=1.0)
    assert abs(view["at_hz"] - TONE_HZ) <= BIN_HZ
    hz = view["low_hz"] + (np.argmax(view["mean"]) + 0.5) * view["bin_hz"]
    assert abs(hz - TONE_HZ) < view["bin_hz"]
    assert (surveys.asked[0].sensor, surveys.asked[0].at) == ("roof", NOON)


async def test_without_a_survey_the_spectrum_is_still_told(client, raised):
    raised()
    view = await asked(client)
    assert (view["survey"], view["template"], view["over_median_db"]) == ("elsewhere", None, None)
    assert len(view["mean"]) > 100


@pytest.mark.parametrize(
    ("answer", "survey"),
    [
        (lambda _low: None, "none"),
        (lambda _low: template(433e6), "not-there"),
        (lambda low: template(low, differ=["gain"]), "there"),
    ],
)
async def test_where_nothing_compares_it_says_why(surveys, client, raised, answer, survey):
    surveys.answer = answer
    raised()
    view = await asked(client)
    assert (view["survey"], view["over_median_db"]) == (survey, None)


async def test_a_survey_that_cannot_be_read_is_told_and_the_spectrum_stays(surveys, client, raised):
    def broken(_low):
        raise WorldError("t.json: broken")

    surveys.answer = broken
    raised()
    view = await asked(client)
    assert (view["survey"], view["state"]) == ("broken", "kept")


async def test_of_an_edges_alert_its_survey_is_asked_for_by_node_and_sensor(surveys, client, raised):
    raised(node="no1")
    assert (await asked(client))["survey"] == "there"
    assert surveys.asked[0].sensor == "no1:roof"

    def away(_low):
        raise CutOffError("edge no1 does not answer")

    surveys.answer = away
    view = await asked(client)
    assert (view["survey"], view["state"]) == ("elsewhere", "kept")


async def test_a_recording_that_is_gone_broken_or_was_never_kept_is_told(surveys, client, world, raised):
    file = raised()
    file.path.with_suffix(".sigmf-meta").write_text("{")
    assert (await asked(client))["state"] == "broken"
    world.files.clear()
    assert (await asked(client))["state"] == "gone"
    shown = {
        "samples": None,
        "low_hz": 1,
        "high_hz": 9,
        "box": {"t0_s": 0, "t1_s": 1, "low_hz": 2, "high_hz": 3},
    }
    raised(spectrogram=shown)
    view = await asked(client)
    assert (view["state"], view["mean"]) == ("none", [])


@pytest.mark.parametrize(
    "shown", [None, "x", {"low_hz": 2, "high_hz": 1}, {"low_hz": 1, "high_hz": 2, "box": {"t0_s": "x"}}]
)
async def test_an_alert_without_a_moment_has_none(client, raised, shown):
    raised(spectrogram=shown)
    answer = await client.get(f"/api/alerts/{FINGERPRINT}/spectrum")
    assert (answer.status, (await answer.json())["code"]) == (404, "no-such-moment")


@settings(deadline=None)
@given(st.floats(-20, 40), st.integers(1, 40), st.floats(0, 11_000))
def test_a_level_that_is_even_stands_over_an_even_survey_by_their_difference(over, per_bin, shift_hz):
    survey = template(CENTER_HZ)
    bin_hz = BIN_HZ / per_bin
    mean = [NOISE_DB + over] * (per_bin * 10)
    found = excess(CENTER_HZ + shift_hz, bin_hz, mean, survey, (CENTER_HZ + 40e3, CENTER_HZ + 50e3))
    assert found is not None
    assert found.over_median_db == pytest.approx(over, abs=1e-6)
    assert found.over_max_db == pytest.approx(over - 5, abs=1e-6)


def test_a_band_that_was_not_surveyed_or_not_recorded_compares_with_nothing():
    survey = template(CENTER_HZ)
    assert excess(CENTER_HZ, 500.0, [-100.0] * 100, survey, (150e6, 151e6)) is None
    assert excess(150e6, 500.0, [-100.0] * 100, survey, (CENTER_HZ, CENTER_HZ + 20e3)) is None
