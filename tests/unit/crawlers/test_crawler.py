"""Polls against a site on loopback: what is new comes once, what is edited comes again."""

from __future__ import annotations

import pytest
from aiohttp import web

from crawlers.memory import Memory

RSS = """<?xml version="1.0" encoding="{encoding}"?><rss version="2.0"><channel><title>板块</title>{items}
</channel></rss>"""


def item(n: int, title: str, text: str = "正文") -> str:
    return (
        f"<item><guid>g{n}</guid><title>{title}</title><link>/t/{n}</link><description>{text}</description>"
        f"<pubDate>Sun, 07 Jun 2026 01:00:00 GMT</pubDate></item>"
    )


def rss(*items: str, encoding: str = "utf-8") -> bytes:
    return RSS.format(encoding=encoding, items="".join(items)).encode(encoding)


def forum_page(*threads: int, next_page: str = "") -> str:
    rows = "".join(f'<li class=row><a href="/t/{n}?sid=abc{n:029d}">帖子{n}</a></li>' for n in threads)
    return f"<title>版块</title><ul>{rows}</ul>" + (
        f'<a rel=next href="{next_page}">下一页</a>' if next_page else ""
    )


def thread_page(n: int, *posts: str, next_page: str = "") -> str:
    body = "".join(
        f"<div class=post id=p{n}x{i}><b class=by>张三</b><p class=body>{text}</p></div>"
        for i, text in enumerate(posts)
    )
    return f"<title>帖子{n}</title>{body}" + (
        f'<a rel=next href="{next_page}">下一页</a>' if next_page else ""
    )


def forum_source(site, **more):
    return {
        "kind": "forum",
        "id": "bbs",
        "url": f"{site.url}/list",
        "list": {"thread": "li.row", "next": "a[rel=next]@href"},
        "thread": {
            "post": "div.post",
            "id": "@id",
            "text": ".body",
            "author": ".by",
            "next": "a[rel=next]@href",
        },
        **more,
    }


async def test_a_feed_delivers_each_entry_once_also_after_a_restart(site, bench):
    site.pages["/feed"] = rss(item(1, "一"), item(2, "二"))
    source = {"kind": "feed", "id": "feed", "url": f"{site.url}/feed"}
    await bench.poll(source)
    await bench.poll(source)
    site.pages["/feed"] = rss(item(3, "三"), item(1, "一"), item(2, "二"))
    await bench.poll(source)
    assert bench.titles == ["一", "二", "三"]
    assert bench.delivered[0].url == f"{site.url}/t/1"
    assert bench.delivered[0].version == 1
    assert bench.delivered[0].digest.startswith("sha256:")


async def test_an_edited_entry_is_the_next_version_of_the_same_document(site, bench):
    source = {"kind": "feed", "id": "feed", "url": f"{site.url}/feed"}
    site.pages["/feed"] = rss(item(1, "占坑", "先占个位置"))
    await bench.poll(source)
    site.pages["/feed"] = rss(item(1, "占坑", "绝密★启用前 一、选择题"))
    await bench.poll(source)
    first, second = bench.delivered
    assert (first.id, first.version, second.version) == (second.id, 1, 2)
    assert second.first_seen_at == first.first_seen_at
    assert second.fetched_at > first.fetched_at


async def test_a_document_whose_delivery_failed_comes_again_with_its_first_sight(site, bench):
    source = {"kind": "feed", "id": "feed", "url": f"{site.url}/feed"}
    site.pages["/feed"] = rss(item(1, "一"), item(2, "二"), item(3, "三"))
    bench.fail_at = 1
    with pytest.raises(ConnectionAbortedError):
        await bench.poll(source)
    await bench.poll(source)
    assert bench.titles == ["一", "二", "三"]
    assert [document.version for document in bench.delivered] == [1, 1, 1]


