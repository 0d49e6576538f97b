"""`examwatch rules`: what an author of rules runs, all day long and before any change acts.

Faults go to standard error as `file:line: message`, all of them; exit 0 well, 2 the input
was wrong. A table on a terminal, one JSON object a line into a pipe.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn, cast

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from monitor.cli.backtest import Format, backtest, days_of
from monitor.cli.past import BadLines, is_alert, past_events
from monitor.cli.rollback import rollback
from monitor.cli.terminal import marked
from rules.check import check_samples
from rules.condition import show_condition
from rules.exemption import load_exemptions
from rules.explain import Explanation, SelectionView, explain
from rules.fault import Fault, RuleErrors, did_you_mean
from rules.load import LIBRARY, load_rules
from rules.rule import LEVELS, Rule
from rules.schema import rule_schema
from rules.tally import Line, Tally

app = typer.Typer(no_args_is_help=True, help="Check, try and explain rules. 规则的检查、试运行与解释。")

Folder = Annotated[
    Path, typer.Argument(help="A folder of rules, or one file; the shipped library if left out.")
]


AsFormat = Annotated[Format, typer.Option("--format", help="A table, or a JSON object a line.")]


app.command(name="backtest")(backtest)
app.command(name="rollback")(rollback)


@app.command()
def check(folder: Folder = LIBRARY) -> None:
    """Every fault of every rule file, with its line.

    Example: examwatch rules check configs/rules
    """
    rules = _load(folder)
    Console(stderr=True).print(
        f"{len(rules)} rules, no fault / {len(rules)} 条规则，无错误", highlight=False, soft_wrap=True
    )


@app.command(name="test")
def try_samples(folder: Folder = LIBRARY) -> None:
    """Run the samples of every rule; a failure names the field that differs.

    Example: examwatch rules test rules/library
    """
    rules = _load(folder)
    out = Console(stderr=True)
    faults: list[Fault] = []
    with Progress(console=out, transient=True, disable=not out.is_terminal) as progress:
        for rule in progress.track(rules, description="samples / 样例"):
            faults.extend(check_samples([rule]))
    if faults:
        _refuse(faults)
    n_samples = sum(len(rule.samples) for rule in rules)
    out.print(
        f"{len(rules)} rules, {n_samples} samples, all as they should be / "
        f"{len(rules)} 条规则、{n_samples} 个样例，全部符合预期",
        highlight=False,
        soft_wrap=True,
    )


@app.command(name="list")
def list_rules(folder: Folder = LIBRARY, as_format: AsFormat = Format.auto) -> None:
    """The rules of a folder: id, kind, level, category, title in both languages.

    Example: examwatch rules list rules/library
    """
    rules = _load(folder)
    if _as_lines(as_format):
        _write(_record(rule) for rule in rules)
        return
    table = Table(box=None, header_style="bold")
    for head in ("rule", "kind", "level", "category", "samples", "title", "名称"):
        table.add_column(head, overflow="fold")
    for rule in rules:
        level = f"{rule.level} ({LEVELS[rule.level]})" + (" experimental" if rule.experimental else "")
        samples = str(len(rule.samples))
        cells = (
            rule.id,
            rule.kind,
            level,
            rule.category,
            samples,
            rule.title.en,
            rule.title.zh,
        )
        table.add_row(*map(marked, cells))
    Console().print(table)


@app.command(name="explain")
def explain_rule(
    rule_id: Annotated[str, typer.Argument(metavar="RULE", help="The id of a rule.")],
    events: Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="Events, one a line; - for input.")],
    rules_folder: Annotated[Path, typer.Option("--rules", help="Where the rule is.")] = LIBRARY,
    as_format: AsFormat = Format.auto,
) -> None:
    """For each event of a file: which part of a rule was true, false, or nearly true.

    Example: examwatch rules explain radio-repeated-bursts events.jsonl
    """
    rules = {rule.id: rule for rule in _load(rules_folder)}
    if rule_id not in rules:
        _refuse([Fault(str(rules_folder), 1, f'no rule "{rule_id}"{did_you_mean(rule_id, rules)}')])
    rule = rules[rule_id]
    console = Console()
    faults: list[Fault] = []
    for line, event in _events(events, faults):
        seen = explain(rule, {"kind": rule.kind} | event)
        if _as_lines(as_format):
            _write([{"line": line, "id": event.get("id")} | _explanation(seen)])
        else:
            _show(console, f"{events}:{line}", seen)
    if faults:
        _refuse(faults)


@app.command()
def exceptions(
    file: Annotated[Path, typer.Argument(metavar="FILE.yml", help="Exceptions.")],
    against: Annotated[
        str | None,
        typer.Option("--against", metavar="EVENTS|STORE", help="Past events: JSON lines, or a store."),
    ] = None,
    rules_folder: Annotated[Path, typer.Option("--rules", help="The rules in force.")] = LIBRARY,
    zone: Annotated[str, typer.Option("--zone", help="Whose days are counted.")] = "Asia/Shanghai",
    as_format: AsFormat = Format.auto,
) -> None:
    """Check exceptions, and say how many alerts each would have hidden. 检查例外及其会隐藏的告警数。

    Example: examwatch rules exceptions exceptions.yml --against configs/demo.yml
    """
    rules = _load(rules_folder)
    try:
        tally = Tally(rules, load_exemptions(file, rules), days_of(zone))
    except RuleErrors as errors:
        _refuse(errors.faults)
    bad = BadLines()
    for event in past_events(against, bad, {}) if against else ():
        tally.feed(event)
    if _as_lines(as_format):
        _write(map(_exception, tally.lines()))
    else:
        Console().print(_exceptions_table(tally.lines()))
    bad.refuse()


@app.command()
def schema() -> None:
    """The JSON Schema of rule files, for editors.

    Example: examwatch rules schema > rules.schema.json
    """
    sys.stdout.write(json.dumps(rule_schema(), ensure_ascii=False, indent=1) + "\n")


def _exception(line: Line) -> dict[str, Any]:
    return {
        "exception": line.exemption.id,
        "kind": line.exemption.kind,
        "reason": line.exemption.reason,
        "author": line.exemption.author,
        "expires_at": line.exemption.expires_at.isoformat(),
        "alerts_hidden": line.n_alerts,
        "alerts_hidden_7_days": line.n_recent,
        "events_hidden": line.n_events,
        "rules": list(line.rules),
    }


def _exceptions_table(lines: list[Line]) -> Table:
    table = Table(box=None, header_style="bold")
    for head in ("exception 例外", "reason 理由", "author 作者", "expires 到期"):
        table.add_column(head, overflow="fold")
    for head in ("hidden 隐藏", "7 days 近7天"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("rules 规则", overflow="fold")
    for line in lines:
        by = line.exemption
        counts = (str(line.n_alerts), str(line.n_recent))
        end = by.expires_at.isoformat(timespec="minutes")
        table.add_row(*map(marked, (by.id, by.reason, by.author, end, *counts, ", ".join(line.rules))))
    return table


def _load(folder: Path) -> list[Rule]:
    try:
        return load_rules(folder)
    except RuleErrors as errors:
        _refuse(errors.faults)


def _refuse(faults: list[Fault]) -> NoReturn:
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    raise typer.Exit(2)


def _as_lines(as_format: Format) -> bool:
    return as_format is Format.jsonl or (as_format is Format.auto and not sys.stdout.isatty())


def _write(records: Iterable[dict[str, Any]]) -> None:
    for record in records:
        sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")


def _record(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.id,
        "kind": rule.kind,
        "level": rule.level,
        "category": rule.category,
        "status": rule.status,
        "version": rule.version,
        "title_en": rule.title.en,
        "title_zh": rule.title.zh,
        "labels": list(rule.labels),
        "tags": list(rule.tags),
        "samples": len(rule.samples),
        "file": rule.file,
    }


def _events(file: Path, faults: list[Fault]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each event with its line; lines that hold none become faults."""
    try:
        source = sys.stdin.buffer if str(file) == "-" else file.open("rb")
    except OSError as error:
        faults.append(Fault(str(file), 1, f"cannot be read: {error.strerror}"))
        return
    with source:
        for number, raw in enumerate(source, start=1):
            if not raw.strip():
                continue
            try:
                event = json.loads(raw)
            except (ValueError, RecursionError):
                faults.append(Fault(str(file), number, "not a JSON object"))
                continue
            if isinstance(event, dict):
                alert = cast("dict[str, Any]", event)
                yield number, alert["event"] if is_alert(alert) else alert
            else:
                faults.append(Fault(str(file), number, "not a JSON object"))


