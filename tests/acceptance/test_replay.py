"""Live and replay say the same of the same events, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from monitor.alert import wire
from rules.book import RuleBook
from rules.correlate import Correlated
from rules.load import LIBRARY, load_rules
from rules.rule import Match
from tests.acceptance.stage import HARMLESS, SALE, performance

OFFER = "高考数学答案，开考后十分钟发，第一中学考点的来，需要的加V信 gk2026da，先看后付"


def said(answers: list[Match] | list[Correlated]) -> str:
    """All that an alert would carry of them, as the text that the store keeps."""
    return wire.canonical(
        [
            [
                one.rule.id,
                one.rule.level,
                wire.plain(one.match.reasons() if isinstance(one, Correlated) else one.reasons()),
                list(one.members) if isinstance(one, Correlated) else [],
            ]
            for one in answers
        ]
    )


class Recorder:
    """The rule book of the running daemon, and a record of what it was asked and what it said."""

    def __init__(self, book: RuleBook) -> None:
        self._book = book
        self.log: list[tuple[str, str, list[str], str]] = []

    def match(self, event: Mapping[str, Any]) -> list[Match]:
        found = self._book.match(event)
        self.log.append(("match", wire.canonical(wire.plain(dict(event))), [], said(found)))
        return found

    def correlate(self, event: Mapping[str, Any], fired: Collection[str]) -> list[Correlated]:
        found = self._book.correlate(event, fired)
        self.log.append(("correlate", wire.canonical(wire.plain(dict(event))), list(fired), said(found)))
        return found


async def test_a_replay_of_a_days_events_gives_what_was_raised_live(tmp_path):
    async with performance(tmp_path, "08:30") as stage:
        recorder = Recorder(stage.daemon.rules.book)
        stage.daemon.intake._rules = recorder
        await stage.until("09:00")
        stage.web.posts["board.test"] += [("1", SALE), ("2", HARMLESS), ("3", OFFER)]
        await stage.until("09:05")
        for _ in range(4):
            await stage.hear("roof")
            await stage.hear("gate")
            await stage.until(f"09:{5 + 6 * (len(recorder.log) % 7 + 1):02}")
        stage.web.posts["news.test"] += [("4", SALE)]
        await stage.until("10:00")
    asked = [kind for kind, *_ in recorder.log]
    assert asked.count("match") > 8
    # It is no comparison of nothing with nothing: rules and correlations fired.
    assert sum(answer != "[]" for kind, _, _, answer in recorder.log if kind == "match") > 4
    assert sum(answer != "[]" for kind, _, _, answer in recorder.log if kind == "correlate") > 0
    replay = RuleBook(load_rules(LIBRARY), "replay")
    for kind, written, fired, answer in recorder.log:
        event = json.loads(written)
        again = replay.match(event) if kind == "match" else replay.correlate(event, fired)
        assert said(again) == answer, (kind, event.get("id"))
