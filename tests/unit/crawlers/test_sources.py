"""Each kind of source against its real format: presets against the programs' own markup."""

# ruff: noqa: E501 - tables of samples

from __future__ import annotations

from pathlib import Path

import pytest

from crawlers.config import parse_sources
from crawlers.errors import CrawlError
from crawlers.source.base import Page
from crawlers.source.feed import read_feed
from crawlers.source.folder import read_file
from crawlers.source.forum import read_list, read_thread
from crawlers.source.json_api import JsonSelectors, read_json
from crawlers.source.presets import FORUM_PRESETS, JSON_PRESETS, PAGE_PRESETS
from crawlers.source.search import RESULTS
from crawlers.source.selectors import ListSelectors, PostSelectors
from crawlers.url import parse

WEB = Path(__file__).parents[2] / "data" / "web"
AT = "2026-06-07T07:02:00+00:00"


def page(name: str, url: str = "http://bbs.example/forum/page") -> Page:
    return Page(parse(url), (WEB / name).read_bytes(), "")


@pytest.mark.parametrize(
    ("preset", "first", "mark", "n", "next_url"),
    [
        ("discuz", "forum.php?mod=viewthread&tid=1001&extra=page%3D1", "12", 2, "forum.php?mod=forumdisplay&fid=2&page=2"),
        ("phpbb", "viewtopic.php?f=2&t=71", "4 Replies", 2, "viewforum.php?f=2&sid=0f3ac2d10f3ac2d10f3ac2d10f3ac2d1&start=25"),
        ("vbulletin", "showthread.php?881-Physics-paper", "Replies: 6", 1, "forumdisplay.php?2-Exams/page2&s=9a1b7c2d9a1b7c2d9a1b7c2d9a1b7c2d"),
        ("nodebb", "/topic/31/geometry", "4", 1, "page?page=2"),
    ],
)  # fmt: skip
def test_each_preset_finds_the_threads_of_its_programs_list_page(preset, first, mark, n, next_url):
    rows, found_next = read_list(
        page(f"forums/{preset}_list.html"), ListSelectors(**FORUM_PRESETS[preset]["list"])
    )
    base = parse("http://bbs.example/forum/page")
    assert len(rows) == n
    assert (rows[0].url, rows[0].mark) == (str(parse(first, base)), mark)
    assert found_next == str(parse(next_url, base))


@pytest.mark.parametrize(
    ("preset", "key", "author", "title", "text", "at", "images"),
    [
        ("discuz", "post_5001", "小明", "今天的数学题", "最后一题怎么做？", "2026-06-07T07:02:11+00:00", ["forum/data/attachment/forum/202606/07/p1.jpg"]),
        ("phpbb", "p301", "ann", "Which calculator is allowed?", "Is the fx-99 fine?\nThanks", AT, ["forum/download/file.php?id=5"]),
        ("vbulletin", "post_7001", "carl", "Physics paper", "Did anyone get question 3?", "2026-06-07T01:12:00+00:00", []),
        ("nodebb", "90", "dora", "Geometry", "Angle sums, please", AT, []),
    ],
)  # fmt: skip
def test_each_preset_finds_the_posts_of_its_programs_thread_page(
    preset, key, author, title, text, at, images
):
    finds, _ = read_thread(
        page(f"forums/{preset}_thread.html"), PostSelectors(**FORUM_PRESETS[preset]["thread"])
    )
    found = finds[0]
    assert (found.key, found.author, found.title, found.text) == (key, author, title, text)
    assert found.published_at.isoformat() == at
    assert list(found.links) == [f"http://bbs.example/{image}" for image in images]


def test_a_telegram_preview_is_read_with_the_way_to_older_posts():
    got = page("forums/telegram.html", "https://t.me/s/examnews")
    finds, older = read_thread(got, PostSelectors(**PAGE_PRESETS["telegram"]))
    assert (finds[0].key, finds[0].url) == ("examnews/52", "https://t.me/examnews/52")
    assert finds[0].text == "考前答案，准确率100%\n联系客服"
    assert older == "https://t.me/s/examnews?before=51"


