"""The box: tips on disk, from when they were sent until they have become documents.

    FOLDER/new/ID/tip.json  1  2 …      whole, not yet taken
    FOLDER/taken/ID/…                   delivered; kept as evidence
    FOLDER/.part-ID/…                   being written; left over after a crash, and never read

A tip appears by one rename after everything in it has been flushed, so it is there whole or not at all.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from crawlers.errors import CrawlError
from crawlers.tips.tip import BoxFullError, Tip

MAX_BOX_BYTES = 2 * 2**30
"""Of everything together: some 20,000 photos."""
_ID = re.compile(r"[0-9A-Za-z-]{1,64}")


@dataclass(frozen=True, slots=True)
class KeptTip:
    """A tip as it lies in the box."""

    id: str
    received_at: datetime
    text: str
    exam: str
    place: str
    link: str
    files: tuple[tuple[str, str], ...]
    """The sender's name of each file, and where it lies."""


class TipBox:
    """`Sink` in a folder."""

    def __init__(self, folder: Path, max_bytes: int = MAX_BOX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._n_bytes: int | None = None
        self._turn = asyncio.Lock()

    async def keep(self, tip: Tip) -> None:
        async with self._turn:
            if self._n_bytes is None:
                self._n_bytes = await asyncio.to_thread(_size, self._folder)
            n_bytes = len(tip.text) * 3 + sum(len(file.data) for file in tip.files)
            if self._n_bytes + n_bytes > self._max_bytes:
                raise BoxFullError(f"{self._folder}: over {self._max_bytes} bytes")
            await asyncio.to_thread(write_tip, self._folder, tip)
            self._n_bytes += n_bytes


def write_tip(folder: Path, tip: Tip) -> None:
    """Put `tip` into the box. Raises OSError, with nothing half-written."""
    if not _ID.fullmatch(tip.id):
        raise ValueError(f"not an id: {tip.id!r}")
    part = folder / f".part-{tip.id}"
    record = {
        "received_at": tip.received_at.astimezone(UTC).isoformat(),
        "via": tip.via,
        "text": tip.text,
        "exam": tip.exam,
        "place": tip.place,
        "link": tip.link,
        "files": [file.name for file in tip.files],
    }
    try:
        part.mkdir(parents=True)
        for number, file in enumerate(tip.files, 1):
            _flushed(part / str(number), file.data)
        _flushed(part / "tip.json", json.dumps(record, ensure_ascii=False).encode("utf-8", "replace"))
        _sync(part)
        (folder / "new").mkdir(exist_ok=True)
        part.rename(folder / "new" / tip.id)
        _sync(folder / "new")
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
        raise


def new_tips(folder: Path, limit: int) -> tuple[list[KeptTip], list[CrawlError]]:
    """The oldest `limit` tips that nobody has taken, and a fault for each that cannot be read."""
    tips: list[KeptTip] = []
    faults: list[CrawlError] = []
    try:
        places = sorted((folder / "new").iterdir())[:limit] if (folder / "new").exists() else []
    except OSError as error:
        raise CrawlError("file", str(folder), error.strerror or str(error)) from None
    for place in places:
        try:
            record = json.loads((place / "tip.json").read_bytes())
            files = tuple((str(name), str(place / str(n))) for n, name in enumerate(record["files"], 1))
            at = datetime.fromisoformat(record["received_at"])
            texts = (str(record[name]) for name in ("text", "exam", "place", "link"))
            tips.append(KeptTip(place.name, at, *texts, files=files))
        except OSError as error:
            faults.append(CrawlError("file", str(place), error.strerror or str(error)))
        except (ValueError, TypeError, KeyError) as error:
            faults.append(CrawlError("parse", str(place / "tip.json"), str(error)))
    return tips, faults


def take(folder: Path, id: str) -> None:
    """The tip has been delivered. Raises CrawlError of kind ``file``."""
    try:
        (folder / "taken").mkdir(exist_ok=True)
        (folder / "new" / id).rename(folder / "taken" / id)
    except OSError as error:
        raise CrawlError("file", str(folder / "new" / id), error.strerror or str(error)) from None


def _flushed(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
