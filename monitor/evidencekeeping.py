"""How long evidence is kept: what raised no alert for a day, what did for a year and more, within a size;
photos as long as the names that they show.

each hour: older than its bound ──> gone
still over max_bytes ──> the oldest without an alert, then the oldest of all, told and audited

The store is asked about files that are there and may go, never for all that alerts have ever carried.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from monitor.clock import Clock
from monitor.photos import is_photo
from monitor.store.book import StoreBook
from monitor.store.errors import StoreError

TIDY_S = 3600.0
FRESH = timedelta(hours=1)
"""Its alert may still be on the way to the store."""
MAX_NAMED = 100
"""Files that one audit entry names; it counts all."""
ACTOR = "daemon"

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bounds:
    alerted: timedelta
    """How long what an alert carries is kept."""
    unalerted: timedelta
    photos: timedelta
    """How long the photos among them are kept: they show names."""
    max_bytes: int


@dataclass(slots=True)
class Tidied:
    n_unalerted: int = 0
    alerted: list[str] = field(default_factory=list[str])
    """Files of alerts that are gone."""
    n_bytes_left: int = 0
    n_failed: int = 0


@dataclass(frozen=True, slots=True, order=True)
class File:
    """Of the evidence folder; sorted by its age."""

    kept_at: float
    name: str
    n_bytes: int


def in_question(root: Path, now: datetime, bounds: Bounds) -> tuple[list[File], list[str]]:
    """The folder's files, the oldest first, and the names of those that may go if no alert carries them."""
    files = sorted(_files(root))
    is_over = sum(file.n_bytes for file in files) > bounds.max_bytes
    youngest = min(bounds.unalerted, bounds.alerted, bounds.photos)
    least = min(FRESH, youngest) if is_over else youngest
    before = (now - least).timestamp()
    return files, [file.name for file in files if file.kept_at < before]


def tidy(
    root: Path, files: Sequence[File], alerted: Collection[str], now: datetime, bounds: Bounds
) -> Tidied:
    """Remove what is older than its bound, then the oldest until the size holds.

    Parameters
    ----------
    files
        Those of the folder, the oldest first.
    alerted
        Names of those among them that alerts carry.
    """
    done = Tidied()
    kept: list[File] = []
    for file in files:
        age = now - datetime.fromtimestamp(file.kept_at, UTC)
        if age > _bound(file.name, alerted, bounds):
            _remove(root, file, alerted, done)
        else:
            kept.append(file)
    size = sum(file.n_bytes for file in kept)
    for file in sorted(kept, key=lambda one: (one.name in alerted, one)):
        if size <= bounds.max_bytes:
            break
        if now - datetime.fromtimestamp(file.kept_at, UTC) > FRESH and _remove(root, file, alerted, done):
            size -= file.n_bytes
    done.n_bytes_left = size
    return done


def _bound(name: str, alerted: Collection[str], bounds: Bounds) -> timedelta:
    if name not in alerted:
        return bounds.unalerted
    return min(bounds.photos, bounds.alerted) if is_photo(name) else bounds.alerted


def _files(root: Path) -> list[File]:
    if not root.is_dir():
        return []
    found: list[File] = []
    with os.scandir(root) as entries:
        for entry in entries:
            try:
                about = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if entry.is_file(follow_symlinks=False):
                found.append(File(about.st_mtime, entry.name, about.st_size))
    return found


def _remove(root: Path, file: File, alerted: Collection[str], done: Tidied) -> bool:
    try:
        (root / file.name).unlink(missing_ok=True)
    except OSError:
        done.n_failed += 1
        return False
    if file.name in alerted:
        done.alerted.append(file.name)
    else:
        done.n_unalerted += 1
    return True


async def tidy_hourly(
    root: Path,
    bounds: Bounds,
    book: StoreBook,
    clock: Clock,
    alerted: Callable[[Sequence[str]], Awaitable[Collection[str]]],
) -> None:
    """Keep the evidence folder within `bounds`, until cancelled. `alerted`: which of these alerts carry."""
    while True:
        try:
            now = clock.now()
            files, names = await asyncio.to_thread(in_question, root, now, bounds)
            done = await asyncio.to_thread(tidy, root, files, await alerted(names), now, bounds)
            if done.alerted:
                body = {"n_files": len(done.alerted), "files": done.alerted[:MAX_NAMED]}
                await book.record(ACTOR, "evidence.expired", "", body)
                log.warning("evidence of alerts has reached its bound and is gone", n_files=len(done.alerted))
            if done.n_failed or done.n_bytes_left > bounds.max_bytes:
                log.error("the evidence folder is over its bound", n_bytes=done.n_bytes_left)
        except (StoreError, OSError) as error:
            log.error("the evidence folder could not be tidied", error=str(error))
        await clock.sleep(TIDY_S)
