"""The demo's web: a forum that the crawler's preset reads, two feeds, and posts true to their kind."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser
import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from PIL import Image

from crawlers.source.base import Page
from crawlers.source.forum import ForumConfig, read_list, read_thread
from crawlers.url import parse
from monitor.demo.posts import load_posts
from monitor.demo.web import make_app
from monitor.faults import InputError
from rules.load import LIBRARY, load_rules
from rules.match import RuleSet

POSTS_FILE = Path(__file__).parents[4] / "configs" / "demo" / "posts.yml"
POSTS = load_posts(POSTS_FILE)
START = datetime(2026, 6, 7, 1, 0, tzinfo=UTC)
DISCUZ = ForumConfig(id="demo", kind="forum", url="http://127.0.0.1/forum/forum-2-1.html", preset="discuz")
RULES = RuleSet(load_rules(LIBRARY))


class Clock:
    def __init__(self) -> None:
        self.offset_s = 0.0

    def __call__(self) -> datetime:
        return START + timedelta(seconds=self.offset_s)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def client(clock):
    async with TestClient(TestServer(make_app(POSTS, now=clock, started_at=START))) as client:
        yield client


async def page_of(client, path: str) -> Page:
    answer = await client.get(path)
    assert answer.status == 200
    return Page(parse(str(answer.url)), await answer.read(), answer.headers["Content-Type"])


async def test_the_list_leads_through_all_its_pages_to_every_post_that_is_out(client, clock):
    clock.offset_s = 1000
    seen: list[str] = []
    path: str | None = "/forum/forum-2-1.html"
    n_pages = 0
    while path:
        rows, following = read_list(await page_of(client, path), DISCUZ.listing)
        seen += [row.url for row in rows]
        path = "/" + following.split("/", 3)[3] if following else None
        n_pages += 1
    expected = [post for post in POSTS.posts if post.place == "forum"]
    assert len(seen) == len(set(seen)) == len(expected)
    assert n_pages == -(-len(expected) // 20)


async def test_a_thread_reads_back_as_it_was_written(client, clock):
    clock.offset_s = 1000
    post = next(post for post in POSTS.posts if post.id == 311)
    posts, following = read_thread(await page_of(client, "/forum/thread-311-1-1.html"), DISCUZ.thread)
    assert following is None
    assert [found.title for found in posts] == [post.title]
    assert posts[0].author == post.author
    assert [line.strip() for line in posts[0].text.splitlines() if line.strip()] == post.text.splitlines()
    assert "发表于 2026-6-7 09:00</em>" in await (await client.get("/forum/thread-311-1-1.html")).text()


async def test_a_post_is_not_there_before_its_second(client, clock):
    clock.offset_s = 4.9
    assert (await client.get("/forum/thread-301-1-1.html")).status == 404
    assert "thread-301-" not in await (await client.get("/forum/forum-2-1.html")).text()
    clock.offset_s = 5.0
    assert (await client.get("/forum/thread-301-1-1.html")).status == 200
    assert "thread-301-" in await (await client.get("/forum/forum-2-1.html")).text()


async def test_an_edited_post_changes_its_text_and_not_its_place_on_the_list(client, clock):
    async def shown(path: str, offset_s: float) -> str:
        clock.offset_s = offset_s
        return await (await client.get(path)).text()

    assert "占楼，晚点来写" in await shown("/forum/thread-315-1-1.html", 33.5)
    assert "原题发在这里" in await shown("/forum/thread-315-1-1.html", 34.5)
    assert await shown("/forum/forum-2-1.html", 33.5) == await shown("/forum/forum-2-1.html", 34.5)


async def test_both_feeds_parse_and_the_second_is_gb18030(client, clock):
    clock.offset_s = 1000
    for name, encoding in (("news", "utf-8"), ("campus", "gb18030")):
        body = await (await client.get(f"/feeds/{name}.xml")).read()
        feed = feedparser.parse(body)
        assert not feed.bozo
        assert feed.encoding.lower() == encoding
        posts = POSTS.visible(name, 1000)
        assert [entry.title for entry in feed.entries] == [post.title for post in posts]
        for entry, post in zip(feed.entries, posts, strict=True):
            assert post.text in (entry.get("content") or [{"value": entry.summary}])[0]["value"]
            assert (await client.get("/" + entry.link.split("/", 3)[3])).status == 200


async def test_an_unchanged_answer_is_304_and_a_new_post_is_not(client, clock):
    first = await client.get("/feeds/news.xml")
    again = await client.get("/feeds/news.xml", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304
    clock.offset_s = 9
    assert (
        await client.get("/feeds/news.xml", headers={"If-None-Match": first.headers["ETag"]})
    ).status == 200


async def test_the_photographed_question_is_a_picture_and_other_posts_have_none(client, clock):
    clock.offset_s = 1000
    answer = await client.get("/forum/attachment/309.png")
    assert answer.content_type == "image/png"
    assert Image.open(io.BytesIO(await answer.read())).size[0] == 900
    posts, _ = read_thread(await page_of(client, "/forum/thread-309-1-1.html"), DISCUZ.thread)
    assert [str(link).rsplit("/", 1)[1] for link in posts[0].links] == ["309.png"]
    assert (await client.get("/forum/attachment/301.png")).status == 404


@pytest.mark.parametrize(
    "path", ["/forum/forum-2-99.html", "/forum/thread-9999-1-1.html", "/article/301.html", "/x"]
)
async def test_what_is_not_there_is_404(client, path):
    assert (await client.get(path)).status == 404


async def test_robots_and_the_front_page_are_there(client):
    assert "Disallow: /admin/" in await (await client.get("/robots.txt")).text()
    assert "/feeds/campus.xml" in await (await client.get("/")).text()


def event_of(post) -> dict:
    text = post.text_at(10_000)
    return {
        "kind": "web",
        "phase": "in",
        "minutes_from_start": 20.0,
        "title": post.title,
        "text": f"{post.title}\n{text}",
        "has_image": bool(post.picture),
    }


@pytest.mark.parametrize("post", POSTS.posts, ids=lambda post: f"{post.id}-{post.truth}")
def test_a_harmful_post_fires_its_kind_and_a_harmless_one_fires_nothing(post):
    found = {match.category for match in RULES.match(event_of(post))}
    if post.truth == "harmless":
        assert found == set()
    else:
        assert post.truth in found


def test_every_kind_appears_within_the_first_minute_and_most_posts_are_harmless():
    first_minute = {
        post.truth for post in POSTS.posts if max([post.at_s, *(e.at_s for e in post.edits)]) < 50
    }
    assert first_minute == {"harmless", "sell", "proxy", "device", "scam", "help", "paper", "rumour"}
    n_harmless = sum(post.truth == "harmless" for post in POSTS.posts)
    assert len(POSTS.posts) >= 60
    assert n_harmless > 0.7 * len(POSTS.posts)


def test_the_faults_of_a_posts_file_are_all_said_with_their_lines(tmp_path):
    file = tmp_path / "posts.yml"
    file.write_text(
        "forum: f\nnews: n\ncampus: c\nposts:\n"
        "  - {id: 1, place: forum, at_s: 1, author: a, title: t, text: x}\n"
        "  - {id: 1, place: forum, at_s: 5, author: a, title: t, text: x, edits: [{at_s: 2, text: y}]}\n",
        "utf-8",
    )
    with pytest.raises(InputError) as error:
        load_posts(file)
    assert [(fault.line, fault.message) for fault in error.value.faults] == [
        (6, "id 1 stands twice (first in line 5)"),
        (6, "post 1: edits must follow the post, in order of time"),
    ]
    file.write_text("forum: f\nnews: n\ncampus: c\nposts:\n  - {id: one, place: moon, at_s: 1}\n", "utf-8")
    with pytest.raises(InputError) as error:
        load_posts(file)
    assert len(error.value.faults) >= 4
    assert {fault.line for fault in error.value.faults} == {5}


async def test_the_photographed_paper_hangs_on_its_post_and_is_served(client, clock):
    clock.offset_s = 1000
    page = await (await client.get("/forum/thread-311-1-1.html")).text()
    assert 'zoomfile="attachment/311.jpg"' in page
    answer = await client.get("/forum/attachment/311.jpg")
    assert answer.content_type == "image/jpeg"
    assert (await answer.read()) == POSTS.photos[311]
    assert (await client.get("/forum/attachment/309.jpg")).status == 404


def test_a_photo_that_is_not_there_is_a_fault_with_its_line(tmp_path):
    file = tmp_path / "posts.yml"
    post = "{id: 1, place: forum, at_s: 0, author: a, title: t, text: x, photo: none.jpg}"
    file.write_text(f"forum: f\nnews: n\ncampus: c\nposts:\n  - {post}\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"posts\.yml:5: post 1: none\.jpg"):
        load_posts(file)
