"""The instant that a page writes beside a post, in whichever of the usual spellings.

    2026-06-07T09:30:00Z   1780815720   2026-6-7 9:30   2026年6月7日 下午3:05   Sun Jun 07, 2026 3:05 pm
    06-07 09:30            5 分钟前     昨天 21:30      3 hours ago            yesterday at 9:30 pm

The second line needs to know when the page was fetched; without that it is no time. A page
without a zone is taken to mean China's. Whatever comes out is the page's claim, never trusted.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

_CHINA = timezone(timedelta(hours=8))
_CLOCK = (
    r"(?:(?P<half>凌晨|早上|上午|中午|下午|晚上|傍晚)\s*)?(?P<hour>\d{1,2})[:时点](?P<minute>\d{1,2})"
    r"(?:[:分](?P<second>\d{1,2}))?(?:\s*(?P<meridiem>[ap])\.?m\b)?"
)
# The day's sign and what parts it from the clock are both optional, so they stand in one class:
# were they two groups, the first would eat the space that the second needs.
_GAP = r"(?:[日号T,\s]|at\b|周.|星期.|\(.{1,3}\)){0,8}"
_DATE = re.compile(
    r"(?<!\d)(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})(?!\d)"
    rf"(?:{_GAP}{_CLOCK})?"
)
_ENGLISH = re.compile(
    r"\b(?P<name>jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?"
    rf"\s+(?P<year>\d{{4}})(?:{_GAP}{_CLOCK})?",
    re.IGNORECASE,
)
_THIS_YEAR = re.compile(
    r"(?<![\d/.-])(?P<month>\d{1,2})\s*[-/月]\s*(?P<day>\d{1,2})(?![\d/-])" rf"(?:{_GAP}{_CLOCK})?"
)
_AGO = re.compile(
    r"(?P<count>\d{1,4}|半|an?)\s*个?\s*"
    r"(?P<unit>秒|分钟|小时|天|周|月|年|sec|min|hour|hr|day|week|month|year)[a-z]*钟?\s*(?:之?前|ago\b)"
    rf"(?:{_GAP}{_CLOCK})?",
    re.IGNORECASE,
)
_NAMED_DAY = re.compile(
    rf"(?P<word>今天|昨天|前天|\btoday\b|\byesterday\b)(?:{_GAP}{_CLOCK})?", re.IGNORECASE
)
_CLOCK_ALONE = re.compile(_CLOCK, re.IGNORECASE)
_JUST_NOW = re.compile(r"刚刚|刚才|just now|moments? ago", re.IGNORECASE)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_UNITS_S = {
    "秒": 1, "分钟": 60, "小时": 3600, "天": 86_400, "周": 604_800, "月": 2_592_000, "年": 31_536_000,
    "sec": 1, "min": 60, "hour": 3600, "hr": 3600, "day": 86_400, "week": 604_800, "month": 2_592_000,
    "year": 31_536_000,
}  # fmt: skip
_DAYS_BACK = {"今天": 0, "today": 0, "昨天": 1, "yesterday": 1, "前天": 2}
_AHEAD = timedelta(days=1)
"""How far a site's clock or zone may lie before ours until its date is one of last year."""
MAX_CHARS = 200
"""Looked at; a time stands in 60 characters, with the words before it."""


def read_time(text: str, now: datetime | None = None) -> datetime | None:
    """The instant in `text`, aware and UTC; None if it holds none.

    Parameters
    ----------
    now : datetime, optional
        When the page was fetched, aware: what "3 hours ago" counts from.
    """
    text = text[:MAX_CHARS].strip()
    try:
        return _absolute(text) or (_relative(text, now.astimezone(_CHINA)) if now else None)
    except (ValueError, OverflowError, OSError):
        return None


def _absolute(text: str) -> datetime | None:
    if re.fullmatch(r"\d{9,13}(\.\d+)?", text):
        number = float(text)
        return datetime.fromtimestamp(number / 1000 if number > 1e11 else number, UTC)
    if re.match(r"\d{4}-\d{2}-\d{2}T", text):
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=_CHINA)).astimezone(UTC)
    if match := _DATE.search(text):
        return _on(datetime(int(match["year"]), int(match["month"]), int(match["day"]), tzinfo=_CHINA), match)
    if match := _ENGLISH.search(text):
        month = _MONTHS.index(match["name"].lower()) + 1
        return _on(datetime(int(match["year"]), month, int(match["day"]), tzinfo=_CHINA), match)
    return None


def _relative(text: str, now: datetime) -> datetime | None:
    if match := _NAMED_DAY.search(text):
        return _on(now - timedelta(days=_DAYS_BACK[match["word"].lower()]), match)
    if match := _AGO.search(text):
        count = {"半": 0.5, "a": 1.0, "an": 1.0}.get(match["count"].lower()) or float(match["count"])
        then = now - timedelta(seconds=count * _UNITS_S[match["unit"].lower()])
        return _on(then, match) if match["hour"] else then.astimezone(UTC)
    if _JUST_NOW.search(text):
        return now.astimezone(UTC)
    if match := _THIS_YEAR.search(text):
        moment = _on(datetime(now.year, int(match["month"]), int(match["day"]), tzinfo=_CHINA), match)
        return moment if moment <= now + _AHEAD else moment.replace(year=moment.year - 1)
    if match := _CLOCK_ALONE.fullmatch(text):
        moment = _on(now, match)
        return moment if moment <= now else moment - timedelta(days=1)
    return None


def _on(day: datetime, match: re.Match[str]) -> datetime:
    """`day` at the clock that `match` found, or at its midnight."""
    hour = int(match["hour"] or 0)
    is_late = (match["meridiem"] or "").lower() == "p" or match["half"] in ("下午", "晚上", "傍晚")
    if hour < 12 and (is_late or (match["half"] == "中午" and hour < 11)):
        hour += 12
    elif hour == 12 and ((match["meridiem"] or "").lower() == "a" or match["half"] == "凌晨"):
        hour = 0
    moment = day.replace(
        hour=hour, minute=int(match["minute"] or 0), second=int(match["second"] or 0), microsecond=0
    )
    return moment.astimezone(UTC)
