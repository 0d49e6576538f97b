"""Files that another program appends to, each read on from where it was left.

The place is kept as the file's mark: ``OFFSET/SIZE/NUMBER``, where SIZE is that of the file when it
had been read to its end, so that a file that has not grown is not opened again.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationInfo, field_validator

from crawlers.errors import CrawlError
from crawlers.source.base import Found, SourceConfig, Visit, under

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


class GrowingConfig(SourceConfig):
    """A source that reads such files."""

    path: Path
    """A folder, watched with what is in it, or a single file."""
    max_files: int = Field(default=10_000, ge=1)
    max_documents: int = Field(default=20_000, ge=1)
    """Of one poll; the next goes on."""

    @field_validator("path", mode="after")
    @classmethod
    def _under_base(cls, value: Path, info: ValidationInfo) -> Path:
        return under(value, info)


@dataclass(frozen=True, slots=True)
class Part:
    """What stands between two places of a file."""

    finds: tuple[Found, ...]
    faults: tuple[CrawlError, ...]
    place: Place
    is_end: bool


async def read_parts(
    visit: Visit, config: GrowingConfig, endings: tuple[str, ...], read_part: Callable[..., Part], *more: Any
) -> AsyncIterator[Found]:
    """All that has come since the last poll, part by part.

    ``read_part(path, place, *more)`` runs in the workshop, which takes a module's function by its name.

    A place is kept only after all before it has been delivered. A file that cannot be read is told, and
    the others are read.
    """
    n_left = config.max_documents
    async for file in grown(visit, config.path, endings, config.max_files):
        while n_left > 0:
            try:
                part = await visit.run(read_part, Path(file.name), file.place, *more)
            except CrawlError as error:
                visit.fault(error)
                break
            for fault in part.faults:
                visit.fault(fault)
            for found in part.finds:
                yield found
            n_left -= len(part.finds)
            await file.reached(part.place)
            if part.is_end:
                break
