"""Rhythms over separate emissions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sdr.repeat import Repetition
from sdr.types import Emission


def heard(start_s: float, center_hz: float = 169e6) -> Emission:
    at = datetime(2026, 6, 7, tzinfo=UTC)
    return Emission("x", "s", start_s, start_s + 0.1, at, at, True, center_hz, 12e3, 10.0, -40.0, 1, 0.1, 1.0)


def test_three_starts_in_step_show_a_period_and_its_duty_cycle() -> None:
    known = Repetition()
    assert known.add(heard(1.0)).burst_period_s is None
    assert known.add(heard(3.0)).burst_period_s is None
    third = known.add(heard(5.0, 169.0024e6))
    assert third.burst_period_s == pytest.approx(2.0)
    assert third.duty_cycle == pytest.approx(0.05)
    # The next is due two seconds after the third began.
    assert third.next_burst_at is not None
    assert (third.next_burst_at - third.first_seen).total_seconds() == pytest.approx(2.0)
    assert third.next_burst_within_s == pytest.approx(0.001)


def test_starts_out_of_step_show_none() -> None:
    known = Repetition()
    for start in (1.0, 2.0, 5.5, 6.1, 9.9):
        last = known.add(heard(start))
    assert last.burst_period_s is None
    assert last.next_burst_at is None


def test_channels_do_not_mix() -> None:
    known = Repetition()
    for start in (1.0, 2.0, 3.0):
        last = known.add(heard(start, 169e6 + 25e3 * start))
    assert last.burst_period_s is None
