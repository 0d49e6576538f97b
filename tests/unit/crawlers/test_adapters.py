"""What other crawlers leave: WARC files, JSON lines, messages on a subject of NATS."""

from __future__ import annotations

import asyncio
import gzip
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nats
import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawlers.archive import WarcArchive
from crawlers.config import parse_sources
from crawlers.document import Attachment, Document
from crawlers.errors import CrawlError
from crawlers.fetch import Response
from crawlers.source.growing import Place, place_of
from crawlers.source.record import RecordFields, read_record
from crawlers.source.warc import read_warc
from crawlers.url import parse
from crawlers.wire import to_record
from tests.unit.crawlers.test_extract import pdf_bytes

DATA = Path(__file__).parents[2] / "data"
NOW = datetime(2026, 6, 7, 12, 0, tzinfo=UTC)
HTML = "<html><head><title>{0} 的帖子</title></head><body><p>正文 {0}</p></body></html>"


def record(
    url: str,
    body: bytes,
    media_type: str = "text/html",
    *,
    kind: str = "response",
    status: str = "200 OK",
    at: str = "2026-06-07T01:02:03Z",
    gz: bool = True,
    headers: tuple[tuple[str, str], ...] = (),
) -> bytes:
    """One record as a crawler writes it."""
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=gz)
    made = writer.create_warc_record(
        url,
        kind,
        payload=io.BytesIO(body),
        http_headers=StatusAndHeaders(status, [("Content-Type", media_type), *headers], protocol="HTTP/1.1"),
        warc_headers_dict={"WARC-Date": at},
    )
    writer.write_record(made)
    return out.getvalue()


def post(n: int, **more) -> bytes:
    return record(f"http://board.example/t/{n}", HTML.format(n).encode(), **more)


def old(path: Path) -> Path:
    """`path`, as nobody has written to it for an hour."""
    then = time.time() - 3600
    os.utime(path, (then, then))
    return path


def warc(path: Path) -> dict[str, str]:
    return {"kind": "warc", "id": "w", "path": str(path)}


@pytest.mark.parametrize("gz", [True, False])
async def test_pages_of_a_warc_become_documents_as_of_when_they_were_fetched(bench, tmp_path, gz):
    gbk = HTML.format("试卷").encode("gb18030")
    whole = b"".join(
        [
            record("http://board.example/t/1", gbk, "text/html; charset=gbk", gz=gz),
            post(2, at="2026-06-07T01:02:04Z", gz=gz),
            post(3, kind="request", gz=gz),
            post(4, status="404 Not Found", gz=gz),
            record("http://board.example/a.js", b"let a = 1", "application/javascript", gz=gz),
            record("http://board.example/robots.txt", b"User-agent: *", "text/plain", gz=gz),
            record("http://board.example/note", "只有文字".encode(), "text/plain", gz=gz),
        ]
    )
    (tmp_path / ("a.warc.gz" if gz else "a.warc")).write_bytes(whole)
    report = await bench.poll(warc(tmp_path))
    assert (report.error, report.faults) == (None, ())
    assert bench.titles == ["试卷 的帖子", "2 的帖子", ""]
    assert bench.texts == ["正文 试卷", "正文 2", "只有文字"]
    first = bench.delivered[0]
    assert (first.url, first.id) == ("http://board.example/t/1", first.id)
    assert first.fetched_at == first.first_seen_at == datetime(2026, 6, 7, 1, 2, 3, tzinfo=UTC)


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


