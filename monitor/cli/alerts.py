"""``examwatch alerts``: what was raised, for people and for programs."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from monitor.cli.stores import DEFAULT, shown_store, store_place
from monitor.cli.terminal import marked
from monitor.faults import Fault, InputError
from monitor.plain import plain
from monitor.server.alert_services import AlertQuery
from monitor.server.views import AlertDetail, AlertView
from monitor.store.query import AlertReader

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Raised alerts. 告警。")
PAGE = 500
TITLE_WIDTH = 34
FIXED_WIDTH = 62
"""Of the columns that are never cut, and the gaps."""
_STYLE = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "dim"}


class Format(StrEnum):
    table = "table"
    jsonl = "jsonl"


class Language(StrEnum):
    zh = "zh"
    en = "en"


class KindName(StrEnum):
    radio = "radio"
    web = "web"
    correlation = "correlation"
    health = "health"


class LevelName(StrEnum):
    low = "low"
    medium = "medium"
    high = "high"
    critical = "critical"


StoreOption = Annotated[
    str, typer.Option("--store", help="A configuration (.yml), a database file, or a URL.")
]
Kinds = Annotated[list[KindName] | None, typer.Option("--kind", help="Only these kinds.")]
Levels = Annotated[list[LevelName] | None, typer.Option("--level", help="Only these levels.")]
Venue = Annotated[str | None, typer.Option(help="Only this venue.")]
Firing = Annotated[bool, typer.Option("--firing", help="Only those that have not ended.")]
InLanguage = Annotated[Language, typer.Option("--language", help="Of titles and summaries.")]


@app.command("list")
def list_(
    store: StoreOption = str(DEFAULT),
    kind: Kinds = None,
    level: Levels = None,
    venue: Venue = None,
    firing: Firing = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    format: Annotated[Format, typer.Option("--format")] = Format.table,
    language: InLanguage = Language.en,
) -> None:
    """Alerts, gravest and newest first. 列出告警：先重后轻，先新后旧。

    Example: examwatch alerts list --store configs/demo.yml --level high --firing
    """
    with _reader(store) as reader:
        found: list[AlertView] = []
        for view in _all(reader, _query(kind, level, venue, firing)):
            found.append(view)
            if len(found) == limit:
                break
    if format is Format.jsonl:
        for view in found:
            typer.echo(msgspec.json.encode(view))
        return
    console = Console()
    table = Table("updated", "level", "kind", "count", box=None, pad_edge=False)
    table.add_column("id", no_wrap=True, min_width=16)  # what `alerts show` wants, so never cut
    table.add_column("title")
    table.add_column("what")
    what_width = max(20, console.width - FIXED_WIDTH - TITLE_WIDTH)
    for view in found:
        table.add_row(
            f"{view.updated_at.astimezone():%m-%d %H:%M:%S}",
            f"[{_STYLE[view.level]}]{view.level}[/]",
            view.kind,
            str(view.count),
            view.fingerprint,
            _cut(view.annotations.get(f"title_{language}", ""), TITLE_WIDTH),
            _cut(view.annotations.get(f"summary_{language}", ""), what_width),
        )
    console.print(table)


def _cut(words: str, width: int) -> Text:
    text = Text(plain(" ".join(words.split())), no_wrap=True)
    text.truncate(width, overflow="ellipsis")
    return text


@app.command()
def show(
    fingerprint: Annotated[str, typer.Argument(help="The alert's id, as `alerts list` prints it.")],
    store: StoreOption = str(DEFAULT),
    format: Annotated[Format, typer.Option("--format")] = Format.table,
    language: InLanguage = Language.en,
) -> None:
    """One alert whole, with why it fired and its history. 单条告警的全部内容。

    Example: examwatch alerts show 0a1b2c3d4e5f6071 --store configs/demo.yml
    """
    with _reader(store) as reader:
        view = reader.get_alert(fingerprint, datetime.now(UTC))
    if view is None:
        raise InputError([Fault(shown_store(store), 0, f"no alert '{fingerprint}'")])
    if format is Format.jsonl:
        typer.echo(msgspec.json.encode(view))
    else:
        _show(Console(), view, language)


@app.command()
def export(
    store: StoreOption = str(DEFAULT),
    out: Annotated[Path | None, typer.Option(help="Write to this file instead of the output.")] = None,
    kind: Kinds = None,
    level: Levels = None,
    venue: Venue = None,
    firing: Firing = False,
) -> None:
    """All alerts with their events, a JSON object a line. 导出全部告警（JSON 行）。

    Example: examwatch alerts export --store configs/demo.yml --out alerts.jsonl
    """
    with _reader(store) as reader:
        now = datetime.now(UTC)
        views = (
            reader.get_alert(v.fingerprint, now) for v in _all(reader, _query(kind, level, venue, firing))
        )
        if out is None:
            for view in views:
                typer.echo(msgspec.json.encode(view))
            return
        part = out.with_name(f".{out.name}.part")
        try:
            with part.open("wb") as file:
                file.writelines(msgspec.json.encode(view) + b"\n" for view in views)
            part.replace(out)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise InputError([Fault(str(out), 0, f"cannot be written: {error.strerror}")]) from None


@contextmanager
def _reader(given: str) -> Generator[AlertReader, None, None]:
    store = store_place(given).open()
    try:
        yield AlertReader(store.reader)
    finally:
        store.close()


def _query(
    kinds: list[KindName] | None, levels: list[LevelName] | None, venue: str | None, firing: bool
) -> AlertQuery:
    return AlertQuery(
        kinds=frozenset(kind.value for kind in kinds or ()),
        levels=frozenset(level.value for level in levels or ()),
        venue=venue,
        state="firing" if firing else None,
        limit=PAGE,
    )


def _all(reader: AlertReader, query: AlertQuery) -> Iterator[AlertView]:
    from dataclasses import replace

    now = datetime.now(UTC)
    while True:
        page = reader.list_alerts(query, now)
        yield from page.alerts
        if page.next_cursor is None:
            return
        query = replace(query, cursor=page.next_cursor)


def _show(console: Console, view: AlertDetail, language: Language) -> None:
    def line(name: str, value: object) -> None:
        console.print(f"[bold]{name:>10}[/]  {marked(value)}", highlight=False)

    for part in ("title", "summary", "advice"):
        line(part, view.annotations.get(f"{part}_{language}", ""))
    line("level", f"{view.level}, {view.kind}, {'firing' if view.firing else 'ended'}, {view.count} times")
    line("from", f"{view.starts_at.astimezone():%Y-%m-%d %H:%M:%S}")
    line("to", f"{view.updated_at.astimezone():%Y-%m-%d %H:%M:%S}")
    line("labels", ", ".join(f"{name}={value}" for name, value in sorted(view.labels.items())))
    for rule in view.rules:
        note = ", unproven" if rule.experimental else ""
        line("rule", f"{rule.rule} ({rule.level}, {rule.category}{note}): {rule.texts[f'title_{language}']}")
    for reason in view.why:
        line("why", reason.text or f"{reason.field} {reason.modifier} {reason.expected}: {reason.actual}")
    for ref in view.evidence:
        line(ref.role, ref.digest)
    for entry in view.history:
        line("history", f"{entry['at'].astimezone():%H:%M:%S} {entry['action']} {entry['event_id'] or ''}")
