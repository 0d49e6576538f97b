"""Files that another program appends to, each read on from where it was left.

The place is kept as the file's mark: ``OFFSET/SIZE/NUMBER``, where SIZE is that of the file when it
had been read to its end, so that a file that has not grown is not opened again.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from crawlers.errors import CrawlError
from crawlers.source.base import Visit

STILL = timedelta(minutes=1)
"""A file that nobody has written to for so long ends where it ends; crawlers flush far more often."""


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file has been read."""

    offset: int = 0
    size: int = -1
    """Of the file when its end was reached; -1: it was not."""
    number: int = 0
    """Lines or records before `offset`."""

    def __str__(self) -> str:
        return f"{self.offset}/{self.size}/{self.number}"


def place_of(mark: str | None, size: int) -> Place:
    """The place in a file of `size` bytes; its beginning where the file is new or another one by now."""
    if mark is None or not re.fullmatch(r"\d+/-?\d+/\d+", mark):
        return Place()
    place = Place(*map(int, mark.split("/")))
    return place if place.size <= size else Place()


def list_files(root: Path, endings: tuple[str, ...], max_files: int) -> list[tuple[str, int]]:
    """Names and sizes of the files under `root`, in the order of their names. Raises CrawlError."""
    try:
        if root.is_file():
            return [(str(root), root.stat().st_size)]
        if not root.exists():
            raise CrawlError("file", str(root), "no such folder")
        paths = sorted(path for path in root.rglob("*") if path.name.lower().endswith(endings))
        return [(str(path), path.stat().st_size) for path in paths[:max_files]]
    except OSError as error:
        raise CrawlError("file", str(root), error.strerror or str(error)) from None


def is_still(path: Path, now: datetime) -> bool:
    """Nobody seems to be writing to `path`. Raises OSError."""
    return now - datetime.fromtimestamp(path.stat().st_mtime, UTC) > STILL


class File:
    """One that has grown since it was last read."""

    def __init__(self, visit: Visit, name: str, place: Place) -> None:
        self._visit = visit
        self.name = name
        self.place = place

    async def reached(self, place: Place) -> None:
        """Everything before `place` has been delivered."""
        self.place = place
        await self._visit.mark(self.name, str(place))


async def grown(visit: Visit, root: Path, endings: tuple[str, ...], max_files: int) -> AsyncIterator[File]:
    """Each file under `root` that has grown, in the order of their names. Raises CrawlError."""
    files = await visit.run(list_files, root, endings, max_files)
    visit.found_by(f"files {root}", len(files))
    marks = await visit.marks([name for name, _ in files])
    for name, size in files:
        place = place_of(marks.get(name), size)
        if place.size != size:
            yield File(visit, name, place)
