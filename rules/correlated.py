"""What a correlation that fired says to people: what was found together, and each event of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from rules.condition import show_condition
from rules.event import ALL_FIELDS
from rules.quantity import show_duration, show_quantity
from rules.rule import Correlation, Reason
from rules.window import Entry, periodic

MAX_SHOWN: Final = 10
"""Events that are listed, the newest; the first sentence counts all."""
MAX_WORDS: Final = 40


def members_why(correlation: Correlation, members: Sequence[Entry]) -> Iterator[Reason]:
    """One reason for the whole, then one for each event."""
    yield _whole(correlation, members)
    for entry in members[-MAX_SHOWN:]:
        en, zh = event_line(entry.event, entry.at)
        step = show_condition(correlation.steps[entry.steps[0]])
        yield Reason(step, "at", "counted", None, clock(entry.at), (), en, zh)


def _whole(correlation: Correlation, members: Sequence[Entry]) -> Reason:
    within, within_zh = _both(correlation.within_s)
    n, least = len(members), correlation.at_least
    match correlation.type:
        case "values":
            name = correlation.field
            known = ALL_FIELDS.get(name)
            values = sorted({entry.value for entry in members})
            shown = ", ".join(values[:MAX_SHOWN])
            label_en, label_zh = (known.en, known.zh) if known else (name, name)
            en = f"{n} different ({label_en}) within {within}: {shown} (at least {least})"
            zh = f"{within_zh}内有 {n} 个不同的{label_zh}：{shown}（至少 {least} 个）"
            return Reason("", name, "values", least, values[:MAX_SHOWN], (), en, zh)
        case "count":
            en, zh = (
                f"{n} events within {within} (at least {least})",
                f"{within_zh}内 {n} 次（至少 {least} 次）",
            )
            return Reason("", "at", "count", least, n, (), en, zh)
        case "period":
            train, period_s = periodic(correlation, members)
            due = clock(train[-1].start + period_s)
            every = show_quantity(round(period_s, 1))
            en = f"{n} bursts, one every {every} s; the next is due at {due} (at least {least} bursts)"
            zh = f"{n} 次突发，周期 {every} 秒；预计下一次在 {due}（至少 {least} 次）"
            return Reason("", "at", "period", list(correlation.period_s), round(period_s, 3), (), en, zh)
        case "sequence" | "coincidence" as kind:
            steps = [show_condition(step) for step in correlation.steps]
            spread, spread_zh = _both(_told_s(members[-1].at - members[0].at))
            # Conditions are for who writes rules; what they found stands below, line by line.
            if kind == "sequence":
                en = f"{n} findings one after the other, {spread} from first to last (at most {within})"
                zh = f"{n} 项发现依次出现，首尾相隔{spread_zh}（限{within_zh}内）"
            else:
                en = f"{n} findings that belong together, {spread} apart (at most {within})"
                zh = f"{n} 项发现相互印证，相隔{spread_zh}（限{within_zh}内）"
            return Reason("", "at", kind, steps, round(members[-1].at - members[0].at, 3), (), en, zh)


def _told_s(seconds: float) -> float:
    """To the second up to ten minutes, then to the minute: nobody reads 1065 s."""
    return float(round(seconds) if seconds < 600 else 60 * round(seconds / 60))


def _both(seconds: float) -> tuple[str, str]:
    """``90s`` and `` 90 秒 ``: a bare m is a metre to who reads Chinese."""
    short = show_duration(seconds)
    units = {"d": "天", "h": "小时", "m": "分钟", "s": "秒"}
    return short, f" {short[:-1]} {units[short[-1]]}"


def event_line(event: Mapping[str, Any], at: float) -> tuple[str, str]:
    """One event in one line, English and Chinese."""
    if event.get("kind") == "web":
        words = " ".join(str(event.get("title") or event.get("text") or "").split())[:MAX_WORDS]
        source = event.get("source") or event.get("author") or "?"
        return f"{clock(at)} {source}: “{words}”", f"{clock(at)} {source}：“{words}”"
    frequency = _shown(event, "center_hz", "Hz")
    level = _shown(event, "snr_db", "dB", 1)
    sensor = event.get("sensor") or "?"
    return (
        f"{clock(at)} {sensor}: {', '.join(part for part in (frequency, level) if part)}",
        f"{clock(at)} {sensor}：{'，'.join(part for part in (frequency, level) if part)}",
    )


def clock(at: float) -> str:
    """Hours to seconds, universal time, said so."""
    return f"{datetime.fromtimestamp(round(at), UTC):%H:%M:%S}Z"


def _shown(event: Mapping[str, Any], name: str, unit: str, digits: int = 6) -> str:
    value = event.get(name)
    return show_quantity(round(float(value), digits), unit) if isinstance(value, int | float) else ""
