"""Pages through Debian's chromium, with a second server inside that must never hear of them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from warcio.archiveiterator import ArchiveIterator

from crawlers.archive import WarcArchive
from crawlers.clock import SystemClock
from crawlers.config import build_sources, parse_sources
from crawlers.crawler import Crawler, PollReport
from crawlers.document import Document
from crawlers.errors import CrawlError
from crawlers.fetch import HttpClient
from crawlers.memory import Memory
from crawlers.polite import PoliteClient
from crawlers.render.chromium import Chromium, Rendered, Renderer
from crawlers.url import Url, parse

PAGE = """<!doctype html><title>论坛</title><div id=app>请启用 JavaScript</div><script>
for (const url of INSIDE) fetch(url, {mode: 'no-cors'}).catch(() => 0)
for (const url of INSIDE) document.body.appendChild(document.createElement('img')).src = url
try { new WebSocket(INSIDE[0].replace('http', 'ws')) } catch (e) {}
document.getElementById('app').innerHTML = '<div class=post id=p1>脚本写出的' + '帖子</div>'
</script>"""


def needs_chromium(test: Callable[..., Any]) -> Any:
    missing = Chromium().missing
    skip = pytest.mark.skipif(missing is not None, reason=str(missing))
    return pytest.mark.browser(pytest.mark.slow(skip(test)))


class Watched(Chromium):
    """Remembers what each page wanted and did not get."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: list[str] = []

    async def render(self, url: Url, named: frozenset[str]) -> Rendered:
        shown = await super().render(url, named)
        self.refused += [error.where for error in shown.refused]
        return shown


@pytest.fixture
async def inside() -> AsyncIterator[tuple[str, list[str]]]:
    """A server that no configuration names, and what was asked of it."""
    asked: list[str] = []

    async def handle(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(text="secret")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    async with TestServer(app, host="127.0.0.1") as server:
        yield f"http://127.0.0.1:{server.port}", asked


async def poll(url: str, folder, renderer: Renderer | None, n: int = 1) -> tuple[PollReport, list[Document]]:
    source = {"kind": "page", "id": "p", "url": url, "delay_s": 0, "render": True}
    configs, faults = parse_sources([{**source, "select": {"post": ".post", "id": "@id"}}])
    assert not faults
    delivered: list[Document] = []

    async def deliver(document: Document) -> None:
        delivered.append(document)

    clock, rng = SystemClock(), random.Random(1)
    async with Memory(folder / "m.db") as memory, HttpClient(clock) as http:
        archive = WarcArchive(folder / "warc", http.user_agent)
        polite = PoliteClient(http, clock, rng)
        crawler = Crawler(
            build_sources(configs), memory, polite, clock, rng, archive=archive, renderer=renderer
        )
        for _ in range(n):
            report = await crawler.poll("p", deliver)
    return report, delivered


@needs_chromium
async def test_a_page_that_scripts_write_is_read_pictured_and_kept_from_the_inside(site, inside, tmp_path):
    base, asked = inside
    port = base.rpartition(":")[2]
    targets = [f"{base}/a", f"http://localhost:{port}/b", f"http://0x7f.1:{port}/c", f"http://[::1]:{port}/d"]
    site.pages["/p"] = PAGE.replace("INSIDE", str([*targets, "file:///etc/passwd"]))
    browser = Watched()
    report, delivered = await poll(f"{site.url}/p", tmp_path, browser)
    assert report.error is None
    assert [document.text for document in delivered] == ["脚本写出的帖子"]
    assert asked == []
    # It did try, so it was the gate that kept it out.
    assert {f"http://127.0.0.1:{port}", f"http://[::1]:{port}"} <= set(browser.refused)
    (warc,) = (tmp_path / "warc").iterdir()
    with warc.open("rb") as file:
        kept = {
            record.rec_headers["WARC-Target-URI"]: record.raw_stream.read()
            for record in ArchiveIterator(file)
        }
    assert kept[f"urn:view:{site.url}/p"].startswith(b"\x89PNG")


@needs_chromium
async def test_a_page_whose_frame_stays_is_read_again_when_its_scripts_show_more(site, tmp_path):
    site.pages["/p"] = """<!doctype html><div id=app></div><script>
        const app = document.getElementById('app')
        fetch('/data').then(r => r.text()).then(t => { app.innerHTML = t })</script>"""
    texts: list[str] = []
    for n in (1, 2):
        site.pages["/data"] = "".join(f"<div class=post id=p{i}>帖{i}</div>" for i in range(n))
        _, delivered = await poll(f"{site.url}/p", tmp_path, Chromium())
        texts += [document.text for document in delivered]
    assert texts == ["帖0", "帖1"]


@needs_chromium
async def test_a_page_that_never_ends_is_ended(site):
    site.pages["/p"] = "<!doctype html><script>while (true) {}</script>"
    url = parse(f"{site.url}/p")
    with pytest.raises(CrawlError, match="gave no page"):
        await Chromium(limit_s=4.0).render(url, frozenset({f"127.0.0.1:{site.port}"}))


async def test_without_a_browser_the_page_is_read_as_it_came_and_the_reason_told(site, tmp_path):
    site.pages["/p"] = "<div class=post id=p1>静态帖子</div>"
    report, delivered = await poll(f"{site.url}/p", tmp_path, Chromium("/no/such/program"))
    assert [fault.kind for fault in report.faults] == ["render"]
    assert [document.text for document in delivered] == ["静态帖子"]
    report, _ = await poll(f"{site.url}/p", tmp_path / "other", None)
    assert [fault.kind for fault in report.faults] == ["render"]
