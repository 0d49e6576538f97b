"""Why a test is true of an event, in words and in places of the original text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from rules.event import ALL_FIELDS, Field, FieldType
from rules.facts import Facts, TextReading
from rules.modifiers import VERDICTS, occurrences, verdict_holds
from rules.quantity import show_quantity
from rules.roles_zh import because_zh
from rules.rule import Reason, Test, Value

MAX_SPANS: Final = 20
"""Places shown for one test: enough to find them in a post, bounded for a book."""

_EN: Final = {
    "equals": "{}",
    "gt": "over {}",
    "gte": "at least {}",
    "lt": "under {}",
    "lte": "at most {}",
    "between": "between {}",
    "within": "within {}",
    "contains": "contains {}",
    "startswith": "starts with {}",
    "endswith": "ends with {}",
    "re": "fits {}",
}
_ZH: Final = {
    "equals": "{}",
    "gt": "大于 {}",
    "gte": "不低于 {}",
    "lt": "小于 {}",
    "lte": "不高于 {}",
    "between": "介于 {}",
    "within": "处于 {}",
    "contains": "含有 {}",
    "startswith": "开头是 {}",
    "endswith": "结尾是 {}",
    "re": "符合 {}",
}
_CATEGORIES_ZH: Final = {
    "sell": "出售答案",
    "scam": "诈骗",
    "proxy": "替考",
    "device": "作弊器材",
    "paper": "试卷",
    "help": "考中求助",
    "rumour": "谣言",
}
_PHASES_EN: Final = {
    "before": "before the exam",
    "in": "during the exam",
    "after": "after the exam",
    "none": "no exam near",
}
_PHASES_ZH: Final = {"before": "考前", "in": "考试中", "after": "考后", "none": "非考试时段"}


def reason(selection: str, test: Test, facts: Facts) -> Reason:
    """The reason that `test`, which is true, gives."""
    field = ALL_FIELDS[test.field]
    if test.type == "text" and test.modifier != "exists":
        reading = facts.reading(test.field)
        if reading is not None:
            return _text_reason(selection, test, field, reading, facts)
    actual = facts.event.get(test.field)
    en, zh = show_actual(test, actual, "en"), show_actual(test, actual, "zh")
    if test.modifier == "equals" and len(test.values) == 1 and wanted(test, "en") == en:
        # It is what is wanted: said once.
        asks_en, asks_zh = "", ""
    else:
        asks_en, asks_zh = f" ({wanted(test, 'en')})", f"（{wanted(test, 'zh')}）"
    return Reason(
        selection,
        test.field,
        test.modifier,
        expected_of(test),
        sorted(actual) if isinstance(actual, set | frozenset) else actual,
        (),
        f"{field.en}: {en}{asks_en}",
        f"{field.zh}：{zh}{asks_zh}",
    )


def _text_reason(selection: str, test: Test, field: Field, reading: TextReading, facts: Facts) -> Reason:
    if test.modifier in VERDICTS:
        return _verdict_reason(selection, test, field, reading, facts)
    places: list[tuple[int, int]] = []
    for value in test.values:
        for start, end in islice(occurrences(test, str(value), reading.canonical), MAX_SPANS):
            places.extend(reading.canonical.spans(start, end))
    original = str(facts.event[test.field])
    spans = merged(places)[:MAX_SPANS]
    found = [original[start:end] for start, end in spans]
    shown = list(dict.fromkeys(found))
    return Reason(
        selection,
        test.field,
        test.modifier,
        expected_of(test),
        shown,
        in_text(test.field, spans, facts),
        f"{field.en}: {_quoted(shown)} ({wanted(test, 'en')})",
        f"{field.zh}：{_quoted(shown)}（{wanted(test, 'zh')}）",
    )


def _verdict_reason(selection: str, test: Test, field: Field, reading: TextReading, facts: Facts) -> Reason:
    fired = [str(value) for value in test.values if verdict_holds(test.modifier, str(value), reading)]
    best = max((reading.categories[name] for name in fired), key=lambda score: score.score)
    spans = merged(span for name in fired for hit in reading.categories[name].terms for span in hit.spans)
    zh, because = "、".join(_CATEGORIES_ZH[name] for name in fired), "; ".join(best.why)
    return Reason(
        selection,
        test.field,
        test.modifier,
        expected_of(test),
        round(best.score, 4),
        in_text(test.field, spans[:MAX_SPANS], facts),
        f"{field.en}: reads as {', '.join(fired)}, {best.score:.2f} of {best.threshold:.2f} ({because})",
        f"{field.zh}：判为{zh}，得分 {best.score:.2f}，阈值 {best.threshold:.2f}（{because_zh(best.why)}）",
    )


def in_text(field: str, spans: Iterable[tuple[int, int]], facts: Facts) -> tuple[tuple[int, int], ...]:
    """Spans of `field` as spans of the event's ``text``: a title counts where the text begins with it."""
    text = facts.event.get("text")
    if field == "text" or (isinstance(text, str) and text.startswith(str(facts.event.get(field)))):
        return tuple(spans)
    return ()


