"""The retro-hunt: new rules or a new bank asked of every post that was seen before they were.

    memory ──pieces of N ids──> worker processes: judge ──documents that match──> alerts, marked retro
                 └─ a piece is done when its finds were handed on; a hunt that was broken off goes on there

Posts are judged as at the time they were fetched, so a hunt finds what the rules would have found
then. Correlations are not hunted for: their order of events is that of the live stream.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from crawlers import stored
from crawlers.document import Document
from crawlers.stored import Place
from monitor.alert.alert import Alert
from monitor.evidence import EvidenceStore
from monitor.flatten import FindItems, flat_document
from monitor.intake import keep_document
from monitor.raising import retro_alerts
from monitor.timetable import Timetable
from rules.match import RuleSet
from rules.rule import Match, Rule
from rules.text.bank import Bank, read_key

PIECE = 2000
"""Documents a task: about half a second of work, so that progress shows and little is done twice."""
RETRO_EN, RETRO_ZH = "[retro] ", "【回溯】"


@dataclass(frozen=True, slots=True)
class Quarry:
    """What is asked, and of which posts."""

    memory: Place
    """What the crawlers have seen."""
    rules: tuple[Rule, ...]
    timetable: Timetable
    bank: tuple[Path, Path] | None = None
    """The bank and its key; rules ask for what it finds."""
    since: datetime | None = None
    """Only posts first seen since then."""

    def digest(self) -> str:
        """Changes with all that decides what is found."""
        parts = [repr(self.rules), str(self.since), str(self.memory)]
        if self.bank is not None:
            parts.append(hashlib.sha256(self.bank[0].read_bytes()).hexdigest())
        return hashlib.sha256("\xff".join(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Progress:
    n_done: int
    n_pieces: int
    found: Sequence[Document]
    """Those of the piece that was finished last on which a rule fires."""


class Hunter:
    """Judges documents by the rules of one quarry; each worker has its own."""

    def __init__(self, quarry: Quarry) -> None:
        self._quarry = quarry
        self._rules = RuleSet(rule for rule in quarry.rules if rule.kind == "web")
        self._find_items: FindItems | None = None
        if quarry.bank is not None:
            file, key = quarry.bank
            self._find_items = Bank.load(file, read_key(key)).match

    def piece(self, after: str, upto: str) -> list[Document]:
        """Those of the piece on which a rule fires."""
        documents = stored.documents(self._quarry.memory, after, upto, self._quarry.since)
        return [document for document in documents if self.judge(document)[1]]

    def judge(self, document: Document) -> tuple[dict[str, object], list[Match]]:
        event = flat_document(document, self._quarry.timetable.context(document.fetched_at), self._find_items)
        return event, self._rules.match(event)

    def alerts(self, document: Document, evidence: EvidenceStore, now: datetime) -> list[Alert]:
        """What `document` raises, told as found only `now`. Raises `OSError`."""
        event, matches = self.judge(document)
        kept = keep_document(evidence, document)
        raised = retro_alerts(document, {**event, "retro": True}, matches, kept, now)
        for alert in raised:
            for name, mark in (("summary_en", RETRO_EN), ("summary_zh", RETRO_ZH)):
                alert.annotations[name] = mark + alert.annotations[name]
        return raised


def hunt(quarry: Quarry, progress: Path, n_workers: int = 1) -> Iterator[Progress]:
    """Hunt through all of memory, going on where an earlier hunt for the same was broken off.

    A piece counts as done when the next `Progress` is asked for: then its finds are in safe hands.

    Parameters
    ----------
    progress
        Where the place is kept; removed at the end.
    n_workers
        Processes; of one alone it is this one.

    Raises
    ------
    sqlite3.Error, OSError
        If there is no such memory, or the place cannot be kept.
    BankError
        If the bank cannot be read.
    """
    ends = stored.bounds(quarry.memory, PIECE, quarry.since)
    digest = quarry.digest()
    done_to = _read_place(progress, digest)
    n_done = sum(end <= done_to for end in ends)
    starts = ["", *ends][n_done:]
    for finds in _in_order(quarry, list(zip(starts, ends[n_done:], strict=False)), n_workers):
        n_done += 1
        yield Progress(n_done, len(ends), finds)
        _write_place(progress, digest, ends[n_done - 1])
    with suppress(FileNotFoundError):
        progress.unlink()


def _in_order(quarry: Quarry, pieces: Sequence[tuple[str, str]], n_workers: int) -> Iterator[list[Document]]:
    """The finds of each piece, in order; as many pieces under way as keep the workers busy."""
    if len(pieces) <= 1 or n_workers == 1:
        hunter = Hunter(quarry)
        yield from (hunter.piece(*piece) for piece in pieces)
        return
    # Spawned, not forked: the daemon has threads, which a fork would copy in the middle of their work.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(n_workers, context, _begin, (quarry,)) as pool:
        waiting = iter(pieces)
        running: list[Future[list[Document]]] = []
        try:
            running += [pool.submit(_piece, *piece) for piece in islice(waiting, 2 * n_workers)]
            while running:
                finds = running.pop(0).result()
                running += [pool.submit(_piece, *piece) for piece in islice(waiting, 1)]
                yield finds
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


_hunter: Callable[[str, str], list[Document]]


def _begin(quarry: Quarry) -> None:
    """In a worker: what came in meanwhile goes before what is long past."""
    global _hunter
    os.nice(10)
    _hunter = Hunter(quarry).piece


def _piece(after: str, upto: str) -> list[Document]:
    return _hunter(after, upto)


def _read_place(progress: Path, digest: str) -> str:
    try:
        kept = json.loads(progress.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return ""
    return str(kept["done_to"]) if kept.get("quarry") == digest else ""


def _write_place(progress: Path, digest: str, done_to: str) -> None:
    part = progress.with_suffix(".part")
    part.write_text(json.dumps({"quarry": digest, "done_to": done_to}), "utf-8")
    os.replace(part, progress)