async def test_files_in_a_warc_are_read_like_attachments(bench, tmp_path):
    files = [
        record("http://board.example/d/paper.pdf", pdf_bytes("Question one is A"), "application/pdf"),
        record("http://board.example/p/1.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 5000, "image/png"),
        record("http://board.example/x.bin", b"\0\1\2" * 100, "application/octet-stream"),
    ]
    (tmp_path / "a.warc.gz").write_bytes(b"".join(files))
    await bench.poll(warc(tmp_path))
    paper, picture = bench.delivered
    assert (paper.title, picture.title) == ("paper.pdf", "1.png")
    (part,) = paper.attachments
    assert (part.media_type, part.text.strip()) == ("application/pdf", "Question one is A")
    assert (part.url, picture.attachments[0].media_type) == (paper.url, "image/png")


async def test_a_warc_that_grows_is_read_on_and_nothing_twice(bench, tmp_path):
    path = tmp_path / "a.warc.gz"
    for n in range(3):
        with path.open("ab") as file:
            file.write(post(n) + post(0))
        await bench.poll(warc(tmp_path), times=2)
    assert bench.texts == ["正文 0", "正文 1", "正文 2"]
    with path.open("ab") as file:
        file.write(record("http://board.example/t/1", HTML.format("1 已改").encode()))
    await bench.poll(warc(tmp_path))
    assert (bench.texts[-1], bench.delivered[-1].version) == ("正文 1 已改", 2)


@pytest.mark.parametrize("gz", [True, False])
async def test_a_record_that_is_still_being_written_is_waited_for(bench, tmp_path, gz):
    path = tmp_path / ("a.warc.gz" if gz else "a.warc")
    whole = post(1, gz=gz) + post(2, gz=gz)
    path.write_bytes(whole[:-100])
    report = await bench.poll(warc(tmp_path))
    assert (bench.texts, report.faults) == (["正文 1"], ())
    path.write_bytes(whole)
    await bench.poll(warc(tmp_path))
    assert bench.texts == ["正文 1", "正文 2"]


@pytest.mark.parametrize("gz", [True, False])
async def test_a_file_that_stays_cut_off_is_told_once_and_the_others_go_on(bench, tmp_path, gz):
    ending = "warc.gz" if gz else "warc"
    whole = post(1, gz=gz)
    (tmp_path / f"a.{ending}").write_bytes(whole + post(2, gz=gz)[:-100])
    old(tmp_path / f"a.{ending}")
    (tmp_path / f"b.{ending}").write_bytes(post(3, gz=gz))
    (tmp_path / "c.warc.gz").write_bytes(b"no warc at all" * 10)
    old(tmp_path / "c.warc.gz")
    first = await bench.poll(warc(tmp_path))
    assert bench.texts == ["正文 1", "正文 3"]
    assert [fault.kind for fault in first.faults] == ["file", "file"]
    assert str(first.faults[0]).startswith(f"{tmp_path}/a.{ending}:{len(whole)}: ")
    second = await bench.poll(warc(tmp_path))
    assert second.faults == ()


def test_what_stands_in_a_broken_record_is_not_printed(tmp_path, capsys):
    path = tmp_path / "a.warc"
    whole = post(0, gz=False)
    head, _, body = whole.partition(b"Content-Length: ")
    path.write_bytes(head + b"Content-Length: 100" + body[body.index(b"\r") :] + post(1, gz=False))
    old(path)
    assert read_warc(path, Place(), 2**20, datetime.now(UTC)).faults
    assert capsys.readouterr() == ("", "")


def test_half_a_compressed_record_that_reads_on_into_the_next_ones_takes_none_of_them_along(tmp_path):
    """One of 150 such halves (this one is of `post`) has a deflate stream that reads on to the file's end."""
    path = tmp_path / "a.warc.gz"
    path.write_bytes((DATA / "warc" / "half-a-member.warc.gz").read_bytes())
    old(path)
    broken = read_warc(path, Place(), 2**20, datetime.now(UTC))
    assert [found.text for found in broken.finds] == ["正文 0"]
    assert "broken, goes on at byte 572" in str(broken.faults[0])
    rest = read_warc(path, broken.place, 2**20, datetime.now(UTC))
    assert [found.text for found in rest.finds] == ["正文 2", "正文 3"]


@pytest.mark.parametrize("gz", [True, False])
def test_reading_goes_on_behind_what_is_broken_in_the_middle(tmp_path, gz):
    path = tmp_path / ("a.warc.gz" if gz else "a.warc")
    parts = [post(n, gz=gz) for n in range(4)]
    half = len(parts[1]) // 2
    path.write_bytes(parts[0] + parts[1][:half] + parts[2] + parts[3])
    old(path)
    texts, faults, place = [], [], Place()
    for _ in range(5):
        part = read_warc(path, place, 2**20, datetime.now(UTC))
        texts += [found.text for found in part.finds]
        faults += [str(fault) for fault in part.faults]
        place = part.place
        if part.is_end:
            break
    # Uncompressed, the broken record's head takes the next one's body for its own.
    assert texts == (["正文 0", "正文 2", "正文 3"] if gz else ["正文 0", "正文 3"])
    assert (part.is_end, place.size) == (True, path.stat().st_size)
    assert len(faults) == 1
    assert ("goes on at byte" if gz else "does not fit its own head") in faults[0]


def test_a_record_that_does_not_end_where_it_says_hides_no_other(tmp_path):
    path = tmp_path / "a.warc"
    path.write_bytes(
        post(1, gz=False).replace(b"Content-Length: 124", b"Content-Length: 100") + post(2, gz=False)
    )
    part = read_warc(old(path), Place(), 2**20, datetime.now(UTC))
    assert [fault.kind for fault in part.faults] == ["file"]
    assert [found.text for found in read_warc(path, part.place, 2**20, NOW).finds] == ["正文 2"]


def test_a_part_is_bounded_and_the_next_goes_on_where_it_ended(tmp_path):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(b"".join(post(n) for n in range(450)))
    place, sizes, seen = Place(), [], []
    while not (part := read_warc(path, place, 2**20, NOW)).is_end:
        place = part.place
        sizes.append(len(part.finds))
        seen += [found.key for found in part.finds]
    seen += [found.key for found in part.finds]
    assert max(sizes) <= 200
    assert len(seen) == len(set(seen)) == 450


@pytest.mark.parametrize(
    ("body", "headers", "kind"),
    [
        (b"x" * 3000, (), "too_large"),
        (gzip.compress(b"<html>" + b"a" * 10_000_000), (("Content-Encoding", "gzip"),), "too_large"),
    ],
)
def test_a_record_over_the_cap_is_told_and_the_next_is_read(tmp_path, body, headers, kind):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(record("http://board.example/big", body, headers=headers) + post(2))
    part = read_warc(path, Place(), 2000, NOW)
    assert [fault.kind for fault in part.faults] == [kind]
    assert [found.text for found in part.finds] == ["正文 2"]


def test_a_date_of_tomorrow_is_not_believed(tmp_path):
    path = tmp_path / "a.warc"
    path.write_bytes(post(1, at="2027-01-01T00:00:00Z", gz=False))
    assert read_warc(path, Place(), 2**20, NOW).finds[0].fetched_at == NOW


def test_a_warc_compressed_as_a_whole_is_told_with_what_mends_it(tmp_path):
    path = tmp_path / "a.warc.gz"
    path.write_bytes(gzip.compress(post(1, gz=False) + post(2, gz=False)))
    part = read_warc(old(path), Place(), 2**20, datetime.now(UTC))
    assert ["warcio recompress" in str(fault) for fault in part.faults] == [True]
    assert part.place == Place(0, path.stat().st_size, 0)


async def test_our_own_archive_can_be_read_back(bench, tmp_path):
    archive = WarcArchive(tmp_path, "examwatch/0")
    body = HTML.format("存档").encode()
    for n in range(2):
        url = parse(f"https://board.example/t/{n}")
        await archive.keep(Response(url, 200, {"content-type": "text/html"}, body, NOW), b"\x89PNG")
    await bench.poll(warc(tmp_path))
    assert [document.url for document in bench.delivered] == [
        f"https://board.example/t/{n}" for n in range(2)
    ]


@pytest.mark.skipif(shutil.which("wget") is None, reason="Debian's wget is not installed")
@pytest.mark.parametrize("more", [(), ("--no-warc-compression",)])
async def test_what_wget_has_crawled_is_read(bench, site, tmp_path, more):
    site.pages["/"] = "<html><title>首页</title><a href='/t/1'>1</a> <a href='/d/p.pdf'>卷</a></html>"
    site.pages["/t/1"] = HTML.format("甲")
    site.pages["/d/p.pdf"] = pdf_bytes("Question one is A")
    command = ["wget", "-q", "-r", "-l", "2", f"--warc-file={tmp_path}/crawl", *more, f"{site.url}/"]
    done = await asyncio.create_subprocess_exec(*command, cwd=tmp_path)
    await done.wait()
    (tmp_path / f"127.0.0.1:{site.port}").rename(tmp_path / "mirror")
    report = await bench.poll(warc(tmp_path))
    assert (report.error, report.faults) == (None, ())
    by_title = {document.title: document for document in bench.delivered}
    assert by_title["首页"].url == f"{site.url}/"
    assert by_title["甲 的帖子"].text == "正文 甲"
    assert by_title["p.pdf"].attachments[0].text.strip() == "Question one is A"
    assert abs(by_title["首页"].fetched_at - datetime.now(UTC)) < timedelta(minutes=1)


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


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    program = shutil.which("nats-server")
    if program is None:
        pytest.skip("Debian's nats-server is not installed")
    folder = tmp_path_factory.mktemp("nats")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [program, "-js", "-sd", folder, "-a", "127.0.0.1", "-p", str(port), "--auth", "s3cret"],
        stderr=subprocess.DEVNULL,
    )
    (folder / "token").write_text("s3cret\n")
    try:
        yield f"nats://127.0.0.1:{port}", folder / "token"
    finally:
        server.terminate()
        server.wait()


