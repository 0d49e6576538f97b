"""What a message says: few words, the gravest first, and how many more there are. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from monitor.alert import wire
from monitor.notify.group import Message
from monitor.notify.judged import Judged
from monitor.store.merge import Merged

Language = Literal["zh", "en"]
N_SHOWN: Final = 5
MAX_SUMMARY: Final = 120
_MARK: Final = {"critical": "I", "high": "II", "medium": "III", "low": "IV"}
_REASON: Final = {
    "en": {
        "first": "New",
        "new": "New in the group",
        "resolved": "Over",
        "repeat": "Still going on",
        "benign": "Judged benign",
    },
    "zh": {
        "first": "新告警",
        "new": "新增告警",
        "resolved": "已结束",
        "repeat": "仍在持续",
        "benign": "已判为正常",
    },
}
_LIFTED: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "graver": ", but graver since",
        "rule": ", but another rule fired since",
        "again": ", was over, and came again",
        "old": ", more than a day ago",
    },
    "zh": {
        "graver": "，此后级别升高",
        "rule": "，此后又触发其他规则",
        "again": "，结束后再次出现",
        "old": "，已超过一天",
    },
}
REPEATED: Final = {
    "en": "(may have been sent before: the program was interrupted while it sent this)",
    "zh": "（可能重复：发送时程序曾中断）",
}


def body(
    message: Message,
    alerts: Mapping[str, Merged],
    verdicts: Mapping[str, Judged],
    labels: Mapping[str, str],
    site: str,
    venues: Mapping[str, str],
    language: Language,
    now: datetime,
) -> dict[str, Any]:
    """The message as a webhook gets it; robots get its ``text``.

    `venues` says what people call a venue; what programs compare keeps its id.
    """
    firing = [alerts[one] for one in message.firing]
    over = [alerts[one] for one in message.resolved]
    shown = firing or over
    is_benign = not firing and all(_holds(verdicts.get(one.fingerprint)) for one in over)
    reason = _REASON[language]["benign" if is_benign else message.reason]
    n = len(shown)
    drill = {"en": "[DRILL] ", "zh": "【演练】"}[language] if any(one.drill for one in shown) else ""
    counted = f"{n} 条" if language == "zh" else f"{n} alert{'s' * (n != 1)}"
    head = f"{drill}{site} · {reason} · {counted}"
    named = {name: venues.get(value, value) if name == "venue" else value for name, value in labels.items()}
    where = " ".join(f"{name}={value}" for name, value in named.items() if value)
    lines = [head, *([where] if where else [])]
    for one in shown[:N_SHOWN]:
        # What the group has in common stands above; where it does not say the place, each line does.
        place = "" if labels.get("venue") else venues.get(one.venue or "", one.venue or "")
        lines.append(line(one, language, place))
        verdict = verdicts.get(one.fingerprint)
        if verdict is not None:
            lines.append(of_verdict(verdict, language))
    if n > N_SHOWN:
        lines.append(f"另有 {n - N_SHOWN} 条" if language == "zh" else f"and {n - N_SHOWN} more")
    if firing and over:
        benign = sum(1 for one in over if _holds(verdicts.get(one.fingerprint)))
        if len(over) > benign:
            n_over = len(over) - benign
            lines.append(f"{n_over} 条已结束" if language == "zh" else f"{n_over} over")
        if benign:
            lines.append(f"{benign} 条已判为正常" if language == "zh" else f"{benign} judged benign")
    return wire.plain(
        {
            "version": 1,
            "site": site,
            "reason": message.reason,
            "at": now,
            "labels": dict(labels),
            "title": head,
            "text": "\n".join(lines),
            "firing": [record(one) | _judgement(verdicts.get(one.fingerprint)) for one in firing],
            "resolved": [record(one) | _judgement(verdicts.get(one.fingerprint)) for one in over],
        }
    )


def of_verdict(verdict: Judged, language: Language) -> str:
    """By whom and when it was judged benign, and why it is told all the same."""
    at = verdict.at.strftime("%H:%M UTC")
    if language == "zh":
        told = f"  {verdict.by} 已于 {at} 判为正常"
    else:
        told = f"  judged benign by {verdict.by} at {at}"
    return told if verdict.lifted is None else told + _LIFTED[language][verdict.lifted]


def _holds(verdict: Judged | None) -> bool:
    return verdict is not None and verdict.lifted is None


def _judgement(verdict: Judged | None) -> dict[str, Any]:
    if verdict is None:
        return {}
    told = {"verdict": "benign", "by": verdict.by, "at": verdict.at, "lifted": verdict.lifted}
    return {"judged": told}


def line(alert: Merged, language: Language, place: str = "") -> str:
    title = alert.annotations.get(f"title_{language}", alert.fingerprint)
    told = alert.annotations.get(f"summary_{language}", "")
    told = told if len(told) <= MAX_SUMMARY else told[: MAX_SUMMARY - 1] + "…"
    at = f"{place} · " if place else ""
    return f"[{_MARK[alert.level]}] {at}{title}{': ' if told else ''}{told}"


def record(alert: Merged) -> dict[str, Any]:
    return {
        "fingerprint": alert.fingerprint,
        "kind": alert.kind,
        "level": alert.level,
        "venue": alert.venue,
        "drill": alert.drill,
        "labels": alert.labels,
        "annotations": alert.annotations,
        "starts_at": alert.starts_at,
        "ends_at": alert.ends_at,
        "count": alert.count,
    }


def text_of(told: Mapping[str, Any], language: Language, *, maybe_repeated: bool) -> str:
    """The words alone, as robots show them."""
    lines: Sequence[str] = [str(told["text"]), *([REPEATED[language]] if maybe_repeated else [])]
    return "\n".join(lines)
