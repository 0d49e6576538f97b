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
PARTS = ("new", "taken")
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
            tips.append(_read(place))
        except OSError as error:
            faults.append(CrawlError("file", str(place), error.strerror or str(error)))
        except (ValueError, TypeError, KeyError) as error:
            faults.append(CrawlError("parse", str(place / "tip.json"), str(error)))
    return tips, faults


@dataclass(frozen=True, slots=True)
class Seen:
    """A tip, and whether it has become a document."""

    tip: KeptTip
    via: str
    is_taken: bool


def newest_tips(folder: Path, limit: int) -> list[Seen]:
    """The `limit` newest tips of the box, the newest first; those that cannot be read are left out.

    Raises
    ------
    OSError
        If the box itself cannot be read.
    """
    places = [place for part in PARTS if (folder / part).is_dir() for place in (folder / part).iterdir()]
    places.sort(key=lambda place: place.name, reverse=True)
    seen = (_seen(place) for place in places[:limit])
    return [one for one in seen if one is not None]


def one_tip(folder: Path, id: str) -> Seen | None:
    """The tip with that receipt; None where there is none, or none that can be read."""
    if not _ID.fullmatch(id):
        return None
    found = (_seen(folder / part / id) for part in PARTS)
    return next((one for one in found if one is not None), None)


def _seen(place: Path) -> Seen | None:
    try:
        via = str(json.loads((place / "tip.json").read_bytes()).get("via", ""))
        return Seen(_read(place), via, place.parent.name == "taken")
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _read(place: Path) -> KeptTip:
    record = json.loads((place / "tip.json").read_bytes())
    files = tuple((str(name), str(place / str(n))) for n, name in enumerate(record["files"], 1))
    at = datetime.fromisoformat(record["received_at"])
    texts = (str(record[name]) for name in ("text", "exam", "place", "link"))
    return KeptTip(place.name, at, *texts, files=files)


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