async def test_an_unchanged_feed_is_asked_for_with_its_validators_and_not_sent(site, bench):
    body = rss(item(1, "一"))

    async def conditional(request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == '"v1"' and "If-Modified-Since" in request.headers:
            return web.Response(status=304)
        return web.Response(
            body=body, headers={"ETag": '"v1"', "Last-Modified": "Sun, 07 Jun 2026 01:00:00 GMT"}
        )

    site.pages["/feed"] = conditional
    source = {"kind": "feed", "id": "feed", "url": f"{site.url}/feed"}
    reports = [await bench.poll(source) for _ in range(3)]
    assert [report.n_not_modified for report in reports] == [0, 1, 1]
    assert bench.titles == ["一"]


async def test_validators_are_not_kept_while_an_entry_is_undelivered(site, bench):
    async def conditional(request: web.Request) -> web.Response:
        if "If-None-Match" in request.headers:
            return web.Response(status=304)
        return web.Response(body=rss(item(1, "一"), item(2, "二")), headers={"ETag": '"v1"'})

    site.pages["/feed"] = conditional
    source = {"kind": "feed", "id": "feed", "url": f"{site.url}/feed"}
    bench.fail_at = 1
    with pytest.raises(ConnectionAbortedError):
        await bench.poll(source)
    await bench.poll(source)
    assert bench.titles == ["一", "二"]


async def test_a_forum_is_read_through_its_lists_and_threads(site, bench):
    site.pages |= {
        "/list": forum_page(1, 2, next_page="/list?page=2"),
        "/list?page=2": forum_page(3),
        "/t/1": thread_page(1, "高<b>考</b>答案", "二楼", next_page="/t/1?page=2"),
        "/t/1?page=2": thread_page(11, "三楼"),
        "/t/2": thread_page(2, "天气不错"),
        "/t/3": thread_page(3, "老帖"),
    }
    report = await bench.poll(forum_source(site))
    assert bench.texts == ["高考答案", "二楼", "三楼", "天气不错", "老帖"]
    assert bench.delivered[0].author == "张三"
    assert bench.delivered[0].title == "帖子1"
    assert report.n_new == 5
    assert report.error is None


async def test_pagination_stops_at_the_known_and_session_ids_make_no_new_thread(site, bench):
    site.pages |= {
        "/list": forum_page(1, 2, next_page="/list?page=2"),
        "/list?page=2": forum_page(3, next_page="/list?page=3"),
        "/list?page=3": forum_page(4),
    }
    site.pages |= {f"/t/{n}": thread_page(n, f"帖{n}") for n in range(1, 8)}
    await bench.poll(forum_source(site, max_revisits=0))
    assert bench.texts == ["帖1", "帖2", "帖3", "帖4"]
    site.requests.clear()
    site.pages["/list"] = forum_page(5, 1, next_page="/list?page=2").replace("sid=abc", "sid=eee")
    await bench.poll(forum_source(site, max_revisits=0))
    assert site.asked() == ["/list", "/t/5", "/list?page=2"]


async def test_a_sweep_that_was_cut_short_goes_on_past_what_is_known(site, bench):
    site.pages |= {"/list": forum_page(1, 2, next_page="/list?page=2"), "/list?page=2": forum_page(3, 4)}
    site.pages |= {f"/t/{n}": thread_page(n, f"帖{n}") for n in range(1, 5)}
    bench.fail_at = 3
    with pytest.raises(ConnectionAbortedError):
        await bench.poll(forum_source(site))
    await bench.poll(forum_source(site))
    assert bench.texts == ["帖1", "帖2", "帖3", "帖4"]


async def test_a_post_edited_in_place_is_seen_though_the_list_has_not_changed(site, bench):
    site.pages |= {"/list": forum_page(1), "/t/1": thread_page(1, "占坑")}
    await bench.poll(forum_source(site))
    site.pages["/t/1"] = thread_page(1, "第一题选A")
    await bench.poll(forum_source(site))
    assert [(document.version, document.text) for document in bench.delivered] == [
        (1, "占坑"),
        (2, "第一题选A"),
    ]


async def test_one_thread_that_fails_does_not_hide_the_others_and_is_tried_again(site, bench):
    site.pages |= {"/list": forum_page(1, 2, 3)}
    site.pages |= {f"/t/{n}": thread_page(n, f"帖{n}") for n in (1, 3)}
    site.pages["/t/2"] = web.Response(status=500)
    report = await bench.poll(forum_source(site))
    assert bench.texts == ["帖1", "帖3"]
    assert [fault.kind for fault in report.faults] == ["status_5xx"]
    site.pages["/t/2"] = thread_page(2, "帖2")
    await bench.poll(forum_source(site))
    assert bench.texts == ["帖1", "帖3", "帖2"]


async def test_new_selectors_read_old_pages_anew(site, bench):
    site.pages |= {"/list": forum_page(1), "/t/1": thread_page(1, "正文")}
    wrong = forum_source(site)
    wrong["thread"] = {**wrong["thread"], "post": "div.no-such"}
    report = await bench.poll(wrong)
    assert [fault.kind for fault in report.faults] == ["layout"]
    await bench.poll(forum_source(site))
    assert bench.texts == ["正文"]


async def test_a_selector_that_finds_nothing_is_an_error_and_a_sign_after_two_polls(site, bench):
    site.pages["/list"] = "<p>neues Layout</p>"
    report = await bench.poll(forum_source(site))
    assert (report.error.kind, report.matched, report.signs) == ("layout", {"list.thread li.row": 0}, ())
    report = await bench.poll(forum_source(site))
    assert report.signs == ("failing", "layout")


async def test_documents_carry_the_time_of_their_own_first_sight_not_the_claimed_one(site, bench):
    site.pages["/feed"] = rss(item(1, "一"))
    await bench.poll({"kind": "feed", "id": "feed", "url": f"{site.url}/feed"})
    document = bench.delivered[0]
    assert document.published_at.isoformat() == "2026-06-07T01:00:00+00:00"
    assert document.first_seen_at != document.published_at


async def test_the_interval_of_the_exam_calendar_bounds_the_next_poll(site, bench):
    site.pages["/feed"] = rss(item(1, "一"))
    report = await bench.poll({"kind": "feed", "id": "feed", "url": f"{site.url}/feed"})
    assert (report.next_poll_at - report.started_at).total_seconds() > 200


async def test_an_empty_post_filled_later_is_told_as_a_placeholder_with_both_texts_kept(site, bench):
    source = {"kind": "feed", "id": "feed", "url": f"{site.url}/feed"}
    site.pages["/feed"] = rss(item(1, "占坑", "占坑"))
    await bench.poll(source)
    site.pages["/feed"] = rss(item(1, "占坑", "绝密★启用前 " + "一、选择题：本题共八小题。" * 9))
    await bench.poll(source)
    assert [document.placeholder for document in bench.delivered] == [False, True]
    async with Memory(bench.memory_path) as memory:
        versions = await memory.versions(bench.delivered[0].id)
    assert [version.text[:2] for version in versions] == ["占坑", "绝密"]


async def test_a_repost_elsewhere_points_to_the_first_one_and_counts_those_before(site, bench):
    text = "出售答案，考后付款，联系方式见头像。" * 10
    for n in range(3):
        site.pages[f"/f{n}"] = rss(item(1, "帖子", text.replace("，", "！" * (n + 1))))
    for n in range(3):
        await bench.poll({"kind": "feed", "id": f"f{n}", "url": f"{site.url}/f{n}"})
    assert [document.n_reposts for document in bench.delivered] == [0, 1, 2]
    assert {document.repost_of for document in bench.delivered[1:]} == {bench.delivered[0].id}


async def test_attachments_are_fetched_read_and_told_and_a_missing_one_holds_nothing_up(site, bench):
    post = '<p class=body>附件 <a href="/a.txt">a</a><a href="/gone.pdf">b</a></p>'
    site.pages |= {"/list": forum_page(1), "/t/1": f"<div class=post id=p1>{post}</div>"}
    site.pages["/a.txt"] = "第一题选A".encode("gb18030") * 20
    source = forum_source(site)
    source["thread"] = {**source["thread"], "files": "a@href"}
    report = await bench.poll(source)
    attachment = bench.delivered[0].attachments[0]
    assert attachment.text.startswith("第一题选A")
    assert attachment.digest.startswith("sha256:")
    assert [fault.kind for fault in report.faults] == ["status_4xx"]
