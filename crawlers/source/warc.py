"""WARC files (ISO 28500) that another crawler writes: a folder that grows, or one file.

    response, status 200 ──┬─ HTML or text ─> a document of its title and text
                           └─ PDF, office, archive, picture ─> a document with the file attached

WARC-Date is when it was fetched and first seen. Compressed and plain files are read, each on from
where it was left. What is cut off or broken is told in one line, and reading goes on at the next
whole record; a cut at the end of a file that still grows is waited for. Heritrix's ``.open`` files
are read when they have got their name.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import AsyncIterator
from contextlib import redirect_stderr
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import Field
from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from crawlers.charset import decode
from crawlers.errors import CrawlError
from crawlers.extract.file import kind_of
from crawlers.extract.html import parse_html, text_of, tidy
from crawlers.moment import read_time
from crawlers.source.base import Found, Visit
from crawlers.source.growing import GrowingConfig, Part, Place, is_still, read_parts
from crawlers.url import Url, canonical, parse

ENDINGS = (".warc", ".warc.gz")
MAX_RECORDS, MAX_PART_BYTES, PART_S = 200, 16 * 2**20, 3.0
"""Of one part, so that a parser's limits on time and memory hold for any file."""
MAX_FAULTS = 20
"""Told of one part."""
SCAN_BYTES = 2**20
_GZIP, _PLAIN = b"\x1f\x8b\x08", b"WARC/1."
_PAGES = frozenset(("text/html", "application/xhtml+xml", "text/plain", ""))
_PASSED = frozenset(("application/octet-stream", "application/vnd.rar", "application/x-ole-storage"))
_BROKEN = (ArchiveLoadFailed, zlib.error, EOFError, ValueError, IndexError, AttributeError)
"""What the library raises in the middle of what is no WARC."""


class WarcConfig(GrowingConfig):
    every_s: float | None = Field(default=30.0, ge=1, le=86_400)


class Warc:
    def __init__(self, config: WarcConfig) -> None:
        self.config = config

    async def read(self, visit: Visit) -> AsyncIterator[Found]:
        config = self.config
        async for found in read_parts(visit, config, ENDINGS, read_warc, config.max_bytes, visit.now):
            yield found


