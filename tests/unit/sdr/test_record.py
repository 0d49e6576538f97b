"""The JSON that users' scripts read: every promised name, and null for what is unknown."""

import json
from datetime import UTC, datetime, timedelta, timezone

from sdr.plan import Band, make_plan
from sdr.record import emission_record, instant, summary_record
from sdr.scanner import ScanStatus
from sdr.types import Emission

AT = datetime(2026, 6, 7, 1, 32, 10, 123_400, tzinfo=UTC)
PROMISED = [
    "type",
    "id",
    "sensor",
    "start_s",
    "end_s",
    "first_seen",
    "last_seen",
    "ended",
    "center_hz",
    "bandwidth_hz",
    "snr_db",
    "peak_dbfs",
    "modulation",
    "confidence",
    "symbol_rate",
    "bursts",
    "on_time_s",
    "duty_cycle",
    "burst_period_s",
    "new",
    "service",
    "flags",
    "decoded",
    "evidence",
]


def emission(**changes):
    values = {
        "id": "01J",
        "sensor": "cli",
        "start_s": 3.21044,
        "end_s": 3.67111,
        "first_seen": AT,
        "last_seen": AT + timedelta(seconds=0.46),
        "ended": True,
        "center_hz": 433920110.04,
        "bandwidth_hz": 12100.0,
        "snr_db": 18.24,
        "peak_dbfs": -32.11,
        "bursts": 3,
        "on_time_s": 0.42,
        "duty_cycle": 0.05,
    }
    return Emission(**{**values, **changes})


def test_every_promised_field_is_there_and_unknown_ones_are_null():
    record = json.loads(json.dumps(emission_record(emission())))
    assert set(PROMISED) <= set(record)
    for name in ("modulation", "confidence", "symbol_rate", "burst_period_s", "new", "service", "evidence"):
        assert record[name] is None
    assert (record["flags"], record["decoded"]) == ([], [])


def test_known_values_are_rounded_to_what_was_measured():
    record = emission_record(emission(symbol_rate=1200.04, confidence=0.934, flags=("dc",), new=True))
    assert (record["start_s"], record["center_hz"], record["snr_db"]) == (3.2104, 433920110.0, 18.2)
    assert (record["symbol_rate"], record["confidence"], record["flags"]) == (1200.0, 0.93, ["dc"])
    assert record["new"] is True


def test_an_instant_is_utc_with_milliseconds():
    assert instant(AT) == "2026-06-07T01:32:10.123Z"
    assert instant(AT.astimezone(timezone(timedelta(hours=8)))) == "2026-06-07T01:32:10.123Z"


def test_the_summary_names_what_was_heard_what_the_odds_are_and_what_was_not_watched():
    odds = make_plan([Band(430e6, 440e6)], 2.4e6, 0.1).odds()
    status = ScanStatus(n_samples=2_400_000, n_dropped=7, n_gaps=1, n_emissions=2)
    record = json.loads(json.dumps(summary_record(status, 2.4e6, odds, [(24e6, 430e6), (440e6, 1766e6)])))
    assert (record["type"], record["seconds"], record["n_dropped"], record["n_gaps"]) == (
        "summary",
        1.0,
        7,
        1,
    )
    (band,) = record["bands"]
    assert (band["low_hz"], band["high_hz"]) == (430e6, 440e6)
    assert 0 < band["intercept_0.1s"] < band["intercept_1s"] <= band["intercept_5s"] == 1
    assert band["revisit_s"] == round(odds[0].revisit_s, 3)
    assert record["unwatched"][0] == {"low_hz": 24e6, "high_hz": 430e6}
