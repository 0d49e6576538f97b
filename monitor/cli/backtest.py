"""`examwatch rules backtest`: what a change of rules would have done to past events.

Events are read one by one, however many there are. Lines that hold no event are named and
left out; the figures of the others still come, and the command exits 2.
"""

from __future__ import annotations

import json
import sys
from datetime import tzinfo
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.table import Table

from monitor.cli.past import BadLines, is_store, past_events, read_verdicts
from monitor.cli.terminal import marked
from rules.backtest import SIDES, Backtest, Judged
from rules.curve import Curve, CurveError, Point
from rules.fault import RuleErrors, did_you_mean
from rules.load import LIBRARY, load_rules
from rules.rule import Rule

BAR = 20


class Format(StrEnum):
    auto = "auto"
    table = "table"
    jsonl = "jsonl"


def backtest(
    rules: Annotated[Path, typer.Option("--rules", help="The rules as they would be.")],
    against: Annotated[
        str,
        typer.Option(
            "--against",
            metavar="EVENTS|STORE",
            help="Past events: JSON lines, or a store (its configuration, its database file or its URL).",
        ),
    ],
    current: Annotated[Path, typer.Option("--current", help="The rules in force.")] = LIBRARY,
    on_top: Annotated[
        bool, typer.Option("--on-top", help="The rules are added to those in force, or replace them by id.")
    ] = False,
    verdicts: Annotated[
        Path | None,
        typer.Option(
            "--verdicts",
            help='Verdicts, {"id": …, "verdict": …} a line; id of an event, or an alert\'s fingerprint.',
        ),
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
    bad = BadLines()
    days = days_of(zone)
    after = _load(rules)
    known = read_verdicts(verdicts, bad) if verdicts else {}
    as_lines = as_format is Format.jsonl or (as_format is Format.auto and not sys.stdout.isatty())
    if curve is not None:
        traced = _curve(curve, after, days, known)
        for event in past_events(against, bad, known):
            traced.feed(event)
        _show_curve(traced, as_lines)
    else:
        before = _load(current)
        if on_top:
            after = list(({rule.id: rule for rule in before} | {rule.id: rule for rule in after}).values())
        test = Backtest(before, after, days, known)
        for event in past_events(against, bad, known):
            test.feed(event)
        _show_backtest(test, as_lines)
    if is_store(against):
        sys.stderr.write(
            "a store holds what raised an alert: what the rules in force missed is not in it / "
            "库中只有触发过告警的事件，现行规则漏掉的不在其中\n"
        )
    bad.refuse()


def days_of(name: str) -> tzinfo:
    """The time zone called `name`, or the end of the command."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        sys.stderr.write(f"--zone: no time zone {name!r}\n")
        raise typer.Exit(2) from None


def _load(folder: Path) -> list[Rule]:
    try:
        return load_rules(folder)
    except RuleErrors as errors:
        for fault in errors.faults:
            sys.stderr.write(f"{fault}\n")
        raise typer.Exit(2) from None


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
    for head in ("day\n日期", "venue\n考点", "rule\n规则"):
        table.add_column(head, overflow="fold")
    for head in ("before\n原", "after\n新", "gained\n增", "lost\n减"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        counts = (row.n_before, row.n_after, row.n_gained, row.n_lost)
        cells = (row.cell.day, row.cell.venue, row.cell.rule, *map(str, counts))
        table.add_row(*map(marked, cells), style="bold" if row.n_gained or row.n_lost else "dim")
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