def read_warc(path: Path, place: Place, max_bytes: int, now: datetime) -> Part:
    """The next documents of `path` from `place` on. Raises CrawlError when the file cannot be read."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            reading = _Reading(path, place, max_bytes, now)
            with redirect_stderr(StringIO()):
                # The library prints there what stands in the file; what is wrong with it is told by us.
                why = reading.records(file)
            if why is None:
                return reading.part(-1, is_end=False)
            if _is_blank(file, reading.offset, size):
                return reading.part(size, is_end=True)
            # Not at the end, so something is in the way: a record cut off, or what is no record.
            begin = _next_record(file, reading.offset + 1)
            if begin is not None:
                reading.tell("file", reading.offset, f"broken, goes on at byte {begin}: {why}")
                reading.offset = begin
                return reading.part(-1, is_end=False)
            if not is_still(path, now):
                return reading.part(-1, is_end=True)
            reading.tell("file", reading.offset, f"cut off or broken up to its end: {why}")
            return reading.part(size, is_end=True)
    except OSError as error:
        raise CrawlError("file", str(path), error.strerror or str(error)) from None


class _Reading:
    """One part of one file."""

    def __init__(self, path: Path, place: Place, max_bytes: int, now: datetime) -> None:
        self._path = path
        self._max_bytes = max_bytes
        self._now = now
        self.offset, self._number = place.offset, place.number
        self._finds: list[Found] = []
        self._faults: list[CrawlError] = []
        self._n_bytes = 0
        self._until_s = time.monotonic() + PART_S

    def records(self, file: BinaryIO) -> str | None:
        """Read whole records; why there are no more, or None when the part is full."""
        file.seek(self.offset)
        records = ArchiveIterator(file, check_digests=True)
        try:
            for record in records:
                # Before the library is asked for places: for those it reads the record to its end.
                find = self._one(record)
                records.read_to_end(record)
                if record.format != "warc" or not record.rec_type:
                    return "no WARC record"
                if record.rec_headers.get_header("Content-Length") is None:
                    return "the record does not say how long it is"
                if getattr(record.raw_stream, "limit", 0) > 0:
                    return "the record ends too early"
                if _is_amid_member(records):
                    # Half a member may go on in the next one's bytes as if they were its own.
                    return "the record's compressed bytes do not end"
                if records.err_count:
                    return "the record does not end where it says"
                if not _is_sound(record):
                    find = CrawlError("file", "", "the record does not fit its own head")
                if isinstance(find, CrawlError):
                    self.tell(find.kind, self.offset, f"{find.where} {find.detail}".strip())
                elif find is not None:
                    self._finds.append(find)
                    self._n_bytes += len(find.text) + sum(len(data) for _, data in find.blobs)
                if records.next_line and records.reader is not None and records.reader.decompressor:
                    return "compressed as a whole, not by records: `warcio recompress` mends that"
                self.offset, self._number = records.offset, self._number + 1
                if self._is_full():
                    return None
        except _BROKEN as error:
            return " ".join(str(error).split())[:120] or type(error).__name__
        return "the record ends too early"

    def _is_full(self) -> bool:
        return (
            len(self._finds) >= MAX_RECORDS
            or self._n_bytes >= MAX_PART_BYTES
            or time.monotonic() > self._until_s
        )

    def _one(self, record: Any) -> Found | CrawlError | None:
        try:
            return found_of(record, self._max_bytes, self._now)
        except CrawlError as error:
            return error

    def tell(self, kind: str, begin: int, why: str) -> None:
        if len(self._faults) < MAX_FAULTS:
            self._faults.append(CrawlError(kind, f"{self._path}:{begin}", why))

    def part(self, size: int, *, is_end: bool) -> Part:
        place = Place(self.offset, size, self._number)
        return Part(tuple(self._finds), tuple(self._faults), place, is_end)


def found_of(record: Any, max_bytes: int, now: datetime) -> Found | None:
    """The document in a WARC record, if it is one. Raises CrawlError when it cannot be read."""
    if record.rec_type != "response" or record.http_headers is None:
        return None
    if record.http_headers.get_statuscode() != "200":
        return None
    # Wget 1.21 writes the URI in angle brackets, as the first standard's grammar had it.
    uri = (record.rec_headers.get_header("WARC-Target-URI") or "").strip("<> ")
    url = parse(uri)
    declared = record.http_headers.get_header("Content-Type") or ""
    media_type = declared.partition(";")[0].strip().lower()
    try:
        data = _body(record, max_bytes)
    except _BROKEN as error:
        raise CrawlError("encoding", uri, str(error)) from None
    if len(data) > max_bytes:
        raise CrawlError("too_large", uri, f"over {max_bytes} bytes")
    kind = kind_of(data)
    at = read_time(record.rec_headers.get_header("WARC-Date") or "")
    fetched_at = None if at is None else min(at, now)
    key = str(canonical(url))
    if kind in ("text/html", "text/plain"):
        if not data or media_type not in _PAGES or url.path == "/robots.txt":
            return None
        title, text = _page(data, declared, is_html=kind == "text/html" or "html" in media_type)
        return Found(key, uri, title, text, fetched_at=fetched_at)
    if kind in _PASSED:
        return None
    name = _name(url)
    return Found(
        key,
        uri,
        name,
        f"{kind} {record.rec_headers.get_header('WARC-Payload-Digest') or f'{len(data)} bytes'}",
        blobs=((name, data),),
        fetched_at=fetched_at,
    )


def _is_amid_member(records: Any) -> bool:
    decompressor = records.reader.decompressor
    return decompressor is not None and not records.next_line and not decompressor.eof


def _is_sound(record: Any) -> bool:
    """False for two halves of records in one, and for bytes that fell over: nobody said what stands there."""
    heads = [name for name, _ in record.rec_headers.headers if name.lower() == "warc-record-id"]
    return len(heads) == 1 and not any("block" in problem for problem in record.digest_checker.problems)


def _body(record: Any, max_bytes: int) -> bytes:
    """At most one byte more than allowed."""
    stream, pieces, n_left = record.content_stream(), list[bytes](), max_bytes + 1
    while n_left > 0 and (piece := stream.read(min(n_left, 2**16))):
        pieces.append(piece)
        n_left -= len(piece)
    return b"".join(pieces)


def _page(data: bytes, content_type: str, *, is_html: bool) -> tuple[str, str]:
    text = decode(data, content_type).text
    if not is_html:
        return "", tidy(text)
    tree = parse_html(text)
    title = tree.css_first("title")
    return (
        text_of(title) if title is not None else "",
        text_of(tree.body) if tree.body is not None else "",
    )


def _name(url: Url) -> str:
    return url.path.rpartition("/")[2] or url.host


def _is_blank(file: BinaryIO, offset: int, size: int) -> bool:
    """Nothing but the line ends behind the last record stands from `offset` on."""
    if size - offset > 16:
        return False
    file.seek(offset)
    return not file.read().strip(b"\r\n")


def _next_record(file: BinaryIO, offset: int) -> int | None:
    """Where the next record begins that can be read."""
    while True:
        file.seek(offset)
        window = file.read(SCAN_BYTES)
        for magic in (_GZIP, _PLAIN):
            at = window.find(magic)
            while at >= 0:
                if magic == _PLAIN or _is_record(window[at : at + 4096]):
                    return offset + at
                at = window.find(magic, at + 1)
        if len(window) < SCAN_BYTES:
            return None
        offset += SCAN_BYTES - len(_PLAIN)


def _is_record(member: bytes) -> bool:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(member, 16).startswith(b"WARC/")
    except zlib.error:
        return False
