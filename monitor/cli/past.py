"""Past events for whoever tries rules on them: lines of an export, or what a store holds.

A store holds the events that raised an alert, and no others: what rules missed is in none.
News of one emission comes as one event each, in the order of their own times.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from pathlib import Path
from typing import Any, Final

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress

from rules.backtest import NEGATIVE, POSITIVE
from rules.fault import Fault

MAX_FAULTS = 20
"""Bad lines that are named; a file that is no export has a million of them."""
KINDS: Final = ("radio", "web")
SQLITE: Final = b"SQLite format 3\x00"

Verdicts = MutableMapping[str, str]


class BadLines:
    """Bad lines: the first are kept, all are counted."""

    def __init__(self) -> None:
        self.kept: list[Fault] = []
        self.n_found = 0

    def add(self, fault: Fault) -> None:
        self.n_found += 1
        if len(self.kept) < MAX_FAULTS:
            self.kept.append(fault)

    def refuse(self) -> None:
        """Name them and end the command, if there are any."""
        for fault in self.kept:
            sys.stderr.write(f"{fault}\n")
        more = self.n_found - len(self.kept)
        if more > 0:
            sys.stderr.write(f"and {more} more / 另有 {more} 处\n")
        if self.n_found:
            raise typer.Exit(2)


def past_events(given: str, bad: BadLines, verdicts: Verdicts) -> Iterator[dict[str, Any]]:
    """The events of an export (of events, or of alerts) or of a store, which `given` names.

    Parameters
    ----------
    verdicts
        By id; those on an alert of the store (its fingerprint) become verdicts on its events. A store
        adds the verdicts of its own cases.
    """
    if is_store(given):
        yield from _stored(given, verdicts)
        return
    of_alerts: dict[str, dict[str, Any]] = {}
    for number, record in json_lines(Path(given), bad):
        if is_alert(record):
            for event in _exported(record, verdicts):
                of_alerts.setdefault(json.dumps(event, sort_keys=True), event)
        elif record.get("kind") in KINDS:
            yield record
        else:
            bad.add(Fault(given, number, "not an event: kind must be radio or web"))
    # Alerts are exported by gravity; correlations want their events in the order in which they came.
    yield from sorted(of_alerts.values(), key=lambda event: str(event.get("at")))


def is_alert(record: Mapping[str, Any]) -> bool:
    """Whether `record` is an alert as `examwatch alerts` writes it, with the events that raised it."""
    return "fingerprint" in record and isinstance(record.get("event"), dict)


def _exported(alert: Mapping[str, Any], verdicts: Verdicts) -> Iterator[dict[str, Any]]:
    if alert.get("kind") not in KINDS:
        # A correlation's event is one of those that raised the alerts beside it; health has none.
        return
    fingerprint = str(alert["fingerprint"])
    for event in alert.get("events") or [alert["event"]]:
        known = {name: value for name, value in event.items() if name != "spectrogram"}
        known["id"] = event.get("id") or event.get("document") or f"{fingerprint}/{event.get('at')}"
        if fingerprint in verdicts:
            verdicts[str(known["id"])] = verdicts[fingerprint]
        yield known


def is_store(given: str) -> bool:
    """Whether `given` names a store: its URL, a configuration, or a database file."""
    if given.startswith(("sqlite:", "postgresql:")) or given.endswith((".yml", ".yaml")):
        return True
    try:
        with Path(given).open("rb") as file:
            return file.read(len(SQLITE)) == SQLITE
    except OSError:
        return False


def _stored(given: str, verdicts: Verdicts) -> Iterator[dict[str, Any]]:
    from monitor.cli.stores import store_place
    from monitor.store.past import past_events as stored_events

    store = store_place(given).open()
    try:
        for past in stored_events(store.reader, verdicts):
            yield past.event
    finally:
        store.close()


def json_lines(file: Path, bad: BadLines) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each object with its line, a progress bar on a terminal."""
    decode = msgspec.json.Decoder().decode
    console = Console(stderr=True)
    try:
        size = file.stat().st_size
        source = file.open("rb")
    except OSError as error:
        bad.add(Fault(str(file), 1, f"cannot be read: {error.strerror}"))
        bad.refuse()
        return
    with source, Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(file.name, total=size)
        for number, raw in enumerate(source, start=1):
            if number % 10_000 == 0:
                progress.update(task, completed=source.tell())
            if not raw.strip():
                continue
            try:
                record = decode(raw)
            except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
                record = None
            if isinstance(record, dict):
                yield number, record
            else:
                bad.add(Fault(str(file), number, "not a JSON object"))


def read_verdicts(file: Path, bad: BadLines) -> dict[str, str]:
    """Analysts' verdicts by the id of an event, or by the fingerprint of a stored alert."""
    found: dict[str, str] = {}
    for number, record in json_lines(file, bad):
        verdict = record.get("verdict")
        if verdict in POSITIVE or verdict in NEGATIVE:
            found[str(record.get("id"))] = str(verdict)
        else:
            known = ", ".join(sorted(POSITIVE | NEGATIVE))
            bad.add(Fault(str(file), number, f"verdict must be one of {known}"))
    return found
