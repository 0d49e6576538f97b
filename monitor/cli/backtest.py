"""`examwatch rules backtest`: what a change of rules would have done to past events.

Events are read one by one, however many there are. Lines that hold no event are named and
left out; the figures of the others still come, and the command exits 2.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from rules.backtest import NEGATIVE, POSITIVE, SIDES, Backtest, Judged
from rules.curve import Curve, CurveError, Point
from rules.fault import Fault, RuleErrors, did_you_mean
from rules.load import LIBRARY, load_rules
from rules.rule import Rule

MAX_FAULTS = 20
"""Bad lines that are named; a file that is no export has a million of them."""
BAR = 20


class Format(StrEnum):
    auto = "auto"
    table = "table"
    jsonl = "jsonl"


class _Faults:
    """Bad lines: the first are kept, all are counted."""

    def __init__(self) -> None:
        self.kept: list[Fault] = []
        self.n_found = 0

    def add(self, fault: Fault) -> None:
        self.n_found += 1
        if len(self.kept) < MAX_FAULTS:
            self.kept.append(fault)


def backtest(
    rules: Annotated[Path, typer.Option("--rules", help="The rules as they would be.")],
    against: Annotated[Path, typer.Option("--against", help="Past events, one JSON object a line.")],
    current: Annotated[Path, typer.Option("--current", help="The rules in force.")] = LIBRARY,
    on_top: Annotated[
        bool, typer.Option("--on-top", help="The rules are added to those in force, or replace them by id.")
    ] = False,
    verdicts: Annotated[
        Path | None, typer.Option("--verdicts", help='Analysts\' verdicts: {"id": …, "verdict": …} a line.')
    ] = None,
    curve: Annotated[
        str | None, typer.Option("--curve", help="RULE:SELECTION:FIELD: the whole curve of a limit.")
    ] = None,
    zone: Annotated[str, typer.Option("--zone", help="Whose days are counted.")] = "Asia/Shanghai",
    as_format: Annotated[Format, typer.Option("--format", help="A table, or JSON lines.")] = Format.auto,
) -> None:
    """Alerts gained and lost by a change of rules, by day and venue; or a threshold's whole curve.

    Example: examwatch rules backtest --rules my-rules --against events.jsonl --verdicts verdicts.jsonl
    """
    bad = _Faults()
    days = _zone(zone)
    after = _load(rules)
    known = _verdicts(verdicts, bad) if verdicts else {}
    as_lines = as_format is Format.jsonl or (as_format is Format.auto and not sys.stdout.isatty())
    if curve is not None:
        traced = _curve(curve, after, days, known)
        for event in _events(against, bad):
            traced.feed(event)
        _show_curve(traced, as_lines)
    else:
        before = _load(current)
        if on_top:
            after = list(({rule.id: rule for rule in before} | {rule.id: rule for rule in after}).values())
        test = Backtest(before, after, days, known)
        for event in _events(against, bad):
            test.feed(event)
        _show_backtest(test, as_lines)
    if bad.n_found:
        _refuse(bad.kept, bad.n_found)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        sys.stderr.write(f"--zone: no time zone {name!r}\n")
        raise typer.Exit(2) from None


def _load(folder: Path) -> list[Rule]:
    try:
        return load_rules(folder)
    except RuleErrors as errors:
        _refuse(errors.faults, len(errors.faults))


def _refuse(faults: list[Fault], n_found: int) -> NoReturn:
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    if n_found > len(faults):
        sys.stderr.write(f"and {n_found - len(faults)} more / 另有 {n_found - len(faults)} 处\n")
    raise typer.Exit(2)


def _curve(text: str, rules: list[Rule], days: tzinfo, verdicts: dict[str, str]) -> Curve:
    rule_id, _, rest = text.partition(":")
    selection, _, name = rest.partition(":")
    found = {rule.id: rule for rule in rules}
    if rule_id not in found:
        sys.stderr.write(f'--curve: no rule "{rule_id}"{did_you_mean(rule_id, found)}\n')
        raise typer.Exit(2)
    try:
        return Curve(found[rule_id], selection, name, days, verdicts)
    except CurveError as error:
        sys.stderr.write(f"--curve: {error}\n")
        raise typer.Exit(2) from None


def _lines(file: Path, bad: _Faults) -> Iterator[tuple[int, dict[str, Any]]]:
    decode = msgspec.json.Decoder().decode
    console = Console(stderr=True)
    try:
        size = file.stat().st_size
        source = file.open("rb")
    except OSError as error:
        _refuse([Fault(str(file), 1, f"cannot be read: {error.strerror}")], 1)
    with source, Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(file.name, total=size)
        for number, raw in enumerate(source, start=1):
            if number % 10_000 == 0:
                progress.update(task, completed=source.tell())
            if not raw.strip():
                continue
            try:
                record = decode(raw)
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                record = None
            if isinstance(record, dict):
                yield number, record
            else:
                bad.add(Fault(str(file), number, "not a JSON object"))


def _events(file: Path, bad: _Faults) -> Iterator[dict[str, Any]]:
    for number, event in _lines(file, bad):
        if event.get("kind") in ("radio", "web"):
            yield event
        else:
            bad.add(Fault(str(file), number, "not an event: kind must be radio or web"))


def _verdicts(file: Path, bad: _Faults) -> dict[str, str]:
    found: dict[str, str] = {}
    for number, record in _lines(file, bad):
        verdict = record.get("verdict")
        if verdict in POSITIVE or verdict in NEGATIVE:
            found[str(record.get("id"))] = str(verdict)
        else:
            words = ", ".join(sorted(POSITIVE | NEGATIVE))
            bad.add(Fault(str(file), number, f"verdict must be one of {words}"))
    return found


def _show_backtest(test: Backtest, as_lines: bool) -> None:
    rows = test.rows()
    judged = {side: test.judged(side) for side in SIDES}
    if as_lines:
        for row in rows:
            record = {"day": row.cell.day, "venue": row.cell.venue, "rule": row.cell.rule}
            counts = {
                "before": row.n_before,
                "after": row.n_after,
                "gained": row.n_gained,
                "lost": row.n_lost,
            }
            _write(record | counts)
        summary = {side: _judged(judged[side]) for side in SIDES}
        _write({"type": "summary", "n_events": test.n_events, "verdicts": summary})
        return
    console = Console()
    table = Table(box=None, header_style="bold")
    for head in ("day 日期", "venue 考点", "rule 规则"):
        table.add_column(head, overflow="fold")
    for head in ("before 原", "after 新", "gained 增", "lost 减"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        counts = (row.n_before, row.n_after, row.n_gained, row.n_lost)
        cells = (row.cell.day, row.cell.venue, row.cell.rule, *map(str, counts))
        table.add_row(*map(escape, cells), style="bold" if row.n_gained or row.n_lost else "dim")
    console.print(table)
    for side, zh in (("before", "原规则"), ("after", "新规则")):
        seen = judged[side]
        if seen.n_positive or seen.n_negative:
            console.print(
                f"{side} / {zh}: found {seen.n_found} of {seen.n_positive} real, "
                f"{seen.n_false} of {seen.n_negative} harmless raised / "
                f"发现 {seen.n_found}/{seen.n_positive}，误报 {seen.n_false}/{seen.n_negative}",
                highlight=False,
                soft_wrap=True,
            )
    console.print(f"{test.n_events} events / {test.n_events} 个事件", highlight=False)


def _show_curve(curve: Curve, as_lines: bool) -> None:
    points = curve.points()
    if as_lines:
        for point in points:
            _write(_point(point))
        return
    table = Table(box=None, header_style="bold", title=f"{curve.rule.id}: {curve.selection}")
    for head in (
        f"{curve.test.field} {curve.test.modifier}",
        "alerts/day 每日警报",
        "",
        "recall 检出",
        "false 误报",
    ):
        table.add_column(head, justify="left" if not head else "right")
    most = max((point.alerts_per_day for point in points), default=0.0) or 1.0
    for point in points:
        mark = " *" if point.threshold == curve.test.values[0] else ""
        recall = "-" if point.recall is None else f"{point.recall:.0%}"
        bar = "█" * round(BAR * point.alerts_per_day / most)
        table.add_row(
            f"{point.threshold:g}{mark}", f"{point.alerts_per_day:.2f}", bar, recall, str(point.n_false)
        )
    console = Console()
    console.print(table)
    console.print("* in force / 现行门限", highlight=False)


def _judged(seen: Judged) -> dict[str, Any]:
    return {
        "positive": seen.n_positive,
        "found": seen.n_found,
        "recall": seen.recall,
        "negative": seen.n_negative,
        "false": seen.n_false,
    }


def _point(point: Point) -> dict[str, Any]:
    return {
        "threshold": point.threshold,
        "alerts": point.n_alerts,
        "alerts_per_day": point.alerts_per_day,
        "recall": point.recall,
        "false": point.n_false,
    }


def _write(record: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