def _explanation(seen: Explanation) -> dict[str, Any]:
    decisive = {view.name for view in seen.decisive()}
    return {
        "rule": seen.rule.id,
        "fires": seen.fires,
        "state": seen.state,
        "condition": show_condition(seen.rule.condition),
        "selections": [_selection(view, view.name in decisive) for view in seen.selections],
    }


def _selection(view: SelectionView, decisive: bool) -> dict[str, Any]:
    tests = [
        {
            "field": each.test.field,
            "modifier": each.test.modifier,
            "state": each.state,
            "en": each.en,
            "zh": each.zh,
        }
        for each in view.tests
    ]
    return {"name": view.name, "true": view.true, "decisive": decisive, "tests": tests}


def _show(console: Console, place: str, seen: Explanation) -> None:
    colour = {"true": "green", "nearly": "yellow"}.get(seen.state, "dim")
    outcome = "fires / 命中" if seen.fires else "is quiet / 未命中"
    console.print(
        f"[bold]{marked(place)}[/]: {seen.rule.id} [{colour}]{outcome}[/]", highlight=False, soft_wrap=True
    )
    decisive = {view.name for view in seen.decisive()}
    for view in seen.selections:
        mark = "[green]true [/]" if view.true else "[red]false[/]"
        alone = "  <- decides / 起决定作用" if view.name in decisive else ""
        console.print(f"  {mark} {marked(view.name)}{alone}", highlight=False, soft_wrap=True)
        for test in view.tests:
            console.print(f"        {test.state:7} {marked(test.en)}", highlight=False, soft_wrap=True)
            console.print(f"                {marked(test.zh)}", highlight=False, soft_wrap=True)
    console.print(f"  {marked(show_condition(seen.rule.condition))}", highlight=False, soft_wrap=True)
