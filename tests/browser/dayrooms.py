"""What stands behind the pages of rules, sources, topics and the system: the real parts, on made-up data."""

from __future__ import annotations

import asyncio
import math
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawlers.config import build_sources, parse_sources
from crawlers.errors import CrawlError
from crawlers.extract.image.view import as_shown
from crawlers.fetch import Request, Response
from crawlers.memory import Memory, Version
from crawlers.stored import Place
from crawlers.tips.box import take, write_tip
from crawlers.tips.tip import Tip
from crawlers.workshop import ThreadWorkshop
from monitor.clock import Clock
from monitor.machinestate import MachineState
from monitor.ruledesk.desk import RuleDesk
from monitor.ruledesk.load import DayLoad
from monitor.ruledesk.opening import open_rules
from monitor.ruledesk.shelf import RuleFiles
from monitor.server.spectrum_services import TemplateQuery
from monitor.server.spectrum_views import TemplateView
from monitor.sourcedesk import SourceDesk
from monitor.store.book import StoreBook
from monitor.templates import template_view
from monitor.topics import BUCKET_S, Topic, Topics
from rules.exemption import load_exemptions
from rules.load import load_rules
from sdr.survey import Key, Template
from sdr.survey.template import VERSION, HourLevels, Stretch

THREAD = """<html><title>考试版</title><body>
<div class="post" id="p1"><a class="who">晨光888</a><i>2026-06-07 09:31</i>
<p>卖答案，考后付款</p></div>
<div class="post" id="p2"><a class="who">dawn</a><p>又来骗子</p></div>
<a rel="next" href="/t/1?page=2">下一页</a></body></html>"""
LOUD = """\
# Measured on the roof on 3 June.
id: loud-in-session
title: {en: Loud signal in a session, zh: 考试中强信号}
advice: {en: Listen to it first, zh: 先监听}
kind: radio
level: high
category: signal
owner: radio
selections:
  loud: {snr_db|gte: 15}
  now: {phase: in}
condition: loud and now
budget: {limit: 2, measured: 0.4, baseline: roof in June}
samples:
  fires:
    - note: a set on the roof
      event: {snr_db: 30, phase: in}
  quiet:
    - note: far away
      event: {snr_db: 8, phase: in}
"""
SALE = """\
id: sale-of-answers
title: {en: Answers for sale, zh: 出售答案}
advice: {en: Read the whole thread, zh: 先读完整个帖子}
kind: web
level: medium
category: sell
owner: web
status: experimental
selections:
  offer: {text|contains: [卖答案, 出售答案]}
condition: offer
samples:
  fires: [{event: {text: 卖答案}}]
  quiet: [{event: {text: 对答案}}]
"""


class Web:
    """A client that knows one thread and asks nobody."""

    async def get(self, request: Request) -> Response:
        if request.url.host != "forum.example":
            raise CrawlError("refused", str(request.url))
        return Response(
            request.url, 200, {"content-type": "text/html; charset=utf-8"}, THREAD.encode(), datetime.now(UTC)
        )


async def source_desk(folder: Path, now: datetime) -> SourceDesk:
    select = {"post": "div.post", "author": "a.who", "time": "i", "text": "p", "next": "a[rel=next]@href"}
    listed = {"thread": "tr", "link": "a@href"}
    made = [
        {
            "kind": "forum",
            "id": "board",
            "url": "https://forum.example/f/2",
            "list": listed,
            "thread": select,
        },
        {"kind": "tips", "id": "box", "path": str(folder / "box")},
    ]
    configs, faults = parse_sources(made, folder)
    assert faults == []
    async with Memory(folder / "crawl.db") as memory:
        for number, title in enumerate(("数学答案", "有人卖答案吗", "明天考场座位", "")):
            at = now - timedelta(minutes=7 * number + 1)
            id = f"d{number}"
            await memory.sight(id, "board", id, f"https://forum.example/t/{number}", at)
            await memory.remember(
                id, Version(1, f"sha256:{number}", title, "text " * 20, at), published_at=at
            )
    write_tip(
        folder / "box",
        Tip(
            "20260607T013000-0a1b2c3d4e",
            now,
            "班级群有人发试卷照片",
            "form",
            exam="2026 高考",
            place="实验中学",
        ),
    )
    write_tip(folder / "box", Tip("20260607T012000-1a1b2c3d4e", now, "old", "hotline", place="市第一中学"))
    take(folder / "box", "20260607T012000-1a1b2c3d4e")
    return SourceDesk(
        build_sources(configs),
        Place(f"sqlite:{folder / 'crawl.db'}"),
        folder / "archive",
        Web(),
        ThreadWorkshop(),
    )


def topics(now: datetime) -> Topics:
    """Two days of counts: one topic as ever, one that breaks out now."""
    made = Topics(now - timedelta(days=2))
    usual, sudden = Topic("sell", "2026 高考", ""), Topic("rumour", "2026 高考", "实验中学")
    for quarter in range(190, -1, -1):
        at = now - timedelta(seconds=BUCKET_S * quarter)
        for number in range(1 + quarter % 3):
            made.add(usual, f"u{quarter}.{number}", at)
    for number in range(40):
        made.add(sudden, f"s{number}", now)
    return made


async def rule_desk(folder: Path, book: StoreBook, clock: Clock) -> RuleDesk:
    """Two rules and no exception, in a folder of one's own."""
    own, exceptions = folder / "rules", folder / "exceptions.yml"
    own.mkdir(exist_ok=True)
    (own / "loud.yml").write_text(LOUD, encoding="utf-8")
    (own / "sale.yml").write_text(SALE, encoding="utf-8")
    exceptions.write_text("exceptions: []\n", encoding="utf-8")
    files = RuleFiles((own,), exceptions)
    rules = load_rules(own)
    rule_book, shelf = open_rules(rules, load_exemptions(exceptions, rules), files, folder / "data")
    memory = folder / "data" / "rules" / "correlations.json"
    desk = RuleDesk(rule_book, files, shelf, memory, book, clock, DayLoad(2), {"实验中学", "市第一中学"})
    await desk.open()
    return desk


def machine(folder: Path, now: datetime) -> MachineState:
    """A disk that is nearly full, and a receiver that takes nothing."""
    told = [("值班群", None, None), ("police-hook", now - timedelta(minutes=12), "HTTP 502")]
    return MachineState(folder, lambda _: (500_000_000_000, 38_200_000_000), lambda: told)


async def show(data: bytes, side_px: int) -> bytes:
    return await asyncio.to_thread(as_shown, data, side_px)


class DaySurvey:
    """The roof was surveyed on a quiet day: nothing there but noise, and a weak neighbour at times."""

    SURVEYED_AT = datetime(2026, 6, 1, 4, 0, tzinfo=UTC)
    BIN_HZ = 12_500.0
    NOISE_DB = 10 * math.log10(2 * 0.02**2 / 240e3 * BIN_HZ)
    """Of `examday.band`, in a bin."""

    async def view(self, query: TemplateQuery) -> TemplateView | None:
        if query.sensor != "楼顶-1":
            return None
        first, n = int(query.low_hz / self.BIN_HZ) - 2, 64
        named = {
            name: [self.NOISE_DB + over] * n for name, over in (("p50", 0.0), ("p90", 2.0), ("max", 5.0))
        }
        hours = [HourLevels(4, 100, self.NOISE_DB, named, [0.0] * n)]
        at = self.SURVEYED_AT
        template = Template(VERSION, Key(), at, at, 3600.0, self.BIN_HZ, [Stretch(first, n, hours)], [])
        return template_view(template, query, [])
