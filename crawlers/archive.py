"""Evidence of the web: request and response as they were, in WARC files (ISO 28500).

    FOLDER/2026-06-07.warc.gz   request + response records of every page that gave a document,
                                and a picture of it where a browser showed it

One file a day, appended record by record and flushed to disk; a file cut in a crash is
readable up to its last whole record. The digest in the record is of the bytes as kept.
"""

from __future__ import annotations

import asyncio
import io
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from warcio.recordloader import ArcWarcRecord
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from crawlers.fetch import Response

_CHANGED = frozenset(("content-encoding", "transfer-encoding", "content-length", "set-cookie"))
"""Headers that no longer hold for the unpacked body, or are nobody's business."""


class Archive(Protocol):
    """The door to kept pages."""

    async def keep(self, response: Response, picture: bytes = b"") -> None:
        """Have `response` on disk when this returns, with the PNG of it if there is one."""
        ...


class WarcArchive:
    """`Archive` in a folder."""

    def __init__(self, folder: Path, user_agent: str) -> None:
        self._folder = folder
        self._user_agent = user_agent
        self._turn = asyncio.Lock()

    async def keep(self, response: Response, picture: bytes = b"") -> None:
        async with self._turn:
            await asyncio.to_thread(self._write, response, picture)

    def _write(self, response: Response, picture: bytes) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"{response.fetched_at.astimezone(UTC):%Y-%m-%d}.warc.gz"
        records = io.BytesIO()
        writer = WARCWriter(records, gzip=True)
        self._records(writer, response)
        if picture:
            writer.write_record(_view(writer, response, picture))
        with path.open("ab") as file:
            file.write(records.getbuffer())
            file.flush()
            os.fsync(file.fileno())

    def _records(self, writer: WARCWriter, response: Response) -> None:
        url, at = str(response.url), _warc_date(response.fetched_at)
        headers = [(name, value) for name, value in response.headers.items() if name not in _CHANGED]
        headers.append(("content-length", str(len(response.body))))
        answer = writer.create_warc_record(
            url,
            "response",
            payload=io.BytesIO(response.body),
            http_headers=StatusAndHeaders(f"{response.status} -", headers, protocol="HTTP/1.1"),
            warc_headers_dict={"WARC-Date": at},
        )
        asked = writer.create_warc_record(
            url,
            "request",
            http_headers=StatusAndHeaders(
                f"GET {response.url.target} HTTP/1.1",
                [("Host", response.url.origin.partition("://")[2]), ("User-Agent", self._user_agent)],
                is_http_request=True,
            ),
            warc_headers_dict={
                "WARC-Date": at,
                "WARC-Concurrent-To": answer.rec_headers.get_header("WARC-Record-ID"),
            },
        )
        writer.write_record(answer)
        writer.write_record(asked)


def _view(writer: WARCWriter, response: Response, picture: bytes) -> ArcWarcRecord:
    """A screenshot under the name that Browsertrix and the replay tools know it by."""
    return writer.create_warc_record(
        f"urn:view:{response.url}",
        "resource",
        payload=io.BytesIO(picture),
        warc_content_type="image/png",
        warc_headers_dict={"WARC-Date": _warc_date(response.fetched_at)},
    )


def _warc_date(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
