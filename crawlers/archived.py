"""Pages as the archive keeps them, read back: the newest that was kept under an address.

Reads the newest files first and stops at `MAX_BYTES` of them, packed: a page is looked for, no
history. The files hold strangers' bytes, so `find` belongs into a workshop.
"""

from __future__ import annotations

from pathlib import Path

from warcio.archiveiterator import ArchiveIterator
from warcio.exceptions import ArchiveLoadFailed

from crawlers.moment import read_time
from crawlers.source.base import Page
from crawlers.url import canonical, parse

MAX_BYTES = 256 * 2**20
MAX_PAGE_BYTES = 8 * 2**20


def find(folder: Path, address: str) -> Page | None:
    """The page last kept for `address`; None where there is none. Raises CrawlError for no address."""
    wanted, n_bytes = canonical(parse(address)), 0
    for file in sorted(folder.glob("*.warc.gz"), reverse=True):
        n_bytes += file.stat().st_size
        if n_bytes > MAX_BYTES:
            return None
        found = _newest_in(file, str(wanted))
        if found is not None:
            return found
    return None


def _newest_in(file: Path, wanted: str) -> Page | None:
    found: Page | None = None
    with file.open("rb") as stream:
        try:
            for record in ArchiveIterator(stream):
                address = str(record.rec_headers.get_header("WARC-Target-URI"))
                if record.rec_type != "response" or not _same(address, wanted):
                    continue
                body = record.content_stream().read(MAX_PAGE_BYTES)
                headers = record.http_headers
                kind = headers.get_header("content-type") if headers is not None else None
                at = read_time(str(record.rec_headers.get_header("WARC-Date")))
                found = Page(parse(address), body, str(kind or ""), fetched_at=at)
        except (ArchiveLoadFailed, EOFError):
            # Cut in a crash: whole up to here.
            return found
    return found


def _same(address: str, wanted: str) -> bool:
    return address == wanted or (address.startswith("http") and str(canonical(parse(address))) == wanted)
