"""The rules in force, and how they change without ever being away.

    proposed: faults? ─ samples? ─ promotions? ──> edition ──> at some venues ──> everywhere
                 └────────┴────────────┴──> refused, all at once; the old edition stays

An edition is swapped whole between two events: an event is judged by one edition from its
first test to its last. Memory of correlations that did not change goes over to the new one.
Who audits asks `RuleBook.history`; rolling back is one call.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from rules.budget import promotions
from rules.check import check_samples
from rules.correlate import Correlated, Correlator, digest
from rules.exemption import Exemption, Hidden, load_exemptions, sift
from rules.facts import Facts, ReadText
from rules.fault import RuleErrors
from rules.load import load_rules
from rules.match import RuleSet
from rules.rule import Match, Rule
from rules.text.reading import read_text

MAX_HISTORY: Final = 20
EVERYWHERE: Final[frozenset[str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Edition:
    """One whole set of rules with its exceptions."""

    number: int
    """Grows with each proposal; 1 is what the book was opened with."""
    author: str
    digest: str
    """``sha256:`` over every rule and exception: equal editions have equal digests."""
    rules: tuple[Rule, ...]
    exemptions: tuple[Exemption, ...] = ()
    venues: frozenset[str] = EVERYWHERE
    """Where it is on trial; empty where it holds everywhere."""

    def to_record(self) -> dict[str, Any]:
        """As an audit entry has it."""
        return {
            "number": self.number,
            "author": self.author,
            "digest": self.digest,
            "n_rules": len(self.rules),
            "n_exceptions": len(self.exemptions),
            "venues": sorted(self.venues),
        }


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one event means: the matches that stand, and those that an exception hides."""

    matches: list[Match]
    hidden: list[Hidden] = field(default_factory=list[Hidden])


class NoEditionError(ValueError):
    """There is nothing to spread or to go back to."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An edition that has been tested and compiled, and is not in force."""

    edition: Edition
    rules: RuleSet


@dataclass(frozen=True, slots=True)
class _Live:
    """An edition at work."""

    edition: Edition
    rules: RuleSet
    correlator: Correlator


@dataclass(frozen=True, slots=True)
class _Force:
    """What holds now; never changed, only replaced."""

    everywhere: _Live
    trial: _Live | None = None

    def at(self, venue: object) -> _Live:
        trial = self.trial
        return trial if trial is not None and venue in trial.edition.venues else self.everywhere


