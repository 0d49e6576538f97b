"""Documents a line, as we and other crawlers write them."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from crawlers.document import Attachment, Document
from crawlers.errors import CrawlError
from crawlers.source.growing import Place, place_of
from crawlers.source.record import RecordFields, read_record
from crawlers.wire import to_record
from tests.unit.crawlers.test_warc import HTML, NOW, old, post, warc

OURS = Document(
    id="d1",
    source="board",
    url="https://board.example/t/1",
    author="小明",
    title="标题",
    text="正文",
    published_at=NOW - timedelta(hours=2),
    first_seen_at=NOW - timedelta(hours=1),
    fetched_at=NOW - timedelta(minutes=30),
    digest="sha256:00",
    attachments=(
        Attachment("https://board.example/1.png", "sha256:11", "image/png", "图中字", ("https://qr",)),
    ),
)
STORM = {
    "url": "http://board.example/t/2",
    "domain": "board.example",
    "title": "风暴",
    "content": "StormCrawler 的正文",
    "keywords": ["exam"],
    "fetchTime": "2026-06-07T09:00:00Z",
}
SCRAPY = {
    "url": ["http://board.example/t/3?utm_source=x"],
    "title": [" 爬虫 "],
    "body": ["<div>第一段</div><div>第二段<script>x</script></div>"],
    "crawled_at": 1780822800,
}
HERITRIX = {
    "target_uri": "http://board.example/t/4",
    "html": HTML.format("丁"),
    "timestamp": "2026-06-07T09:00:00.123Z",
}


def read(entry: object, fields: RecordFields | None = None):
    return read_record(json.dumps(entry).encode(), "f:1", fields or RecordFields(), NOW)


def test_our_own_record_keeps_its_times_and_what_was_read_off_its_pictures():
    found = read(to_record(OURS))
    assert (found.key, found.url, found.author, found.title, found.text) == (
        "d1",
        OURS.url,
        "小明",
        "标题",
        "正文",
    )
    assert (found.published_at, found.first_seen_at) == (OURS.published_at, OURS.first_seen_at)
    assert found.fetched_at == OURS.fetched_at
    assert found.attachments == OURS.attachments


@pytest.mark.parametrize(
    ("entry", "key", "title", "text"),
    [
        (STORM, "http://board.example/t/2", "风暴", "StormCrawler 的正文"),
        (SCRAPY, "http://board.example/t/3", "爬虫", "第一段\n第二段"),
        (HERITRIX, "http://board.example/t/4", "丁 的帖子", "正文 丁"),
    ],
)
def test_other_crawlers_records_are_read_by_their_own_names(entry, key, title, text):
    found = read(entry)
    assert (found.key, found.title, found.text) == (key, title, text)
    assert found.fetched_at.replace(microsecond=0) == datetime(2026, 6, 7, 9, 0, tzinfo=UTC)


def test_a_source_may_name_the_fields_itself():
    fields = RecordFields(text="data.raw", title="data.h1", url="loc")
    found = read({"loc": "http://a.example/", "data": {"raw": "x < y", "h1": "T"}}, fields)
    assert (found.url, found.title, found.text) == ("http://a.example/", "T", "x < y")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "JSON"),
        (b"[1]", "not a JSON object"),
        (b'{"url": "http://a.example/"}', "neither text"),
        (b"[" * 100_000, "JSON"),
        (b'{"text": "x", "attachments": [{"digest": 1}]}', "attachments"),
    ],
)
def test_a_record_that_holds_nothing_says_why(line, reason):
    with pytest.raises(CrawlError, match=reason) as told:
        read_record(line, "f.jsonl:3", RecordFields(), NOW)
    assert str(told.value).startswith("f.jsonl:3: ")


def lines(path: Path, *entries: object, end: str = "\n") -> None:
    with path.open("a") as file:
        file.write("\n".join(json.dumps(entry, ensure_ascii=False) for entry in entries) + end)


def jsonl(path: Path, **more: object) -> dict[str, object]:
    return {"kind": "jsonl", "id": "j", "path": str(path), **more}


async def test_json_lines_are_read_on_as_they_grow_and_known_ones_pass(bench, tmp_path):
    path = tmp_path / "items.jl"
    lines(path, STORM, SCRAPY)
    await bench.poll(jsonl(tmp_path), times=2)
    lines(path, STORM, HERITRIX, {**STORM, "content": "改过的正文"})
    await bench.poll(jsonl(tmp_path))
    assert bench.titles == ["风暴", "爬虫", "丁 的帖子", "风暴"]
    assert [document.version for document in bench.delivered] == [1, 1, 1, 2]


async def test_a_line_without_its_end_is_waited_for_and_a_bad_one_told_by_its_number(bench, tmp_path):
    path = tmp_path / "a.jsonl"
    lines(path, STORM)
    lines(path, {"no": "text"}, HERITRIX, SCRAPY, end="")
    report = await bench.poll(jsonl(tmp_path))
    assert bench.titles == ["风暴", "丁 的帖子"]
    assert [str(fault).partition(": ")[0] for fault in report.faults] == [f"{path}:2"]
    report = await bench.poll(jsonl(tmp_path))
    assert report.faults == ()
    old(path)
    await bench.poll(jsonl(tmp_path))
    assert bench.titles == ["风暴", "丁 的帖子", "爬虫"]


async def test_a_compressed_file_and_a_line_over_the_cap(bench, tmp_path):
    big = {"url": "http://a.example/big", "text": "x" * 5000}
    text = "".join(json.dumps(entry) + "\n" for entry in (STORM, big, SCRAPY))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    cut = gzip.compress(b"".join(os.urandom(300).hex().encode() + b"\n" for _ in range(50)))
    (tmp_path / "b.jsonl.gz").write_bytes(cut[: len(cut) // 2])
    report = await bench.poll(jsonl(tmp_path, max_bytes=2000))
    assert bench.titles == ["风暴", "爬虫"]
    assert report.faults[0].kind == "too_large"
    assert str(report.faults[0]).startswith(f"{tmp_path}/a.jsonl.gz:2: ")
    assert report.faults[-1].kind == "file"
    assert report.faults[-1].where.startswith(f"{tmp_path}/b.jsonl.gz:")


async def test_both_kinds_of_growing_files_are_read_by_the_command_which_reads_in_processes(tmp_path):
    warcs, lines = tmp_path / "warcs", tmp_path / "lines"
    warcs.mkdir()
    lines.mkdir()
    (warcs / "a.warc.gz").write_bytes(post(1) + post(2))
    line = {"url": "http://board.example/9", "text": "出售 \ud800 答案", "title": "九"}
    file = lines / "a.jsonl"
    file.write_text(json.dumps(line) + "\n")
    old(file)
    config = tmp_path / "c.yml"
    config.write_text(
        f"sources:\n  - {{kind: warc, id: w, path: '{warcs}'}}\n  - {{kind: jsonl, id: j, path: '{lines}'}}\n"
    )
    command = [sys.executable, "-c", "from monitor.cli import main; main()", "crawl", str(config), "--once"]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    found = [json.loads(text) for text in done.stdout.splitlines()]
    assert sorted(one["title"] for one in found) == ["1 的帖子", "2 的帖子", "九"]


async def test_half_a_character_in_json_stops_nothing(bench, tmp_path):
    (tmp_path / "a.jsonl").write_text('{"id": "\\ud83d", "text": "x \\ud83d y"}\n{"id": "b", "text": "z"}\n')
    report = await bench.poll(jsonl(tmp_path))
    assert report.error is None
    assert bench.texts == ["x ? y", "z"]


async def test_a_poll_takes_so_many_and_the_next_goes_on(bench, tmp_path):
    lines(tmp_path / "a.jsonl", *({"id": str(n), "text": f"文 {n}"} for n in range(500)))
    counts = [(await bench.poll(jsonl(tmp_path, max_documents=200))).n_new for _ in range(4)]
    assert counts == [200, 200, 100, 0]


@pytest.mark.parametrize(
    ("mark", "size", "place"),
    [
        (None, 10, Place()),
        ("5/10/2", 10, Place(5, 10, 2)),
        ("5/-1/2", 10, Place(5, -1, 2)),
        ("5/10/2", 9, Place()),
        ("1780815720:77", 10, Place()),
    ],
)
def test_a_place_holds_for_the_file_it_was_noted_for(mark, size, place):
    assert place_of(mark, size) == place


async def test_a_folder_that_is_not_there_is_the_sources_own_failure(bench, tmp_path):
    for source in (warc(tmp_path / "none"), jsonl(tmp_path / "none")):
        report = await bench.poll(source)
        assert report.error.kind == "file"
