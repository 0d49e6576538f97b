"""``examwatch crawl``: the sources of a configuration, tried out without the rest of the system.

Documents go to standard output, one JSON object a line; what went wrong, and what each
selector matched, to standard error. What was shown once is not shown again, also by the
next run; the daemon's own memory is left alone.
"""

from __future__ import annotations

import asyncio
import errno
import json
import random
import sqlite3
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from pydantic import ValidationError

from crawlers.clock import SystemClock
from crawlers.config import CrawlSettings, build_sources, parse_sources
from crawlers.crawler import Crawler, PollReport
from crawlers.document import Document
from crawlers.extract.image.reader import OcrReader
from crawlers.fetch import HttpClient
from crawlers.memory import Memory
from crawlers.polite import PoliteClient
from crawlers.render.chromium import Chromium
from crawlers.source.base import SourceConfig
from crawlers.wire import to_record
from crawlers.workshop import ProcessWorkshop
from monitor import yamltree
from monitor.faults import Fault, InputError, WorldError, cause_of
from monitor.plain import plain

N_AT_A_TIME = 20
"""Sources polled at the same time."""
TITLE_CHARS = 50
AGAIN = "; --fresh shows known ones again / 加 --fresh 可重新显示"


class Format(StrEnum):
    jsonl = "jsonl"
    table = "table"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a configuration this command needs."""

    settings: CrawlSettings
    sources: tuple[SourceConfig, ...]
    data_dir: Path


def crawl(
    config: Annotated[
        Path,
        typer.Argument(
            metavar="CONFIG", help="A configuration, or a file with only `sources:`. 配置或来源文件。"
        ),
    ],
    once: Annotated[
        bool, typer.Option("--once", help="Poll every source once and stop. 各来源只抓取一次。")
    ] = False,
    format: Annotated[
        Format, typer.Option("--format", help="jsonl for programs, table for people. 输出格式。")
    ] = Format.jsonl,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Show what earlier runs have shown, too. 重新显示已显示过的。")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option("--source", help="Only the source with this id. 只抓取该来源。")
    ] = None,
) -> None:
    """Fetch what the sources of CONFIG show now. 抓取配置中的来源。

    Example: examwatch crawl configs/examwatch.yml --once --format table
    """
    wanted = read_wanted(config)
    if only:
        unknown = sorted(set(only) - {source.id for source in wanted.sources})
        if unknown:
            raise InputError([Fault(str(config), 0, f"no source / 没有来源 {', '.join(unknown)}")])
    sources = [source for source in wanted.sources if not only or source.id in only]
    with tempfile.TemporaryDirectory() as empty:
        path = (Path(empty) if fresh else wanted.data_dir) / f"crawl-{config.stem}.db"
        try:
            n_failed = asyncio.run(_run(wanted.settings, sources, path, once=once, format=format))
        except (sqlite3.Error, OSError) as error:
            if (
                isinstance(error, OSError)
                and error.errno in (errno.EPIPE, errno.ENOSPC)
                and not error.filename
            ):
                raise  # it is the output that takes no more, and not the memory
            raise WorldError(f"{path}: {cause_of(error)}") from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None
    if sources and n_failed == len(sources):
        raise typer.Exit(1)


def read_wanted(path: Path) -> Wanted:
    """The sources in `path`, whatever else stands there.

    Raises
    ------
    InputError
        With every fault of ``sources`` and ``crawl``, and its line.
    """
    tree = yamltree.read(path)
    values = cast("dict[str, Any]", tree.value) if isinstance(tree.value, dict) else {}
    if "sources" not in values:
        raise InputError([Fault(str(path), 0, "no `sources:` in it / 缺少 `sources:`")])
    base = path.resolve().parent
    configs, found = parse_sources(values["sources"] or [], base)
    faults = [
        Fault(str(path), tree.line(fault.path), f"{_dotted(fault.path)}: {fault.message}") for fault in found
    ]
    settings = CrawlSettings()
    try:
        settings = CrawlSettings.model_validate(values.get("crawl") or {})
    except ValidationError as error:
        faults += [
            Fault(str(path), tree.line(where), f"{_dotted(where)}: {detail['msg']}")
            for detail in error.errors(include_url=False)
            for where in [("crawl", *detail["loc"])]
        ]
    if faults:
        raise InputError(faults)
    data_dir = base / str(values["data_dir"]) if values.get("data_dir") else base / ".examwatch"
    return Wanted(settings, tuple(configs), data_dir)


def _dotted(path: tuple[str | int, ...]) -> str:
    return ".".join(str(step) for step in path)


async def _run(
    settings: CrawlSettings, configs: list[SourceConfig], memory_path: Path, *, once: bool, format: Format
) -> int:
    """Poll until stopped, or once; the number of sources whose last poll failed."""
    clock, rng = SystemClock(), random.Random()  # noqa: S311 - jitter, not a secret
    if format is Format.table:
        typer.echo(f"{'fetched':19}  {'source':20}  v  {'title':{TITLE_CHARS}}  url")
    async with (
        Memory(memory_path) as memory,
        HttpClient(clock, contact=settings.contact, n_connections=settings.n_connections) as http,
        ProcessWorkshop() as workshop,
    ):
        client = PoliteClient(http, clock, rng)
        sources = build_sources(configs)
        crawler = Crawler(sources, memory, client, clock, rng, workshop, OcrReader(), renderer=Chromium())
        places = asyncio.Semaphore(N_AT_A_TIME)
        failed: dict[str, bool] = {}

        async def deliver(document: Document) -> None:
            typer.echo(_line(document, format))

        async def follow(id: str) -> None:
            while True:
                async with places:
                    report = await crawler.poll(id, deliver)
                failed[id] = report.error is not None
                for line in told(report, show_all=once):
                    typer.echo(plain(line), err=True)
                if once:
                    return
                await clock.sleep((report.next_poll_at - clock.now()).total_seconds())

        try:
            async with asyncio.TaskGroup() as group:
                for config in configs:
                    group.create_task(follow(config.id))
        except ExceptionGroup as failures:
            raise failures.exceptions[0] from None
    return sum(failed.values())


def _line(document: Document, format: Format) -> str:
    if format is Format.jsonl:
        return json.dumps(to_record(document), ensure_ascii=False)
    title = plain(" ".join((document.title or document.text).split())[:TITLE_CHARS])
    at = document.fetched_at.isoformat(sep=" ")[:19]
    return (
        f"{at}  {document.source[:20]:20}  {document.version}  {title:{TITLE_CHARS}}  {plain(document.url)}"
    )


def told(report: PollReport, *, show_all: bool) -> list[str]:
    """What a person is told of a poll: failures always; what the selectors matched when that may be why."""
    lines = [f"{report.source}: {fault}" for fault in report.faults]
    if report.error is not None:
        lines.append(f"{report.source}: {report.error}")
    n_found = report.n_new + report.n_edited
    if report.error is not None or report.faults or (show_all and n_found == 0):
        lines += [f"{report.source}:   {n} × {selector}" for selector, n in _sorted(report.matched)]
    if show_all:
        lines.append(
            f"{report.source}: {report.n_new} new, {report.n_edited} edited;"
            f" {report.n_requests} requests, {report.n_not_modified} not modified"
            f" / 新增 {report.n_new}，编辑 {report.n_edited}；"
            f"请求 {report.n_requests}，未变 {report.n_not_modified}"
            + (AGAIN if n_found == 0 and report.error is None else "")
        )
    return lines


def _sorted(matched: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(matched.items())