@pytest.mark.parametrize(
    ("preset", "key", "url", "title", "text", "author", "links"),
    [
        ("discourse", "812", "https://x.example/t/maths-paper/41/3", "Maths paper", "Who has the key?", "eve", ()),
        ("reddit", "t3_a1", "https://x.example/r/exams/comments/a1/leaked_paper/", "Leaked paper?", "Saw this & wondered", "frank", ("https://i.redd.it/p.jpg",)),
        ("mastodon", "https://m.example/users/gil/statuses/1140", "https://m.example/@gil/1140", "", "考完了 #gaokao", "gil", ("https://m.example/media/1.png",)),
        ("v2ex", "120034", "https://www.v2ex.com/t/120034", "今年的题", "有人看到吗", "han", ()),
        ("nodebb", "31", "https://x.example/topic/31/geometry", "Geometry", "Solved", "dora", ()),
    ],
)  # fmt: skip
def test_each_json_preset_reads_its_sites_answer(preset, key, url, title, text, author, links):
    got = page(f"json/{preset}.json", "https://x.example/api/latest.json?limit=5")
    finds, next_url = read_json(got, JsonSelectors(**JSON_PRESETS[preset]))
    found = finds[0]
    assert (found.key, found.url, found.title, found.text, found.author) == (key, url, title, text, author)
    assert found.published_at.isoformat() == AT
    assert found.links == links
    expected = "https://x.example/api/latest.json?limit=5&after=t3_b2" if preset == "reddit" else None
    assert next_url == expected


def test_search_results_of_searxng_are_documents():
    finds, _ = read_json(page("json/searxng.json"), RESULTS)
    assert (finds[0].url, finds[0].title, finds[0].text) == (
        "https://bbs.example/t/9",
        "高考答案出售",
        "考后付款，加微信",
    )
    assert finds[0].links == ("https://bbs.example/i.png",)


def test_a_search_asks_every_exam_with_every_word():
    raw = {
        "kind": "search",
        "id": "s",
        "url": "http://127.0.0.1:8888",
        "exams": ["高考", "中考"],
        "words": ["答案", "代考"],
    }
    configs, faults = parse_sources([raw])
    assert faults == []
    assert configs[0].queries() == ["高考 答案", "高考 代考", "中考 答案", "中考 代考"]


@pytest.mark.parametrize(
    ("name", "n", "first"),
    [
        ("trafilatura_feed1.atom", 2, "http://example.org/2003/12/13/atom03"),
        ("trafilatura_feed.json", 25, ""),
    ],
)
def test_feeds_that_others_published_are_read(name, n, first):
    finds, _ = read_feed((WEB / "feeds" / name).read_bytes(), "", parse("http://example.org/feed"))
    assert len(finds) == n
    assert finds[0].url.startswith(first or "http")
    assert finds[0].title


def test_a_feed_in_gb18030_is_read_declared_or_not():
    for declaration in ('<?xml version="1.0" encoding="GB18030"?>', ""):
        text = f"{declaration}<rss><channel><item><title>考试院公布答案，请各位考生查收</title></item></channel></rss>"
        finds, _ = read_feed(text.encode("gb18030"), "text/xml", parse("http://x/"))
        assert finds[0].title == "考试院公布答案，请各位考生查收"


def test_control_characters_and_missing_ids_do_not_spoil_a_feed():
    text = "<rss><channel><ttl>30</ttl><item><title>a\x0bb</title><description>&lt;p&gt;x&lt;/p&gt;</description></item>"
    finds, ttl_s = read_feed((text + "</channel></rss>").encode(), "", parse("http://x/"))
    assert (finds[0].title, finds[0].text, ttl_s) == ("ab", "x", 1800)
    assert finds[0].key


