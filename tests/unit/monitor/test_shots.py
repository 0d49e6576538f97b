"""Screenshots: of the page of each alerted document, never in the alert's way."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from crawlers.errors import CrawlError
from crawlers.render.chromium import Rendered
from crawlers.url import Url
from monitor.clock import FakeClock
from monitor.evidence import EvidenceStore
from monitor.queue import open_queue
from monitor.shots import MAX_WAITING, ShotDesk
from tests.unit.crawlers.test_stored import NOW, POST
from tests.unit.monitor.conftest import make_alert

PNG = b"\x89PNG page"


class Browser:
    def __init__(self) -> None:
        self.asked: list[tuple[str, frozenset[str]]] = []
        self.fails = False
        self.picture = PNG

    async def render(self, url: Url, named: frozenset[str]) -> Rendered:
        self.asked.append((str(url), named))
        if self.fails:
            raise CrawlError("render", str(url), "over 30 s")
        return Rendered(b"<p>", self.picture, ())


class Stage:
    def __init__(self, tmp_path) -> None:
        self.browser, self.queue = Browser(), open_queue("memory:")
        self.evidence = EvidenceStore(tmp_path / "evidence")
        self.desk = ShotDesk(
            self.browser, {"board": frozenset({"board.test"})}.__getitem__, self.evidence, self.queue,
            FakeClock(NOW),
        )  # fmt: skip

    async def taken(self, n: int):
        running = asyncio.create_task(self.desk.run())
        try:
            async with asyncio.timeout(30):
                while sum(self.desk.counts[outcome] for outcome in ("taken", "failed")) < n:  # noqa: ASYNC110 - a picture has no event of its own
                    await asyncio.sleep(0.01)
        finally:
            running.cancel()
        return [queued.alert for queued in await self.queue.take(100, 0.0)]


async def test_the_picture_is_evidence_and_news_of_the_same_alert(tmp_path):
    stage, alert = Stage(tmp_path), make_alert("a")
    stage.desk.ask(POST, [alert])
    (news,) = await stage.taken(1)
    assert stage.browser.asked == [(POST.url, frozenset({"board.test"}))]
    assert (news.fingerprint, news.cause) == (alert.fingerprint, alert.cause)
    assert news.id != alert.id
    (ref,) = news.evidence
    assert (ref.role, ref.media_type, ref.at) == ("screenshot", "image/png", NOW)
    kept = stage.evidence.find(ref.path)
    assert kept is not None
    assert kept.read_bytes() == PNG


async def test_a_page_that_cannot_be_pictured_is_counted_and_the_next_is_taken(tmp_path):
    stage = Stage(tmp_path)
    stage.browser.fails = True
    stage.desk.ask(POST, [make_alert("a")])
    assert await stage.taken(1) == []
    stage.browser.fails, stage.browser.picture = False, b""
    stage.desk.ask(POST, [make_alert("b")])
    assert await stage.taken(2) == []
    stage.browser.picture = PNG
    stage.desk.ask(POST, [make_alert("c")])
    assert len(await stage.taken(3)) == 1
    assert stage.desk.counts == {"failed": 2, "taken": 1}


async def test_what_is_no_page_or_raised_nothing_is_not_pictured(tmp_path):
    stage = Stage(tmp_path)
    stage.desk.ask(replace(POST, url="tip:17"), [make_alert("a")])
    stage.desk.ask(POST, [])
    for _ in range(MAX_WAITING + 3):
        stage.desk.ask(POST, [make_alert("b")])
    assert stage.desk.counts == {"dropped": 3}