async def connected(url: str):
    for _ in range(100):
        try:
            return await nats.connect(url, token="s3cret", allow_reconnect=False)
        except (OSError, nats.errors.Error):
            await asyncio.sleep(0.05)
    raise AssertionError("nats-server does not come up")


def subject(broker, name: str, **more: object) -> dict[str, object]:
    url, token = broker
    return {
        "kind": "nats",
        "id": name,
        "servers": [url],
        "subject": f"{name}.>",
        "token_file": str(token),
        **more,
    }


@pytest.mark.tools
async def test_messages_become_documents_once_and_are_acknowledged(bench, broker):
    client = await connected(broker[0])
    try:
        stream = client.jetstream()
        await stream.add_stream(name="pages", subjects=["pages.>"])
        for entry in (STORM, to_record(OURS), {"no": "text"}, SCRAPY):
            await stream.publish("pages.board", json.dumps(entry).encode())
        bench.fail_at = 3
        report = await bench.poll(subject(broker, "pages"))
        assert bench.titles == ["风暴", "标题", "爬虫"]
        assert bench.delivered[1].attachments == OURS.attachments
        assert [str(fault).partition(": ")[0] for fault in report.faults] == ["nats:pages.board#3"]
        state = await stream.consumer_info("pages", "examwatch-pages")
        assert (state.num_ack_pending, state.num_pending) == (0, 0)
        await stream.publish("pages.board", json.dumps(STORM).encode())
        assert (await bench.poll(subject(broker, "pages"))).n_new == 0
    finally:
        await client.close()


