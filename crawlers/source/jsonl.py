"""Files of JSON lines that another crawler writes: a folder that grows, or one file.

    FOLDER/*.jsonl *.ndjson *.json.gz …     one document a line (`crawlers.source.record`)

A file is read on from where it was left; a last line without its end is waited for. A bad line is
told by its place, the others count.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from pydantic import Field

from crawlers.errors import CrawlError
from crawlers.source.base import Found, Visit
from crawlers.source.growing import GrowingConfig, Part, Place, is_still, read_parts
from crawlers.source.record import RecordFields, read_record

ENDINGS = (".jsonl", ".ndjson", ".jl", ".jsonl.gz", ".ndjson.gz", ".jl.gz")
MAX_LINES, MAX_PART_BYTES = 200, 4 * 2**20
"""Of one part, so that a parser's limits on time and memory hold for any file."""
MAX_FAULTS = 20
"""Told of one part; a file of another format would fill the log."""


class JsonLinesConfig(GrowingConfig):
    fields: RecordFields = RecordFields()
    every_s: float | None = Field(default=15.0, ge=1, le=86_400)


class JsonLines:
    def __init__(self, config: JsonLinesConfig) -> None:
        self.config = config

    async def read(self, visit: Visit) -> AsyncIterator[Found]:
        config = self.config
        more = (config.fields, config.max_bytes, visit.now)
        async for found in read_parts(visit, config, ENDINGS, read_lines, *more):
            yield found


def read_lines(path: Path, place: Place, fields: RecordFields, max_bytes: int, now: datetime) -> Part:
    """The next documents of `path` from `place` on. Raises CrawlError when the file cannot be read."""
    finds: list[Found] = []
    faults: list[CrawlError] = []
    broken: CrawlError | None = None
    number, offset = place.number, place.offset
    n_bytes, size, is_end, is_whole = 0, 0, False, True
    try:
        size = path.stat().st_size
        with _open(path) as file:
            file.seek(offset)
            while len(finds) < MAX_LINES and n_bytes < MAX_PART_BYTES:
                line = file.readline(max_bytes + 1)
                if not line.endswith(b"\n"):
                    if len(line) > max_bytes:
                        line += _rest(file)
                    elif not line or not is_still(path, now):
                        is_end, is_whole = True, not line
                        break
                number, offset, n_bytes = number + 1, offset + len(line), n_bytes + len(line)
                if len(line) > max_bytes:
                    faults.append(CrawlError("too_large", f"{path}:{number}", f"over {max_bytes} bytes"))
                elif line.strip():
                    try:
                        finds.append(read_record(line, f"{path}:{number}", fields, now))
                    except CrawlError as error:
                        faults.append(error)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        broken = CrawlError("file", f"{path}:{number + 1}", str(error))
        is_end = True
    except OSError as error:
        raise CrawlError("file", str(path), error.strerror or str(error)) from None
    if len(faults) > MAX_FAULTS:
        more = CrawlError("parse", str(path), f"and {len(faults) - MAX_FAULTS} lines more up to {number}")
        faults = [*faults[:MAX_FAULTS], more]
    if broken is not None:
        faults.append(broken)
    reached = Place(offset, size if is_end and is_whole else -1, number)
    return Part(tuple(finds), tuple(faults), reached, is_end)


def _open(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _rest(file: BinaryIO) -> bytes:
    """The rest of a line that is too long, as zeros: only its length is wanted."""
    n_bytes = 0
    while piece := file.readline(2**20):
        n_bytes += len(piece)
        if piece.endswith(b"\n"):
            break
    return b"\0" * n_bytes
