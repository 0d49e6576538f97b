"""Copies of the editions that were in force: what a roll-back goes back to, in this run or a later one."""

from __future__ import annotations

import asyncio

import structlog

from monitor.ruledesk.shelf import Away, RuleFiles, Shelf
from rules.book import EVERYWHERE, Edition, NoEditionError, RuleBook

log = structlog.get_logger()


class Copies:
    """Knows under which number each edition of `book` lies on the shelf; `files` are what people change."""

    def __init__(self, book: RuleBook, files: RuleFiles, shelf: Shelf) -> None:
        self._book = book
        self._files = files
        self._shelf = shelf
        self._numbers: dict[str, int] = {}
        """By the edition's digest."""
        self._away_stamp = shelf.away_stamp()

    async def open(self) -> None:
        """Keep a copy of what is in force, unless it is one."""
        away = await asyncio.to_thread(self._shelf.away, self._files)
        if away is None:
            await self.keep(self._book.edition)
        else:
            self._numbers[self._book.edition.digest] = away.number

    async def keep(self, edition: Edition) -> None:
        try:
            self._numbers[edition.digest] = await asyncio.to_thread(self._shelf.keep, self._files)
        except OSError as error:
            log.error("no copy of the rules could be kept: a restart cannot roll back", error=str(error))

    async def turn_away(self, holds: Edition, author: str) -> None:
        """What the files say now is not read before somebody changes them; `holds` is, by a restart."""
        digest = await asyncio.to_thread(self._files.digest)
        number = self._numbers.get(holds.digest)
        if number is not None:
            await asyncio.to_thread(self._shelf.turn_away, digest, number, author)
            self._away_stamp = self._shelf.away_stamp()

    async def welcome(self) -> None:
        """What the files say counts again."""
        await asyncio.to_thread(self._shelf.welcome)
        self._away_stamp = 0

    async def before(self, author: str) -> Edition:
        """Put in force what was so in an earlier run. Raises `NoEditionError`, `RuleErrors`."""
        now = self._numbers.get(self._book.edition.digest, self._shelf.newest() + 1)
        number = await asyncio.to_thread(self._shelf.before, now)
        files = await asyncio.to_thread(self._shelf.files, number)
        if files is None:
            raise NoEditionError("there is no earlier edition")
        return await self._put(files, number, author)

    async def is_asked(self) -> bool:
        """Whether somebody has asked for a roll-back by command since."""
        return await asyncio.to_thread(self._shelf.away_stamp) != self._away_stamp

    async def asked(self) -> Away | None:
        """What was asked for; it counts as heeded."""
        self._away_stamp = await asyncio.to_thread(self._shelf.away_stamp)
        return await asyncio.to_thread(self._shelf.away, self._files)

    async def go_back(self, away: Away) -> Edition:
        """Put in force what `away` names. Raises `RuleErrors`."""
        return await self._put(away.files, away.number, away.author)

    async def _put(self, files: RuleFiles, number: int, author: str) -> Edition:
        prepared = await asyncio.to_thread(
            self._book.prepare_files, files.folders, author, files.exceptions, EVERYWHERE
        )
        edition = self._book.put(prepared)
        self._numbers[edition.digest] = number
        return edition
