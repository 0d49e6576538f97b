"""What a scan covers: its odds are those of the visits it made, and bursts are heard as often as it says."""

from datetime import UTC, datetime

import pytest

from benchmarks.sweep import BANDS, run, world
from sdr.coverage import Coverage
from sdr.scanner import Scanner, ScanSettings
from sdr.source.base import SourceInfo
from sdr.source.synth import SynthSource
from sdr.types import SampleFormat

INFO = SourceInfo(
    "x", SampleFormat.CU8, 2.4e6, 433.92e6, datetime(2026, 6, 7, tzinfo=UTC), None, tunable=True, live=True
)
FIXED = SourceInfo(
    "f.cu8", SampleFormat.CU8, 1e6, 433.92e6, datetime(2026, 6, 7, tzinfo=UTC), 10, tunable=False, live=False
)


def test_a_recording_watches_its_passband_and_names_the_rest():
    coverage = Coverage(FIXED, (), (), 0.1, None)
    assert coverage.bands == [(433.42e6, 434.42e6)]
    assert coverage.unwatched == [(24e6, 433.42e6), (434.42e6, 1766e6)]
    assert coverage.odds[0].intercept(0.1) == 1.0


def test_a_recording_asked_for_more_than_it_holds_says_what_it_does_not_hear():
    coverage = Coverage(FIXED, ((430e6, 434e6), (169e6, 170e6)), (), 0.1, None)
    assert coverage.bands == [(433.42e6, 434e6)]


def test_a_weight_that_is_not_given_is_one():
    given = Coverage(INFO, ((430e6, 440e6), (167e6, 174e6)), (2.0,), 0.1, None)
    assert [band.weight for band in given.plan.bands] == [2.0, 1.0]


def test_odds_turn_from_what_is_planned_to_what_was_done():
    coverage = Coverage(INFO, ((430e6, 440e6),), (), 0.1, None)
    planned = coverage.odds[0].intercept(0.1)
    at = 0
    for _ in range(3):
        for hop in coverage.plan.cycle:
            # Half of each visit is lost.
            coverage.note_visit(hop, 120_000, at + 120_000)
            at += 276_000
    assert coverage.odds[0].intercept(0.1) < planned


def test_a_scan_of_several_hops_keeps_the_rounds_that_it_planned():
    scanner = Scanner(
        SynthSource("synth", world(0.1, 8.0, 1)),
        ScanSettings(bands=BANDS, with_modulation=False, turn_to_hits=False),
        lambda report: None,
    )
    planned = [one.intercept(1.0) for one in scanner.odds]
    scanner.run()
    assert [one.intercept(1.0) for one in scanner.odds] == pytest.approx(planned, abs=0.05)


@pytest.mark.slow
@pytest.mark.parametrize("burst_s", [0.1, 1.0])
def test_bursts_are_heard_as_often_as_the_odds_say(burst_s):
    for n_sent, _, kept, heard in run(burst_s, 60.0):
        # Five points, and what chance does to so few bursts (two deviations).
        assert heard == pytest.approx(kept, abs=0.05 + 2 * (kept * (1 - kept) / n_sent) ** 0.5)
