"""Sources, tips and selectors over HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from aiohttp.test_utils import TestClient, TestServer

from crawlers.config import build_sources, parse_sources
from crawlers.errors import CrawlError
from crawlers.fetch import Response
from crawlers.memory import Memory, Version
from crawlers.stored import Place
from crawlers.tips.box import write_tip
from crawlers.tips.tip import Tip
from crawlers.workshop import ThreadWorkshop
from monitor.server.app import make_server_app
from monitor.sourcedesk import SourceDesk

AT = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
PAGE = """<html><title>Board</title><body>
<div class=post id=p1><a class=who>晨光</a><p>卖答案</p></div>
<div class=post id=p2><a class=who>dawn</a><p>second</p></div>
<a rel=next href="/t/1?page=2">next</a></body></html>"""
POST = {"post": "div.post", "id": "@id", "author": "a.who", "text": "p", "next": "a[rel=next]@href"}


class Site:
    """A client that knows one page and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked = []

    async def get(self, request):
        self.asked.append(request)
        if request.url.host == "10.0.0.1" and "10.0.0.1:80" not in request.named:
            raise CrawlError("refused", str(request.url))
        status = 404 if request.url.target == "/gone" else 200
        return Response(request.url, status, {"content-type": "text/html"}, PAGE.encode(), AT)


@pytest.fixture
async def house(world, tmp_path):
    site = Site()
    made = [
        {"kind": "page", "id": "board", "url": "http://10.0.0.1/t/1", "select": {"post": "div.post"}},
        {"kind": "tips", "id": "box", "path": str(tmp_path / "box")},
    ]
    configs, faults = parse_sources(made, tmp_path)
    assert faults == []
    async with Memory(tmp_path / "crawl.db") as memory:
        await memory.sight("d1", "board", "k", "http://10.0.0.1/t/1#p1", AT)
        await memory.remember("d1", Version(1, "sha256:1", "Title", "text of it", AT))
    desk = SourceDesk(
        build_sources(configs),
        Place(f"sqlite:{tmp_path / 'crawl.db'}"),
        tmp_path / "archive",
        site,
        ThreadWorkshop(),
    )
    services = replace(world.services(), sources=desk)
    async with TestClient(TestServer(make_server_app(services, world.settings()))) as client:
        yield client, site, tmp_path / "box"


async def test_a_source_tells_its_selectors_and_its_last_documents_without_their_text(house):
    client, _, _ = house
    async with client.get("/api/sources/board") as answer:
        text = await answer.text()
        view = await answer.json()
    assert view["post"]["post"] == "div.post"
    assert [(one["title"], one["n_chars"], one["version"]) for one in view["documents"]] == [("Title", 10, 1)]
    assert "text of it" not in text
    async with client.get("/api/sources/nobody") as answer:
        assert answer.status == 404


async def test_selectors_show_what_they_take_and_the_trial_is_audited(house, world):
    client, site, _ = house
    body = {"url": "http://forum.example/t/1", "post": POST}
    async with client.post("/api/sources/try", json=body) as answer:
        assert answer.status == 200, await answer.text()
        view = await answer.json()
    assert [(one["key"], one["author"], one["text"]) for one in view["posts"]] == [
        ("p1", "晨光", "卖答案"),
        ("p2", "dawn", "second"),
    ]
    assert view["next_url"] == "http://forum.example/t/1?page=2"
    assert site.asked[0].robots
    assert world.audit[-1][:3] == ("local", "source.tried", "http://forum.example/t/1")


async def test_a_private_host_is_reached_only_for_the_source_that_names_it(house):
    client, site, _ = house
    body = {"url": "http://10.0.0.1/t/1", "post": POST}
    async with client.post("/api/sources/try", json=body) as answer:
        assert (answer.status, (await answer.json())["code"]) == (422, "crawl-refused")
    async with client.post("/api/sources/try", json={**body, "source": "board"}) as answer:
        assert answer.status == 200
    assert all(not request.secret_headers for request in site.asked)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"post": {"post": "div["}}, 400, "bad-selector"),
        ({"post": {"pots": "div"}}, 400, "bad-selector"),
        ({"post": {}}, 400, "bad-selector"),
        ({"url": "file:///etc/passwd"}, 422, "crawl-url"),
        ({"url": "http://forum.example/gone"}, 422, "crawl-status-4xx"),
        ({"source": "nobody"}, 404, "no-such-source"),
        ({"stored": True}, 422, "crawl-file"),
    ],
)
async def test_what_cannot_be_tried_is_told(house, change, status, code):
    body = {"url": "http://forum.example/t/1", "post": POST} | change
    async with house[0].post("/api/sources/try", json=body) as answer:
        assert (answer.status, (await answer.json())["code"]) == (status, code)


async def test_tips_are_listed_without_what_they_say_and_each_look_is_audited(house, world):
    client, _, box = house
    write_tip(box, Tip("20260607T010000-aa", AT, "李小明 sold it", "form", exam="高考", place="no1"))
    async with client.get("/api/tips") as answer:
        text = await answer.text()
        (line,) = (await answer.json())["tips"]
    assert (line["exam"], line["n_chars"], line["taken"]) == ("高考", 11, False)
    assert "李小明" not in text
    async with client.get("/api/tips/20260607T010000-aa") as answer:
        assert (await answer.json())["text"] == "李小明 sold it"
    assert world.audit == [("local", "tip.viewed", "20260607T010000-aa", {})]
    async with client.get("/api/tips/20260607T010000-bb") as answer:
        assert answer.status == 404
