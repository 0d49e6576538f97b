"""The rule book at work: files are watched, people ask, whatever is refused leaves all as it was.

    files change ──┐
    SIGHUP ────────┼─> read, check, test (a thread) ──> edition ──> in force from the next event on
    API, command ──┘         │ any fault                   └─> audit: number, author, digest
                             └─> the old edition stays, the faults are shown

A roll-back also turns the files away that it went back from: they are not read again before
somebody changes them, not even by a restart (`shelf`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog

from monitor.clock import Clock
from monitor.ruledesk.copies import Copies
from monitor.ruledesk.load import DayLoad
from monitor.ruledesk.remembered import Remembered
from monitor.ruledesk.shelf import RuleFiles, Shelf
from monitor.ruledesk.texts import (
    ChangedError,
    NotWritableError,
    Written,
    digest_of,
    find_exceptions,
    find_rule,
    place_for,
    put_text,
    put_text_if,
)
from monitor.ruledesk.unsettled import EXCEPTIONS, Leaving, UnsettledError, differing
from monitor.store.book import StoreBook
from rules.book import EVERYWHERE, Edition, NoEditionError, RuleBook
from rules.budget import Over
from rules.fault import RuleErrors
from rules.load import load_text

WATCH_S = 2.0
"""How soon a changed file is read. Two looks must agree: an editor may be at it."""
KEEP_S = 30.0
"""What correlations remember is written down this often: of a crash, so much is forgotten."""
FILES = "files"
"""The author where nobody says who changed a file."""

log = structlog.get_logger()


class RuleDesk:
    """Changes of the rules, one after the other, each audited."""

    def __init__(
        self,
        book: RuleBook,
        files: RuleFiles,
        shelf: Shelf,
        memory: Path,
        audit: StoreBook,
        clock: Clock,
        load: DayLoad,
        venues: Collection[str] = (),
    ) -> None:
        self.book = book
        self.venues = frozenset(venues)
        self._load = load
        self._files = files
        self._copies = Copies(book, files, shelf)
        self._memory = Remembered(memory)
        self._audit = audit
        self._clock = clock
        self._turn = asyncio.Lock()
        self._stamp = files.stamp()
        self._leaving: Leaving | None = None
        self.faults: list[str] = []
        """Why the newest files are not in force, a line each; empty when they are."""

    @property
    def edition(self) -> Edition:
        return self.book.edition

    @property
    def trial(self) -> Edition | None:
        return self.book.trial

    @property
    def leaving(self) -> Leaving | None:
        """The rule that what is on trial does without, if that is what is tried."""
        leaving, trial = self._leaving, self.book.trial
        return leaving if leaving and trial and trial.number == leaving.edition else None

    @property
    def history(self) -> list[Edition]:
        return self.book.history

    def n_alerts(self, rule: str) -> int:
        return self._load.n_alerts(rule)

    def over(self) -> list[Over]:
        """Rules that have used up their day, the worst first."""
        return self._load.over(self.book.edition.rules)

    async def open(self) -> None:
        """Take up what correlations remembered, and keep a copy of what is in force."""
        await self._memory.recall(self.book.restore)
        await self._copies.open()

    async def reload(self, author: str, venues: Collection[str] = EVERYWHERE) -> Edition:
        """Put what the files say now in force, at `venues` first if there are any.

        Raises
        ------
        RuleErrors
            With every fault; the old edition stays.
        """
        async with self._turn:
            return await self._read_files(author, venues)

    async def _read_files(self, author: str, venues: Collection[str], only: str | None = None) -> Edition:
        """`only`: the id of the one rule, or `EXCEPTIONS`, in which the files may differ from what holds."""
        stamp = await asyncio.to_thread(self._files.stamp)
        try:
            prepared = await asyncio.to_thread(
                self.book.prepare_files, self._files.folders, author, self._files.exceptions, venues
            )
        except RuleErrors as error:
            self.faults = [str(fault) for fault in error.faults]
            await self._note(author, "rules.refused", {"faults": self.faults[:20]})
            raise
        finally:
            self._stamp = stamp
        if only is not None:
            await self._refuse_others(prepared.edition, venues, only)
        edition = self.book.put(prepared)
        self.faults = []
        await self._copies.keep(edition)
        if edition.venues:
            # A trial does not outlive this run: a restart must not spread it.
            await self._copies.turn_away(self.book.edition, author)
        else:
            await self._copies.welcome()
        await self._note(author, "rules.tried" if edition.venues else "rules.changed", edition.to_record())
        return edition

    async def _refuse_others(self, proposed: Edition, venues: Collection[str], only: str) -> None:
        """Raises `UnsettledError` where `proposed` changes more than was asked for."""
        leaving, trial = self.leaving, self.trial
        if leaving is not None:
            raise UnsettledError([leaving.rule])
        # Who goes on with what is on trial there changes the trial, not what holds.
        holds = trial if trial is not None and trial.venues == frozenset(venues) else self.edition
        others = await asyncio.to_thread(differing, proposed, holds) - {only}
        if others:
            raise UnsettledError(others)

    async def written(self, rule_id: str) -> Written | None:
        """The file that holds a rule, as it stands; None where none does."""
        return await asyncio.to_thread(find_rule, self._files, rule_id)

    async def place(self, rule_id: str) -> Path | None:
        """Where a rule would be saved to; None where nothing may be written."""
        try:
            return await asyncio.to_thread(place_for, self._files, rule_id)
        except NotWritableError:
            return None

    async def written_exceptions(self) -> Written | None:
        """The file of exceptions; None where the configuration names none. Raises OSError."""
        return await asyncio.to_thread(find_exceptions, self._files)

    async def save(
        self, text: str, was: str | None, author: str, venues: Collection[str] = EVERYWHERE
    ) -> Edition:
        """Write a rule to its file and put what the files say then in force, at `venues` first.

        Parameters
        ----------
        was
            Digest of the file's text when editing began; None for a rule that has no file.

        Raises
        ------
        RuleErrors
            With every fault; file and edition stay as they were.
        NotWritableError, ChangedError, UnsettledError, OSError
            Nothing was written.
        """
        rule, faults = load_text(text, "rule.yml")
        if rule is None:
            raise RuleErrors(faults)
        async with self._turn:
            place = await asyncio.to_thread(place_for, self._files, rule.id)
            return await self._save(place, text, was, author, venues, rule.id)

    async def remove(
        self, rule_id: str, was: str, author: str, reason: str, venues: Collection[str] = EVERYWHERE
    ) -> Edition:
        """Delete a rule's file and put what is left in force. The shelf keeps it: a roll-back brings it back.

        With `venues` the rule is off there and the file stays until `spread`; a restart ends the trial.

        Parameters
        ----------
        was
            Digest of the file's text that is to go.

        Raises
        ------
        RuleErrors
            What is left cannot stand without it; file and edition stay as they were.
        NotWritableError, ChangedError, UnsettledError, OSError
            Nothing was deleted.
        """
        async with self._turn:
            place = await asyncio.to_thread(place_for, self._files, rule_id)
            if venues:
                return await self._try_without(rule_id, place, was, author, reason, venues)
            edition = await self._save(place, None, was, author, EVERYWHERE, rule_id)
            await self._note_removed(Leaving(rule_id, place, was, reason, edition.number), author)
            return edition

    async def _try_without(
        self, rule_id: str, place: Path, was: str, author: str, reason: str, venues: Collection[str]
    ) -> Edition:
        stands = await asyncio.to_thread(find_rule, self._files, rule_id)
        if stands is None or stands.digest != was:
            raise ChangedError
        others = [file for file in await asyncio.to_thread(self._files.rules) if file != place]
        prepared = await asyncio.to_thread(
            self.book.prepare_files, others, author, self._files.exceptions, venues
        )
        # Nothing else may be on trial: `spread` puts in force what the files then say, everywhere.
        await self._refuse_others(prepared.edition, EVERYWHERE, rule_id)
        edition = self.book.put(prepared)
        self._leaving = Leaving(rule_id, place, was, reason, edition.number)
        removal = {"rule": rule_id, "digest": was, "reason": reason}
        await self._note(author, "rules.tried", {**edition.to_record(), "without": removal})
        return edition

    async def _note_removed(self, gone: Leaving, author: str) -> None:
        removed = {"rule": gone.rule, "digest": gone.digest, "reason": gone.reason, "edition": gone.edition}
        await self._note(author, "rules.removed", removed)

    async def save_exceptions(self, text: str, was: str | None, author: str) -> Edition:
        """As `save`, with the file of exceptions, everywhere at once."""
        async with self._turn:
            place = self._files.exceptions
            known = await asyncio.to_thread(find_exceptions, self._files)
            if place is None or known is None or not known.writable:
                raise NotWritableError(
                    "name a file that can be written to under rules: exceptions: in the configuration",
                    "请在配置 rules: exceptions: 中指定可写的文件",
                )
            return await self._save(place, text, was, author, EVERYWHERE, EXCEPTIONS)

    async def _save(
        self,
        place: Path,
        text: str | None,
        was: str | None,
        author: str,
        venues: Collection[str],
        only: str,
    ) -> Edition:
        """`text` None: without the file."""
        before = await asyncio.to_thread(put_text_if, place, text, was)
        faults = self.faults
        try:
            edition = await self._read_files(author, venues, only)
        except (RuleErrors, UnsettledError):
            await asyncio.to_thread(put_text, place, before)
            self._stamp, self.faults = await asyncio.to_thread(self._files.stamp), faults
            raise
        digest = digest_of(text) if text is not None else None
        saved = {"file": str(place), "digest": digest, "edition": edition.number}
        await self._note(author, "rules.saved", saved)
        return edition

    async def spread(self, author: str) -> Edition:
        """Let what is on trial hold everywhere; where it does without a rule, its file goes now.

        Raises
        ------
        NoEditionError
            Nothing is on trial.
        ChangedError, OSError
            The file of the rule that is to go was changed since, or cannot be deleted: the trial goes on.
        """
        async with self._turn:
            gone = self.leaving
            if gone is not None:
                await asyncio.to_thread(put_text_if, gone.file, None, gone.digest)
                self._stamp = await asyncio.to_thread(self._files.stamp)
            edition = self.book.spread(author)
            if gone is not None:
                await self._copies.keep(edition)
            await self._copies.welcome()
            await self._note(author, "rules.changed", edition.to_record())
            if gone is not None:
                await self._note_removed(replace(gone, edition=edition.number), author)
            return edition

    async def roll_back(self, author: str) -> Edition:
        """End a trial, or go back to the edition before this one.

        Raises
        ------
        NoEditionError
            There is none.
        RuleErrors
            The copy of an earlier run cannot be read any more.
        """
        async with self._turn:
            keeps_files = self.leaving is not None
            try:
                edition = self.book.roll_back(author)
            except NoEditionError:
                edition = await self._copies.before(author)
            if not keeps_files:
                await self._copies.turn_away(edition, author)
            await self._note(author, "rules.rolled-back", edition.to_record())
            return edition

    async def _heed_roll_back(self) -> None:
        """Somebody asked for a roll-back by command."""
        async with self._turn:
            away = await self._copies.asked()
            if away is None:
                return
            try:
                edition = await self._copies.go_back(away)
            except RuleErrors as error:
                log.error("no roll-back: the copy cannot be read", faults=[str(one) for one in error.faults])
                return
            await self._note(away.author, "rules.rolled-back", edition.to_record())
            log.info("rules were rolled back", author=away.author, n_rules=len(edition.rules))

    async def run(self, every_s: float = WATCH_S) -> None:
        """Watch the files and write down what correlations remember, until cancelled."""
        seen, since_kept_s = self._stamp, 0.0
        while True:
            await self._clock.sleep(every_s)
            now = await asyncio.to_thread(self._files.stamp)
            if now == seen and now != self._stamp:
                await self._reload_quietly()
            seen = now
            if await self._copies.is_asked():
                await self._heed_roll_back()
            since_kept_s += every_s
            if since_kept_s >= KEEP_S:
                since_kept_s = 0.0
                await self.keep_memory()

    async def _reload_quietly(self) -> None:
        try:
            edition = await self.reload(FILES)
        except RuleErrors as error:
            log.error("the changed rules are not in force", faults=[str(fault) for fault in error.faults])
        else:
            log.info("changed rules are in force", edition=edition.number, n_rules=len(edition.rules))

    async def hang_up(self) -> None:
        """What a SIGHUP asks for."""
        await self._reload_quietly()

    async def keep_memory(self) -> None:
        """Write down what correlations remember."""
        await self._memory.keep(self.book.state())

    async def _note(self, author: str, action: str, body: Mapping[str, Any]) -> None:
        await self._audit.record(author, action, "rules", body)