def test_a_bad_line_of_a_file_is_told_by_its_place_and_the_others_are_read(tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "一"}\n{bad\n{"title": "no text"}\n\n{"id": 7, "text": "二", "author": "x"}\n')
    finds, faults = read_file(path, 2**20)
    assert [found.text for found in finds] == ["一", "二"]
    assert [str(fault).split(": ")[0] for fault in faults] == [f"{path}:2", f"{path}:3"]


def test_text_and_html_files_are_documents(tmp_path):
    (tmp_path / "a.txt").write_bytes("标题\n正文第一行".encode("gb18030"))
    (tmp_path / "b.html").write_text("<title>T</title><p>x</p>")
    assert [(f.title, f.text) for f in read_file(tmp_path / "a.txt", 2**20)[0]] == [("标题", "正文第一行")]
    assert [(f.title, f.text) for f in read_file(tmp_path / "b.html", 2**20)[0]] == [("T", "x")]


async def test_a_folder_is_read_once_and_again_what_changed(tmp_path, bench):
    folder = tmp_path / "drop"
    folder.mkdir()
    (folder / "a.txt").write_text("甲\n内容")
    source = {"kind": "folder", "id": "drop", "path": str(folder)}
    await bench.poll(source, times=2)
    (folder / "a.txt").write_text("甲\n改过的内容")
    (folder / "b.txt").write_text("乙\n内容")
    await bench.poll(source)
    assert [(d.title, d.version) for d in bench.delivered] == [("甲", 1), ("甲", 2), ("乙", 1)]


@pytest.mark.parametrize(
    ("source", "path", "words"),
    [
        ({"kind": "feeed", "id": "a"}, ("sources", 0, "kind"), "no kind"),
        ({"id": "a"}, ("sources", 0), "kind is missing"),
        ({"kind": "feed", "id": "a"}, ("sources", 0, "url"), "missing"),
        ({"kind": "feed", "id": "a", "url": "ftp://x"}, ("sources", 0, "url"), "scheme ftp"),
        ({"kind": "feed", "id": "a", "url": "http://x", "delay": 3}, ("sources", 0, "delay"), "did you mean 'delay_s'"),
        ({"kind": "forum", "id": "a", "url": "http://x", "preset": "dicuz"}, ("sources", 0), "there are: discuz"),
        ({"kind": "forum", "id": "a", "url": "http://x"}, ("sources", 0), "selectors missing"),
        ({"kind": "forum", "id": "a", "url": "http://x", "preset": "discuz", "thread": {"text": "[["}}, ("sources", 0, "thread", "text"), "not a CSS selector"),
        ({"kind": "json", "id": "a", "url": "http://x", "select": {"items": "a[", "text": "b"}}, ("sources", 0, "select", "items"), "JMESPath"),
        ({"kind": "search", "id": "a", "url": "http://x"}, ("sources", 0), "words"),
        ("feed", ("sources", 0), "mapping"),
    ],
)  # fmt: skip
def test_each_fault_of_a_source_is_told_with_its_key_path(source, path, words):
    configs, faults = parse_sources([source, {"kind": "feed", "id": "ok", "url": "http://x/"}])
    assert [config.id for config in configs] == ["ok"]
    assert faults[0].path == path
    assert words in faults[0].message


def test_two_sources_of_one_id_are_a_fault():
    _, faults = parse_sources([{"kind": "feed", "id": "a", "url": "http://x/"}] * 2)
    assert faults[0].path == ("sources", 1, "id")


def test_only_addresses_written_out_are_named_by_their_url():
    configs, _ = parse_sources(
        [
            {"kind": "feed", "id": "a", "url": "http://127.0.0.1:8441/f"},
            {"kind": "feed", "id": "b", "url": "http://intranet:80/f"},
            {"kind": "feed", "id": "c", "url": "http://intranet:80/f", "allow_hosts": ["intranet:80"]},
        ]
    )
    assert [sorted(config.named_hosts()) for config in configs] == [["127.0.0.1:8441"], [], ["intranet:80"]]


def test_json_that_is_none_or_has_no_items_is_an_error_of_its_kind():
    for body, kind in ((b"<html>", "parse"), (b'{"other": 1}', "layout")):
        with pytest.raises(CrawlError) as told:
            read_json(Page(parse("http://x/"), body, ""), JsonSelectors(items="items", text="t"))
        assert told.value.kind == kind