def merged(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Sorted, doubled and overlapping ones joined."""
    found: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if found and start < found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif not found or (start, end) != found[-1]:
            found.append((start, end))
    return found


def expected_of(test: Test) -> Any:
    """The wanted values as they stand in a record: one bare, several as a list."""
    values = [list(value) if isinstance(value, tuple) else value for value in test.values]
    return values[0] if len(values) == 1 else values


@lru_cache(maxsize=8192)
def wanted(test: Test, language: str) -> str:
    """What the test wants, for people; a rule wants the same each time it fires."""
    zh = language == "zh"
    if test.modifier in ("exists", "empty"):
        known = (test.values[0] is True) == (test.modifier == "exists")
        if zh:
            return "须存在" if known else "须为空"
        return "must be there" if known else "must be empty"
    if test.modifier in VERDICTS:
        mainly_en, mainly_zh = ("mainly ", "主要") if test.modifier == "mainly" else ("", "")
        names = [_CATEGORIES_ZH[str(value)] if zh else str(value) for value in test.values]
        return (f"须{mainly_zh}判为" if zh else f"reads {mainly_en}as ") + ("、" if zh else " or ").join(
            names
        )
    unit = ALL_FIELDS[test.field].unit
    if test.field == "phase":
        values = [(_PHASES_ZH if zh else _PHASES_EN).get(str(value), str(value)) for value in test.values]
    else:
        values = [_value(value, test.type, unit, zh) for value in test.values]
    several = ("和" if zh else " and ") if test.every else ("或" if zh else " or ")
    return (_ZH if zh else _EN)[test.modifier].format(several.join(values))


def show_actual(test: Test, actual: Any, language: str) -> str:
    """What the event says, for people."""
    zh = language == "zh"
    if actual is None:
        return "未知" if zh else "not known"
    if isinstance(actual, list | tuple | set | frozenset):
        return ", ".join(sorted(map(str, actual))) or ("无" if zh else "none")
    if test.field == "phase":
        return (_PHASES_ZH if zh else _PHASES_EN).get(str(actual), str(actual))
    if isinstance(actual, datetime):
        return actual.isoformat()
    if test.type == "instant":
        return str(actual)
    if isinstance(actual, float):
        # A frequency is read to the channel, anything else to what an instrument is sure of.
        actual = float(f"{actual:.7g}" if abs(actual) >= 1e6 else f"{actual:.3g}")
    return _value(actual, test.type, ALL_FIELDS[test.field].unit, zh)


def _value(value: Value, type_: FieldType, unit: str, zh: bool) -> str:
    if isinstance(value, tuple):
        low, high = (_value(limit, type_, unit, zh) for limit in value)
        return f"{low} – {high}"
    if isinstance(value, bool):
        return ("是" if value else "否") if zh else ("yes" if value else "no")
    if type_ == "instant" and isinstance(value, float):
        return datetime.fromtimestamp(value, UTC).isoformat()
    if isinstance(value, int | float):
        return show_quantity(float(value), unit)
    if type_ == "text":
        return f"“{value}”"
    return value


def _quoted(words: list[str]) -> str:
    return ", ".join(f"“{' '.join(word.split())}”" for word in words)