class RuleBook:
    """Judges events by the edition in force and takes new editions.

    `judge`, `prepare` and `prepare_files` may be called from any thread; `correlate` and all that
    changes the book from one only.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        author: str,
        exemptions: Iterable[Exemption] = (),
        read: ReadText = read_text,
    ) -> None:
        self._read = read
        edition = _edition(author, rules, exemptions, EVERYWHERE)
        self._force = _Force(_Live(edition, RuleSet(edition.rules, read), Correlator(edition.rules, read)))
        self._past: deque[Edition] = deque(maxlen=MAX_HISTORY)
        self._n_editions = 1

    @property
    def edition(self) -> Edition:
        """What holds everywhere."""
        return self._force.everywhere.edition

    @property
    def trial(self) -> Edition | None:
        """What holds at some venues only."""
        return self._force.trial.edition if self._force.trial else None

    @property
    def history(self) -> list[Edition]:
        """Editions that held everywhere before this one, the newest last."""
        return list(self._past)

    def match(self, event: Mapping[str, Any]) -> list[Match]:
        """The matches that stand."""
        return self.judge(event).matches

    def judge(self, event: Mapping[str, Any]) -> Judgement:
        """All rules for single events on one event, by the edition that holds at its venue."""
        live = self._force.at(event.get("venue"))
        matches = live.rules.match(event)
        if not matches or not live.edition.exemptions:
            return Judgement(matches)
        return Judgement(*sift(matches, live.edition.exemptions, Facts(event, self._read)))

    def correlate(self, event: Mapping[str, Any], fired: Collection[str]) -> list[Correlated]:
        """Correlations that `event` completes, those that an exception hides left out.

        Parameters
        ----------
        event
            With an ``id`` that stays the same in later news of it.
        fired
            Ids of the rules of its judgement.
        """
        force = self._force
        trial = force.trial
        if trial is None or event.get("venue") is not None:
            return self._kept(force.at(event.get("venue")), event, fired)
        # A post belongs to no venue: it may complete something at any of them.
        elsewhere = [
            found
            for found in self._kept(force.everywhere, event, fired)
            if found.event.get("venue") not in trial.edition.venues
        ]
        tried = [
            found
            for found in self._kept(trial, event, fired)
            if found.event.get("venue") in trial.edition.venues
        ]
        return elsewhere + tried

    def _kept(self, live: _Live, event: Mapping[str, Any], fired: Collection[str]) -> list[Correlated]:
        exemptions = live.edition.exemptions
        return [
            found
            for found in live.correlator.feed(event, fired)
            if not any(each.covers(found.rule, Facts(found.event, self._read)) for each in exemptions)
        ]

    def prepare(
        self,
        rules: Sequence[Rule],
        author: str,
        exemptions: Sequence[Exemption] | None = None,
        venues: Collection[str] = EVERYWHERE,
    ) -> Prepared:
        """Test and compile a new edition. Takes seconds; changes nothing.

        Parameters
        ----------
        exemptions
            Those in force if left out.
        venues
            Where it is to hold first; without any, everywhere.

        Raises
        ------
        RuleErrors
            A sample does not hold, or a rule is promoted without its figure.
        """
        faults = [*check_samples(rules, self._read), *promotions(self.edition.rules, rules)]
        if faults:
            raise RuleErrors(faults)
        kept = self.edition.exemptions if exemptions is None else exemptions
        edition = _edition(author, rules, kept, frozenset(venues))
        return Prepared(edition, RuleSet(edition.rules, self._read))

    def prepare_files(
        self,
        folders: Sequence[Path],
        author: str,
        exceptions: Path | None = None,
        venues: Collection[str] = EVERYWHERE,
    ) -> Prepared:
        """`prepare` what the files say now.

        Raises
        ------
        RuleErrors
            With every fault of every file.
        """
        rules = load_rules(*folders)
        exemptions = load_exemptions(exceptions, rules) if exceptions else None
        return self.prepare(rules, author, exemptions, venues)

    def put(self, prepared: Prepared) -> Edition:
        """Put `prepared` in force, whole, from the next event on."""
        self._n_editions += 1
        edition = replace(prepared.edition, number=self._n_editions)
        everywhere = self._force.everywhere
        correlator = Correlator(edition.rules, self._read)
        correlator.restore(everywhere.correlator.state())
        live = _Live(edition, prepared.rules, correlator)
        if edition.venues:
            self._force = _Force(everywhere, live)
        else:
            self._past.append(everywhere.edition)
            self._force = _Force(live)
        return edition

    def spread(self, author: str) -> Edition:
        """Let the edition on trial hold everywhere.

        Raises
        ------
        NoEditionError
            None is on trial.
        """
        trial = self._force.trial
        if trial is None:
            raise NoEditionError("no edition is on trial")
        edition = replace(trial.edition, author=author, venues=EVERYWHERE)
        return self.put(Prepared(edition, trial.rules))

    def roll_back(self, author: str) -> Edition:
        """End a trial, or without one put the edition before this one in force again.

        Raises
        ------
        NoEditionError
            There is none before this one.
        """
        if self._force.trial is not None:
            self._force = _Force(self._force.everywhere)
            return self.edition
        if not self._past:
            raise NoEditionError("there is no earlier edition")
        # What has held before is not tested again: going back must work when all else fails.
        old = self._past.pop()
        edition = self.put(Prepared(replace(old, author=author), RuleSet(old.rules, self._read)))
        self._past.pop()  # what was left is not what one goes back to next
        return edition

    def state(self) -> dict[str, Any]:
        """What correlations remember, as JSON can have it."""
        return self._force.everywhere.correlator.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what `state` gave in an earlier run.

        Raises
        ------
        ValueError
            If it is none; nothing is then taken up.
        """
        self._force.everywhere.correlator.restore(state)


def _edition(
    author: str, rules: Iterable[Rule], exemptions: Iterable[Exemption], venues: frozenset[str]
) -> Edition:
    ordered, listed = tuple(sorted(rules, key=lambda rule: rule.id)), tuple(exemptions)
    parts = [*map(digest, ordered), *map(_shown, listed)]
    whole = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    return Edition(1, author, f"sha256:{whole}", ordered, listed, venues)


def _shown(exemption: Exemption) -> str:
    tests = [[(t.field, t.modifier, t.values, t.every) for t in tests] for tests in exemption.when]
    scope = (sorted(exemption.rules), sorted(exemption.venues))
    return repr(
        (exemption.id, exemption.kind, exemption.reason, exemption.author, exemption.expires_at, scope, tests)
    )
