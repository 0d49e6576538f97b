"""WARC files that other crawlers write: read on as they grow, whatever is broken in them."""

from __future__ import annotations

import asyncio
import gzip
import io
import os
import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawlers.archive import WarcArchive
from crawlers.fetch import Response
from crawlers.source.growing import Place
from crawlers.source.warc import read_warc
from crawlers.url import parse
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
