from __future__ import annotations

from datetime import UTC, datetime, timedelta

from monitor.link.correct import corrected
from monitor.link.stamp import HubTime, Stamp
from tests.unit.monitor.conftest import make_alert

NOON = datetime(2026, 6, 7, 4, 0, tzinfo=UTC)


def stamp(boot_s: float, ahead_s: float = 0.0, boot: str = "b1") -> Stamp:
    """At noon the machine had been up for 1000 s; its clock is wrong by `ahead_s`."""
    return Stamp(NOON + timedelta(seconds=boot_s - 1000 + ahead_s), boot_s, boot)


def measured(at_s: float = 1000.0, round_trip_s: float = 0.1) -> HubTime:
    hub_time = HubTime()
    middle_s = at_s + round_trip_s / 2
    hub_time.measured(stamp(at_s), NOON + timedelta(seconds=middle_s - 1000), stamp(at_s + round_trip_s))
    return hub_time


def test_the_hubs_time_follows_from_one_question():
    assert measured().now(stamp(1060)) == NOON + timedelta(seconds=60)


def test_a_right_clock_is_left_alone_and_so_is_the_noise_of_the_uplink():
    assert measured().correction_s(stamp(900), stamp(1001)) == 0.0
    assert measured().correction_s(stamp(900, ahead_s=0.2), stamp(1001)) == 0.0
    assert measured(round_trip_s=4.0).correction_s(stamp(900, ahead_s=1.5), stamp(1005)) == 0.0


def test_each_event_is_corrected_by_what_the_clock_was_off_when_it_was_put():
    hub_time, now = measured(), stamp(1001)
    assert hub_time.correction_s(stamp(100, ahead_s=3600), now) == -3600
    assert hub_time.correction_s(stamp(200, ahead_s=-3600), now) == 3600
    assert hub_time.correction_s(stamp(300), now) == 0.0


def test_an_event_of_an_earlier_start_is_corrected_by_what_the_clock_is_off_now():
    hub_time = measured()
    assert hub_time.correction_s(stamp(5, boot="b0"), stamp(1001, ahead_s=7)) == -7


def test_of_several_questions_the_one_answered_soonest_counts():
    hub_time = measured(1000, round_trip_s=0.02)
    late = NOON + timedelta(seconds=100)
    hub_time.measured(stamp(1060), late, stamp(1064))
    assert hub_time.now(stamp(1060)) == NOON + timedelta(seconds=60)
    assert hub_time.round_trip_s is not None
    assert round(hub_time.round_trip_s, 3) == 0.02


def test_a_corrected_alert_keeps_its_own_times_in_its_event():
    alert = make_alert()
    moved = corrected(alert, -3600.0)
    assert moved.updated_at == alert.updated_at - timedelta(hours=1)
    assert alert.ends_at is not None
    assert moved.ends_at == alert.ends_at - timedelta(hours=1)
    assert moved.event["own_updated_at"] == alert.updated_at.isoformat()
    assert moved.event["clock_correction_s"] == -3600.0
    assert (moved.id, moved.fingerprint) == (alert.id, alert.fingerprint)
    assert corrected(alert, 0.0) is alert