@pytest.mark.tools
async def test_a_message_whose_document_was_not_taken_comes_again(bench, broker):
    client = await connected(broker[0])
    try:
        stream = client.jetstream()
        await stream.add_stream(name="again", subjects=["again.>"])
        for n in range(3):
            await stream.publish("again.x", json.dumps({"id": str(n), "text": f"文 {n}"}).encode())
        bench.fail_at = 1
        with pytest.raises(ConnectionAbortedError):
            await bench.poll(subject(broker, "again"))
        state = await stream.consumer_info("again", "examwatch-again")
        assert state.num_ack_pending == 2
    finally:
        await client.close()


@pytest.mark.tools
async def test_a_broker_away_a_wrong_token_and_a_subject_nobody_keeps_are_told(bench, broker, tmp_path):
    client = await connected(broker[0])
    await client.close()
    away = await bench.poll(subject(("nats://127.0.0.1:9", broker[1]), "away"))
    assert (away.error.kind, away.error.where) == ("connect", "nats://127.0.0.1:9")
    (tmp_path / "wrong").write_text("wrong")
    wrong = await bench.poll(subject((broker[0], tmp_path / "wrong"), "wrong"))
    assert "uthorization" in str(wrong.error)
    nobody = await bench.poll(subject(broker, "nobody"))
    assert "no stream keeps this subject" in str(nobody.error)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"servers": []}, "at least 1"),
        ({"servers": ["http://h"]}, "nats://host:port"),
        ({"servers": ["nats://user:secret@h"]}, "secrets in files"),
        ({"servers": ["nats://h"], "fields": {"text": "a["}}, "JMESPath"),
    ],
)
def test_a_wrong_subject_is_a_fault_of_the_configuration(more, says):
    _, faults = parse_sources([{"kind": "nats", "id": "n", "subject": "s", **more}])
    assert len(faults) == 1
    assert says in faults[0].message
