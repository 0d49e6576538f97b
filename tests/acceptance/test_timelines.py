"""An exam day, hour by hour."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from crawlers.errors import CrawlError
from monitor.sensors import SensorError
from monitor.store import Store
from monitor.store.audit import AuditQuery, read_entries
from tests.acceptance.stage import HARMLESS, SALE, instant, performance


async def test_a_burst_in_a_quiet_band_is_an_alert_inside_the_session_and_not_before_it(tmp_path):
    async with performance(tmp_path, "06:00", web=False) as stage:
        await stage.until("06:30")
        await stage.hear("roof")
        assert "radio-unknown-narrowband" not in await stage.rules()
        await stage.until("10:05")
        await stage.hear("roof")
        assert "radio-unknown-narrowband" in await stage.rules()


async def test_bursts_of_one_channel_are_one_alert_that_counts_them(tmp_path):
    async with performance(tmp_path, "08:55", web=False) as stage:
        for minute in (5, 11, 17, 23):
            await stage.until(f"09:{minute:02}")
            await stage.hear("roof", center_hz=169.0e6 + 40 * minute)
        (view,) = await stage.alerts()
        assert (view.count, view.labels["channel"], view.event["n_repeats"]) == (4, "169 MHz", 3)
        assert {"radio-unknown-narrowband", "radio-repeated-bursts"} <= {hit.rule for hit in view.rules}


async def test_a_burst_that_two_sensors_hear_is_one_alert_counted_once_and_graver(tmp_path):
    async with performance(tmp_path, "08:55", web=False) as stage:
        await stage.until("09:05")
        await stage.hear("roof")
        (alone,) = await stage.alerts()
        await stage.hear("gate", snr_db=5.0, center_hz=169.0e6 + 700)
        (both,) = await stage.alerts()
        assert alone.fingerprint == both.fingerprint
        assert (alone.event["n_sensors"], both.event["n_sensors"], both.count) == (1, 2, 1)
        assert "radio-several-sensors" in await stage.rules()


async def test_a_sender_on_the_border_of_two_channels_stays_one_alert_over_a_restart(tmp_path):
    border_hz = 169.0e6 + 6_250
    async with performance(tmp_path, "09:00", web=False) as stage:
        for minute, off_hz in ((5, -50), (11, 50)):
            await stage.until(f"09:{minute:02}")
            await stage.hear("roof", center_hz=border_hz + off_hz)
        assert len(await stage.alerts()) == 1
    async with performance(tmp_path, "09:15", web=False) as stage:
        await stage.until("09:17")
        await stage.hear("roof", center_hz=border_hz + 80)
        (view,) = await stage.alerts()
        assert view.count == 3


async def test_a_sensor_silent_for_ninety_seconds_is_an_alert_that_resolves_when_it_works(tmp_path):
    async with performance(tmp_path, "09:00", web=False) as stage:
        stage.ears["gate"].refuses = [SensorError("rtl:1: no such device", retry=True)] * 8
        stage.ears["gate"].script.put(SensorError("rtl:1: unplugged", retry=True))
        await stage.until("09:01")
        assert await stage.alerts(kinds=frozenset({"health"})) == []
        await stage.until("09:03")
        (view,) = await stage.alerts(kinds=frozenset({"health"}))
        assert (view.labels["id"], view.venue, view.level, view.firing) == ("gate", "no1", "high", True)
        assert "rtl:1" in view.annotations["summary_zh"]
        await stage.until("09:20")
        (over,) = await stage.alerts(kinds=frozenset({"health"}))
        assert (over.fingerprint, over.firing, over.count) == (view.fingerprint, False, 1)


async def test_a_source_that_stays_dead_is_an_alert_over_a_restart_until_it_is_read_again(tmp_path):
    dead = CrawlError("status_5xx", "http://news.test/feed", "503 Service Unavailable")
    async with performance(tmp_path, "09:00") as stage:
        stage.web.failing["news.test"] = dead
        await stage.until("09:10")
        (view,) = await stage.alerts(kinds=frozenset({"health"}))
        assert (view.labels, view.level) == ({"part": "source", "id": "news", "problem": "failing"}, "medium")
    async with performance(tmp_path, "09:12") as stage:
        assert [v.firing for v in await stage.alerts(kinds=frozenset({"health"}))] == [True]
        await stage.until("09:15")
        (over,) = await stage.alerts(kinds=frozenset({"health"}))
        assert (over.firing, over.count) == (False, 1)


async def test_an_alert_ends_two_burst_periods_after_the_last_burst(tmp_path):
    async with performance(tmp_path, "09:00", web=False) as stage:
        await stage.until("09:30")
        await stage.hear("roof")
        await stage.until("09:41")
        assert await stage.alerts(state="firing")
        await stage.until("09:43")
        assert not await stage.alerts(state="firing")
        assert await stage.alerts(state="ended")


async def test_a_carrier_fires_while_it_lasts_and_is_counted_once(tmp_path):
    async with performance(tmp_path, "09:00", web=False) as stage:
        await stage.until("09:30")
        await stage.hear("roof", lasting=True, id="long")
        await stage.until("10:30")
        (firing,) = await stage.alerts(state="firing")
        assert firing.ends_at is None
        await stage.hear("roof", id="long", duration_s=3600.0)
        (ended,) = await stage.alerts()
        assert (ended.count, ended.ends_at) == (1, instant("10:42"))


async def test_a_post_is_an_alert_and_a_harmless_one_is_none(tmp_path):
    async with performance(tmp_path, "08:00") as stage:
        stage.web.posts["board.test"] = [("1", SALE), ("2", HARMLESS)]
        await stage.until("09:10")
        (view,) = await stage.of_rule("web-answer-sale")
        assert view.kind == "web"
        assert len({other.labels["document"] for other in await stage.alerts()}) == 1
        assert view.starts_at <= view.updated_at
        assert view.evidence[0].role == "document"
        spans = [view.event["text"][a:b] for reason in view.why for a, b in reason.spans]
        assert any("答案" in span for span in spans)


async def test_an_edited_post_is_the_same_alert_again(tmp_path):
    async with performance(tmp_path, "09:00") as stage:
        stage.web.posts["board.test"] = [("1", SALE)]
        await stage.until("09:05")
        stage.web.posts["board.test"] = [("1", SALE + "，支持支付宝")]
        await stage.until("09:10")
        (view,) = await stage.of_rule("web-answer-sale")
        assert (view.count, view.event["version"], view.event["edited"]) == (2, 2, True)


async def test_after_a_restart_nothing_is_told_twice_and_nothing_is_forgotten(tmp_path):
    async with performance(tmp_path, "09:00") as stage:
        stage.web.posts["board.test"] = [("1", SALE)]
        await stage.until("09:05")
        (before,) = await stage.of_rule("web-answer-sale")
        position = await stage.book.last_change()
    async with performance(tmp_path, "09:06") as stage:
        stage.web.posts["board.test"] = [("1", SALE)]
        await stage.until("09:20")
        assert await stage.book.changes_since(position, 10) == []
        stage.web.posts["board.test"] += [("2", SALE.replace("V信", "QQ"))]
        await stage.until("09:25")
        changed = {change.alert.fingerprint for change in await stage.book.changes_since(position, 10)}
        assert before.fingerprint not in changed
        assert len(await stage.of_rule("web-answer-sale")) == 2


async def test_the_web_is_polled_each_minute_from_ten_minutes_before_the_start_to_the_end(tmp_path):
    async with performance(tmp_path, "07:00") as stage:
        await stage.until("12:30")
        asked = stage.web.asked["board.test"]
        gaps = [(later - earlier, earlier) for earlier, later in pairwise(asked)]
        inside = [gap for gap, at in gaps if instant("08:51") <= at < instant("11:29")]
        outside = [gap for gap, at in gaps if at < instant("08:40")]
        assert max(inside) <= timedelta(seconds=60)
        assert min(outside) >= timedelta(seconds=280)
        assert any(instant("08:50") <= at < instant("08:51") for at in asked)


async def test_a_failing_source_shows_is_retried_and_leaves_the_others_alone(tmp_path):
    async with performance(tmp_path, "09:00") as stage:
        await stage.until("09:01")
        stage.web.failing["news.test"] = CrawlError(
            "status_5xx", "http://news.test/feed", "503 Service Unavailable"
        )
        stage.web.posts["board.test"] = [("1", SALE)]
        await stage.until("09:08")
        health = stage.daemon.health.view()
        states = {source.id: source for source in health.sources}
        assert (health.status, states["news"].state, states["board"].state) == ("degraded", "failed", "ok")
        assert "503" in (states["news"].error or "")
        assert states["news"].n_failures >= 3
        assert await stage.of_rule("web-answer-sale")
        stage.web.failing.clear()
        await stage.until("09:20")
        assert stage.daemon.health.view().status == "ok"


async def test_a_failing_sensor_shows_is_opened_again_and_leaves_the_others_alone(tmp_path):
    async with performance(tmp_path, "09:00", web=False) as stage:
        stage.ears["gate"].refuses = [SensorError("rtl:1: no such device", retry=True)] * 2
        stage.ears["gate"].script.put(SensorError("rtl:1: unplugged", retry=True))
        await stage.until("09:00:00")
        states = {sensor.id: sensor for sensor in stage.daemon.health.view().sensors}
        assert (states["roof"].state, states["gate"].state) == ("ok", "failed")
        assert states["gate"].error == "rtl:1: unplugged"
        await stage.until("09:10")
        await stage.hear("roof")
        assert await stage.alerts()
        assert stage.ears["gate"].n_opened == 4
        assert stage.daemon.health.view().status == "ok"


async def test_a_sensor_that_is_wrongly_configured_is_tried_once_a_minute(tmp_path):
    async with performance(tmp_path, "09:00", web=False) as stage:
        stage.ears["gate"].script.put(SensorError("x.cu8: not a recording"))
        stage.ears["gate"].refuses = [SensorError("x.cu8: not a recording")] * 100
        await stage.until("09:05:30")
        assert stage.ears["gate"].n_opened == 6


async def test_a_recording_that_ends_is_ended_and_not_failed(tmp_path):
    async with performance(tmp_path, "09:00", web=False) as stage:
        stage.ears["gate"].script.put(None)
        await stage.until("09:01")
        health = stage.daemon.health.view()
        assert {sensor.id: sensor.state for sensor in health.sensors}["gate"] == "ended"
        assert health.status == "ok"


async def test_while_the_disk_is_full_alerts_wait_and_then_all_arrive(tmp_path):
    async with performance(tmp_path, "09:30", web=False) as stage:
        stage.book.full = True
        for channel in range(5):
            await stage.hear("roof", center_hz=169.0e6 + 25_000 * channel)
        await stage.until("09:35")
        health = stage.daemon.health.view()
        assert (health.status, health.queue.n_waiting) == ("degraded", 5)
        assert health.queue.oldest_s > 200
        assert await stage.alerts() == []
        stage.book.full = False
        await stage.until("09:40")
        assert len(await stage.alerts()) == 5
        assert stage.daemon.health.view().queue.n_waiting == 0


async def test_what_was_raised_but_not_stored_is_stored_by_the_next_start(tmp_path):
    async with performance(tmp_path, "09:30") as stage:
        stage.book.full = True
        await stage.hear("roof", lasting=True)
        assert await stage.alerts() == []
    async with performance(tmp_path, "10:30") as stage:
        (view,) = await stage.alerts()
        # Whoever would have told its end is gone: it ends as its last news lets expect.
        assert view.ends_at == instant("09:42")


async def test_sessions_stand_in_the_audit_chain_as_they_begin_and_end(tmp_path):
    async with performance(tmp_path, "08:00", web=False) as stage:
        await stage.until("18:00")
    store = Store(f"sqlite:{tmp_path / 'var' / 'store.db'}")
    assert store.verify() > 5
    with store.reader.connect() as db:
        found = [one.action for one in read_entries(db, AuditQuery(limit=100))][::-1]
    store.close()
    turns = [action for action in found if action.startswith(("daemon.", "session."))]
    assert turns == ["daemon.started", *["session.started", "session.ended"] * 2]
    # Each quarter of an hour from ten minutes before a session to ten minutes after it.
    assert found.count("coverage.proven") == 12 + 10


async def test_health_shows_the_days_sessions_with_their_phase(tmp_path):
    async with performance(tmp_path, "08:00", web=False) as stage:
        for clock_time, phases in (
            ("08:30", ["before", "none"]),
            ("09:00", ["in", "none"]),
            ("11:45", ["after", "none"]),
            ("13:00", ["none", "before"]),
            ("15:00", ["none", "in"]),
        ):
            await stage.until(clock_time)
            assert [session.phase for session in stage.daemon.health.view().sessions] == phases


async def test_a_mistake_of_ours_in_a_sensors_thread_ends_the_daemon(tmp_path):
    async with performance(tmp_path, "09:00", web=False) as stage:
        stage.ears["gate"].script.put(ZeroDivisionError("a bug"))
        with pytest.raises(ExceptionGroup) as caught:
            await stage.running
        assert caught.group_contains(ZeroDivisionError)
