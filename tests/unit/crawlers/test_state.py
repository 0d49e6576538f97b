"""Pace and health of a source: when it is asked next, and when a person is wanted."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.schedule import JITTER, MAX_S, MIN_S, WEEK_S, next_interval_s
from crawlers.signs import is_captcha
from crawlers.state import MIN_ARRIVALS, SourceState, is_silent

NOW = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
HTML = {"content-type": "text/html"}


@pytest.mark.parametrize(("n_week", "expected_s"), [(0, MAX_S), (1, MAX_S), (84, 7200), (5000, MIN_S)])
def test_the_interval_follows_the_sources_own_rhythm_within_bounds(n_week, expected_s):
    assert next_interval_s(n_week=n_week, chance=0.0) == expected_s


def test_an_exam_shortens_the_interval_but_never_what_the_site_commands():
    assert next_interval_s(n_week=7, at_most_s=60, chance=0.0) == 60
    assert next_interval_s(n_week=7, ttl_s=3600, at_most_s=60, chance=0.0) == 60
    assert next_interval_s(n_week=7, wait_s=600, at_most_s=60, chance=0.0) == 600
    assert next_interval_s(n_week=7, fixed_s=900, at_most_s=60, chance=0.0) == 60


def test_a_site_may_ask_for_more_patience_than_its_rhythm():
    assert next_interval_s(n_week=5000, ttl_s=3600, chance=0.0) == 3600
    assert next_interval_s(n_week=5000, ttl_s=10**9, chance=0.0) == MAX_S


def test_failures_double_the_wait_up_to_an_hour():
    waits = [next_interval_s(n_week=0, fixed_s=5, n_failures=n, chance=0.0) for n in range(9)]
    assert waits == [5, 60, 120, 240, 480, 960, 1920, 3600, 3600]


@given(
    n_week=st.integers(0, 10**6),
    ttl_s=st.none() | st.floats(0, 1e9),
    wait_s=st.none() | st.floats(0, 86_400),
    at_most_s=st.none() | st.floats(1, 86_400),
    n_failures=st.integers(0, 100),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_no_answer_of_a_site_makes_the_interval_wild(n_week, ttl_s, wait_s, at_most_s, n_failures, chance):
    interval_s = next_interval_s(
        n_week=n_week, ttl_s=ttl_s, wait_s=wait_s, at_most_s=at_most_s, n_failures=n_failures, chance=chance
    )
    assert min(MIN_S, at_most_s or MIN_S) * (1 - JITTER) <= interval_s <= MAX_S
    assert interval_s >= (wait_s or 0)
    assert WEEK_S == 604_800


def arrivals(gaps_s: list[float]) -> list[datetime]:
    times = [NOW]
    for gap_s in gaps_s:
        times.append(times[-1] + timedelta(seconds=gap_s))
    return times


def test_a_busy_source_that_falls_silent_is_told_and_a_night_is_not():
    rng = random.Random(2)
    day = [rng.expovariate(1 / 600) for _ in range(40)]
    times = arrivals([*day, 8 * 3600, *day])
    assert not is_silent(times, times[-1] + timedelta(hours=8))
    assert not is_silent(times, times[-1] + timedelta(hours=15))
    assert is_silent(times, times[-1] + timedelta(hours=17))


def test_a_source_with_few_arrivals_has_no_rhythm():
    times = arrivals([60.0] * (MIN_ARRIVALS - 2))
    assert not is_silent(times, times[-1] + timedelta(days=30))


def test_a_pause_of_our_own_is_no_silence_of_the_source():
    times = arrivals([60.0] * 2 * MIN_ARRIVALS)
    state = SourceState("s", arrivals=times, next_poll_at=times[-1] + timedelta(minutes=1))
    later = times[-1] + timedelta(hours=3)
    assert state.signs(later) == ("silent",)
    state.polling(later)
    assert state.signs(later) == ()
    state.next_poll_at = later + timedelta(minutes=1)
    state.polling(later + timedelta(minutes=2))
    assert state.signs(later + timedelta(minutes=30)) == ("silent",)
    assert SourceState.from_json(state.to_json()) == state


def test_a_state_goes_through_json_unchanged():
    state = SourceState("s", n_polls=3, errors={"dns": 2}, last_poll_at=NOW, arrivals=[NOW], runs={"dns": 1})
    assert SourceState.from_json(state.to_json()) == state
    assert SourceState.from_json('{"source": "s", "of_a_newer_program": 1}') == SourceState("s")


def test_a_sign_needs_the_same_trouble_twice_running():
    state = SourceState("s")
    for kinds, expected in (
        ({"captcha"}, ()),
        ({"captcha", "layout"}, ("captcha",)),
        ({"layout"}, ("layout",)),
        (set(), ()),
        ({"layout"}, ()),
    ):
        state.trouble(kinds)
        assert state.signs(NOW) == expected


@pytest.mark.parametrize(
    ("status", "headers", "text"),
    [
        (403, {**HTML, "cf-mitigated": "challenge"}, ""),
        (403, HTML, "<title>Just a moment...</title><div id=cf></div>"),
        (200, HTML, "<title>百度安全验证</title><div>请完成下方验证后继续操作</div>"),
        (200, HTML, "<title>Sina Visitor System</title><p>访问过于频繁，请稍后再试</p>"),
        (
            200,
            HTML,
            "<title>知乎 - 有问题，就会有答案</title>您的网络环境存在异常，拖动滑块完成验证",
        ),
        (200, HTML, "<title>Are you a robot?</title>"),
    ],
)
def test_challenge_pages_are_recognised(status, headers, text):
    assert is_captcha(status, headers, text)


@pytest.mark.parametrize(
    ("status", "headers", "text"),
    [
        (
            200,
            HTML,
            "<title>收不到短信验证码怎么办</title>" + "<p>报名时收不到验证码。</p>" * 200,
        ),
        (200, HTML, "<title>考试区</title><p>今天考得怎么样</p>"),
        (200, {"content-type": "application/rss+xml"}, "<title>captcha</title>"),
        (404, HTML, "<title>404 Not Found</title>"),
    ],
)
def test_ordinary_pages_are_no_challenges(status, headers, text):
    assert not is_captcha(status, headers, text)


async def test_a_captcha_page_and_an_expired_cookie_are_told_by_kind(site, bench):
    site.pages["/feed"] = "<title>安全验证</title>请完成验证"
    source = {"kind": "feed", "id": "f", "url": f"{site.url}/feed"}
    await bench.poll(source)
    report = await bench.poll(source)
    assert report.error.kind == "captcha"
    assert "captcha" in report.signs
    site.pages["/feed"] = "<title>x</title>您需要先登录才能继续"
    report = await bench.poll({**source, "logged_out": "您需要先登录"})
    assert report.error.kind == "login"


async def test_a_cookie_file_is_sent_and_its_absence_told_without_its_content(site, bench, tmp_path):
    site.pages["/feed"] = b"<rss><channel></channel></rss>"
    jar = tmp_path / "cookies.txt"
    lines = ["# Netscape HTTP Cookie File", "#HttpOnly_127.0.0.1\tTRUE\t/\tFALSE\t0\tsid\tabc"]
    jar.write_text("\n".join([*lines, ".x\tTRUE\t/\tFALSE\t0\tb\tc\n"]))
    source = {"kind": "feed", "id": "f", "url": f"{site.url}/feed", "cookie_file": str(jar)}
    await bench.poll(source)
    assert site.requests[-1].headers["Cookie"] == "sid=abc; b=c"
    jar.unlink()
    report = await bench.poll(source)
    assert report.error.kind == "file"
    assert str(jar) in str(report.error)
