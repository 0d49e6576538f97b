"""The events that a store holds, for whoever tries rules on them. Blocking, read-only.

A store holds the events that raised an alert, and no others: what rules missed is in none.
News of one emission comes as one event each, in the order of their own times.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from monitor.case.register import verdicts as judged
from monitor.people.scope import EVERYTHING, Scope
from monitor.store.tables import events

KINDS: Final = ("radio", "web")
N_ROWS: Final = 500
"""Read from the database at a time."""


@dataclass(frozen=True, slots=True)
class PastEvent:
    event: dict[str, Any]
    """With an ``id``."""
    fingerprint: str
    """Of one alert that it raised."""


class _Stored(msgspec.Struct):
    event: dict[str, Any]


def past_events(
    reader: sa.Engine,
    verdicts: MutableMapping[str, str],
    *,
    newest: int | None = None,
    scope: Scope = EVERYTHING,
) -> Iterator[PastEvent]:
    """The events, the oldest first.

    Parameters
    ----------
    verdicts
        By id; those on an alert (its fingerprint) become verdicts on its events, where it has none the
        verdict of its case.
    newest
        Only so many rows, the newest ones.
    """
    decode = msgspec.json.Decoder(_Stored).decode
    wanted = sa.select(events.c.event_id, events.c.fingerprint, events.c.cause, events.c.at, events.c.body)
    wanted = wanted.where(events.c.kind.in_(KINDS), *scope.conditions(events))
    if newest is not None:
        last = wanted.order_by(events.c.at.desc(), events.c.event_id.desc()).limit(newest).subquery()
        wanted = sa.select(last).order_by(last.c.at, last.c.event_id)
    else:
        wanted = wanted.order_by(events.c.at, events.c.event_id)
    with reader.connect() as db:
        rows = _with_verdicts(db, wanted, verdicts)
        for _, together in groupby(rows, key=lambda pair: pair[0].at):
            # One event may stand in several rows, one for each alert that it raised.
            found: dict[str, PastEvent] = {}
            for row, verdict in together:
                event = decode(row.body).event
                event.pop("spectrogram", None)
                event["id"] = event.get("id") or row.cause
                if verdict is not None:
                    verdicts[str(event["id"])] = verdict
                found.setdefault(json.dumps(event, sort_keys=True), PastEvent(event, row.fingerprint))
            yield from found.values()


def _with_verdicts(
    db: sa.Connection, wanted: sa.Executable, brought: Mapping[str, str]
) -> Iterator[tuple[sa.Row[Any], str | None]]:
    """Rows and what was said of each: what the asker `brought` counts more than what cases came to."""
    rows = db.execute(wanted, execution_options={"yield_per": N_ROWS})
    for together in rows.partitions():
        of_cases = judged(db, {row.fingerprint for row in together})
        for row in together:
            of_alert = brought.get(row.fingerprint, of_cases.get(row.fingerprint))
            yield row, brought.get(row.event_id, of_alert)
