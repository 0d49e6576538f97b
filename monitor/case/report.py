"""Reports as one HTML page: a case, or a span of time; plain enough to be handed to police.

Everything on the page is escaped: posts are strangers' words. The page holds no script and loads
nothing. Its hashes are those of the evidence store and of the audit chain, so that whoever has
it can ask later whether the record is still the one it was made of.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

from jinja2 import DictLoader, Environment, StrictUndefined

from monitor.alert.alert import LEVEL_RANK
from monitor.case.playbook import Book
from monitor.case.reader import Listed, Whole
from monitor.case.words import WORDS
from monitor.proof import NOTHING_PROVEN, Covered
from monitor.server.views import AlertDetail, AlertView, Kind, Level
from monitor.store.audit import Head

Language = Literal["zh", "en"]
MAX_TEXT: Final = 3000
"""Of a post, on paper; the whole of it is in the evidence."""
MAX_LISTED: Final = 5000
"""Alerts of a session that are named one by one, a hundred pages of them; all are counted."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every report."""

    site: str
    language: Language
    made_at: datetime
    zone: tzinfo
    head: Head
    """Of the audit chain, when the report was made."""
    departments: Mapping[str, str] = field(default_factory=dict[str, str])
    """Id to name in `language`."""
    venues: Mapping[str, str] = field(default_factory=dict[str, str])
    """As `departments`."""


@dataclass(frozen=True, slots=True)
class Sat:
    """A session of an exam as it is called, and the ids of the venues that sat it."""

    exam: str
    session: str
    starts_at: datetime
    ends_at: datetime
    venues: Sequence[str]


def case_report(whole: Whole, alerts: Sequence[AlertDetail], book: Book | None, frame: Frame) -> str:
    """One case with its alerts, evidence and every step."""
    return _page("case.html", frame, case=whole.listed.case, whole=whole, alerts=alerts, book=book)


def session_report(
    alerts: Sequence[AlertView],
    cases: Sequence[Listed],
    start: datetime,
    end: datetime,
    frame: Frame,
    covered: Covered = NOTHING_PROVEN,
    raised: Mapping[str, datetime] | None = None,
    sat: Sequence[Sat] = (),
) -> str:
    """All of a span of time, also where nothing was found. What was a drill is no finding, and told apart.

    `alerts` are those of the span, the gravest first; `raised`, when each was told first, by fingerprint.
    """
    told = [one for one in alerts if one.kind != "health"]
    found, drills = [one for one in told if not one.drill], [one for one in told if one.drill]
    failures = [one for one in alerts if one.kind == "health"]
    by_kind = Counter[tuple[Kind, Level]]((one.kind, one.level) for one in found)
    gravest_first = sorted(by_kind, key=lambda row: (row[0], -LEVEL_RANK[row[1]]))
    verdicts = Counter(one.case.verdict if one.case is not None else None for one in found)
    return _page(
        "session.html",
        frame,
        start=start,
        end=end,
        found=found[:MAX_LISTED],
        n_found=len(found),
        drills=drills[:MAX_LISTED],
        failures=failures,
        by_kind=[(row, by_kind[row]) for row in gravest_first],
        verdicts=sorted(verdicts.items(), key=lambda item: (item[0] is None, item[0] or "")),
        cases=cases,
        times=_times(found, cases, raised or {}),
        covered=covered,
        sat=sat,
    )


def _times(
    alerts: Sequence[AlertView], cases: Sequence[Listed], raised: Mapping[str, datetime]
) -> list[tuple[str, float, float, int]]:
    """Minutes from publication to alert, from alert to verdict, and the whole way.

    Each with its name, median, longest, and of how many.
    """
    judged = {one: listed.case.judged_at for listed in cases for one in listed.alerts}
    seen: list[float] = []
    reviewed: list[float] = []
    whole: list[float] = []
    for alert in alerts:
        published = _instant(alert.event.get("published_at"))
        raised_at = raised.get(alert.fingerprint, alert.starts_at)
        if published is not None and raised_at >= published:
            seen.append((raised_at - published).total_seconds() / 60)
        at = judged.get(alert.fingerprint)
        if at is not None and at >= raised_at:
            reviewed.append((at - raised_at).total_seconds() / 60)
            if published is not None and at >= published:
                whole.append((at - published).total_seconds() / 60)
    rows = (
        ("published_to_alert", seen), ("alert_to_verdict", reviewed), ("published_to_verdict", whole),
    )  # fmt: skip
    return [(name, sorted(some)[len(some) // 2], max(some), len(some)) for name, some in rows if some]


def _instant(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo is not None else None


def _offset(at: datetime) -> str:
    """``UTC+8``: letters such as CST are the zones of several countries."""
    minutes = round((at.utcoffset() or timedelta()).total_seconds() / 60)
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours}{f':{rest:02}' if rest else ''}"


def _page(template: str, frame: Frame, **values: Any) -> str:
    words = {name: both[frame.language] for name, both in WORDS.items()}

    def instant(given: datetime | str | None) -> str:
        at = _instant(given) if isinstance(given, str) else given
        if at is None:
            return ""
        there = at.astimezone(frame.zone)
        return f"{there:%Y-%m-%d %H:%M:%S} {_offset(there)}"

    def short(text: Any) -> str:
        told = str(text)
        return told if len(told) <= MAX_TEXT else told[:MAX_TEXT] + "…"

    def mhz(hz: float) -> str:
        return f"{hz / 1e6:.4f}".rstrip("0").rstrip(".")

    def percent(share: float | None) -> str:
        return "–" if share is None else f"{share:.0%}"

    def word(name: Any) -> str:
        return words.get(str(name), str(name))

    def department(name: str) -> str:
        return frame.departments.get(name, name)

    def place(name: str | None) -> str:
        return frame.venues.get(name, name) if name else "–"

    return (
        _templates()
        .get_template(template)
        .render(
            frame=frame,
            language=frame.language,
            w=words,
            instant=instant,
            short=short,
            word=word,
            mhz=mhz,
            place=place,
            percent=percent,
            department=department,
            **values,
        )
    )


@cache
def _templates() -> Environment:
    folder = files("monitor") / "case" / "templates"
    pages = {one.name: one.read_text("utf-8") for one in folder.iterdir() if one.name.endswith(".html")}
    return Environment(
        loader=DictLoader(pages), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
