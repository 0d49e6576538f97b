"""Times as pages write them, in China's zone where they name none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawlers.moment import read_time

NOW = datetime(2026, 6, 7, 2, 0, tzinfo=UTC)
"""10:00 in China."""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-07T07:02:00Z", "2026-06-07T07:02:00"),
        ("2026-06-07T15:02:00+08:00", "2026-06-07T07:02:00"),
        ("2026-06-07T15:02:00", "2026-06-07T07:02:00"),
        ("1780815720", "2026-06-07T07:02:00"),
        ("1780815720000", "2026-06-07T07:02:00"),
        ("发表于 2026-6-7 15:02:00", "2026-06-07T07:02:00"),
        ("2026年6月7日 15:02", "2026-06-07T07:02:00"),
        ("2026/06/07 15:02", "2026-06-07T07:02:00"),
        ("2026-6-7 09:00", "2026-06-07T01:00:00"),
        ("2026年6月7日9:05", "2026-06-07T01:05:00"),
        ("2026年6月7日 9:05", "2026-06-07T01:05:00"),
        ("2026年6月7日 9时05分30秒", "2026-06-07T01:05:30"),
        ("2026 年 6 月 7 日  9:05", "2026-06-07T01:05:00"),
        ("2026-06-07\u00a009:05", "2026-06-07T01:05:00"),
        ("2026年6月7日 星期日 下午3:02", "2026-06-07T07:02:00"),
        ("2026-6-7 凌晨12:30", "2026-06-06T16:30:00"),
        ("2026-6-7 中午12:30", "2026-06-07T04:30:00"),
        ("2026-6-7", "2026-06-06T16:00:00"),
        ("Sun Jun 07, 2026 3:02 pm", "2026-06-07T07:02:00"),
        ("June 7th, 2026 at 12:02 AM", "2026-06-06T16:02:00"),
    ],
)  # fmt: skip
def test_a_time_that_names_its_day_needs_no_now(text, expected):
    assert read_time(text).isoformat() == expected + "+00:00"
    assert read_time(text, NOW) == read_time(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("06-07 09:00", "2026-06-07T01:00:00"),
        ("6月7日 9:05", "2026-06-07T01:05:00"),
        ("12-31 23:00", "2025-12-31T15:00:00"),
        ("6-8 01:00", "2026-06-07T17:00:00"),
        ("5 分钟前", "2026-06-07T01:55:00"),
        ("发表于 5\u00a0分钟前", "2026-06-07T01:55:00"),
        ("半小时前", "2026-06-07T01:30:00"),
        ("30秒前", "2026-06-07T01:59:30"),
        ("3 天前", "2026-06-04T02:00:00"),
        ("3\u00a0天前 09:12", "2026-06-04T01:12:00"),
        ("2个月前", "2026-04-08T02:00:00"),
        ("昨天 21:30", "2026-06-06T13:30:00"),
        ("前天\u00a008:00", "2026-06-05T00:00:00"),
        ("今天 09:05", "2026-06-07T01:05:00"),
        ("09:05", "2026-06-07T01:05:00"),
        ("21:30", "2026-06-06T13:30:00"),
        ("刚刚", "2026-06-07T02:00:00"),
        ("3 hours ago", "2026-06-06T23:00:00"),
        ("an hour ago", "2026-06-07T01:00:00"),
        ("1 min ago", "2026-06-07T01:59:00"),
        ("Yesterday at 9:30 pm", "2026-06-06T13:30:00"),
        ("Today, 09:30 AM", "2026-06-07T01:30:00"),
        ("just now", "2026-06-07T02:00:00"),
    ],
)
def test_a_time_that_counts_from_the_fetch_is_read_with_it_and_is_none_without(text, expected):
    assert read_time(text, NOW).isoformat() == expected + "+00:00"
    assert read_time(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "99999999999999",
        "2026-13-45 99:99",
        "2026-02-30",
        "NaN",
        "02-30 09:00",
        "25:61",
        "回复 3",
        "3/4/5",
    ],
)
def test_what_is_no_time_is_none(text):
    assert read_time(text, NOW) is None


@given(st.text(max_size=60) | st.from_regex(r"[0-9年月日:/\- 前天分钟apm]{0,60}"))
def test_no_text_breaks_it_and_what_comes_out_is_utc(text):
    moment = read_time(text, NOW)
    assert moment is None or moment.utcoffset() == timedelta(0)


@given(st.integers(0, 3_000_000_000))
def test_a_date_written_out_in_any_common_way_comes_back(seconds):
    expected = datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    at = expected + timedelta(hours=8)
    for form in (
        "%Y-%m-%d %H:%M:%S",
        "%Y/%m/%d %H:%M:%S",
        "%Y年%m月%d日 %H:%M:%S",
        "%Y年%m月%d日%H时%M分%S秒",
    ):
        assert read_time(f"发表于 {at.strftime(form)} 只看该作者") == expected
