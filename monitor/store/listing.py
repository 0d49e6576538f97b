"""Which alerts a list shows, found without reading the others: millions lie in the store, a page has fifty.

A page is sorted by (level, updated_at, fingerprint), all descending, and its cursor is
the last row's key: rows that arrive above do not shift what follows. A row that changes
while somebody pages moves up and reaches them over the live stream.

    a few match (a case, a frequency, what fires)     found by their own index, then sorted
    many match                                        an index in the list's order, until the page is full
    of some venues only                               one such reading a venue, put together
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from itertools import product
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from monitor.airlog import RASTER_HZ
from monitor.alert.alert import LEVEL_RANK
from monitor.server.alert_services import AlertQuery, BadCursorError
from monitor.store.count import bounded
from monitor.store.desk_tables import case_alerts, cases
from monitor.store.tables import CENTER_HZ, DOCUMENT, REPOST_OF, alerts

N_BRANCHES: Final = 64
"""Of more venues than these, so much of the whole is shown that reading it in order is soon done."""
Wanted = Sequence[sa.ColumnElement[bool]]


class Listing:
    """One page of the list, and how many there are in all."""

    def __init__(self, query: AlertQuery, now: datetime) -> None:
        """Raises `BadCursorError` if the cursor is not one of ours."""
        self._query = query
        self._now = now
        self._after: Wanted = () if query.cursor is None else (_follows(query.cursor),)

    def count(self, db: sa.Connection) -> int:
        """How many rows there are; one more than `N_COUNTED` where they are more."""
        parts = [_some(wanted) for wanted in self._branches]
        return bounded(db, sa.union_all(*parts) if len(parts) > 1 else parts[0])

    def rows(self, db: sa.Connection) -> Sequence[sa.RowMapping]:
        """One more than the page holds, where there are more."""
        n = self._query.limit + 1
        found = sa.select(alerts).order_by(*_order(is_few=self._is_few)).limit(n)
        if len(self._branches) == 1:
            return db.execute(found.where(*self._branches[0], *self._after)).mappings().all()
        parts = [
            sa.select(
                sa.select(alerts.c.fingerprint, alerts.c.level_rank, alerts.c.updated_at)
                .where(*wanted, *self._after)
                # The venue first: where all have none, PostgreSQL sees no order unless it is asked for.
                .order_by(alerts.c.venue.desc(), *_order())
                .limit(n)
                .subquery()
            )
            for wanted in self._branches
        ]
        keys = sa.union_all(*parts).subquery()
        newest = sa.select(keys.c.fingerprint).order_by(
            keys.c.level_rank.desc(), keys.c.updated_at.desc(), keys.c.fingerprint.desc()
        )
        names = db.execute(newest.limit(n)).scalars().all()
        few = sa.select(alerts).where(alerts.c.fingerprint.in_(names)).order_by(*_order(is_few=True))
        return db.execute(few).mappings().all()

    @property
    def _is_few(self) -> bool:
        query = self._query
        asked = (query.case, query.copies_of, query.near_hz)
        return query.review == "mine" or query.state == "firing" or any(one is not None for one in asked)

    @cached_property
    def _branches(self) -> Sequence[Wanted]:
        query = self._query
        wanted = _conditions(query, self._now)
        kinds, venues = sorted(query.kinds), query.scope.venues
        of_kinds: list[Wanted] = [[alerts.c.kind == kind] for kind in kinds] or [[]]
        is_small = self._is_few or query.review == "open" or query.drill or query.venue is not None
        if venues is None or is_small or (len(venues) + 1) * len(of_kinds) > N_BRANCHES:
            wanted += query.scope.conditions(alerts)
            return [[*wanted, *([alerts.c.kind.in_(kinds)] if kinds else [])]]
        places = [alerts.c.venue.is_(None), *(alerts.c.venue == venue for venue in sorted(venues))]
        return [[*wanted, *of_kind, place] for of_kind, place in product(of_kinds, places)]


def is_firing(now: datetime) -> sa.ColumnElement[bool]:
    return sa.or_(alerts.c.ends_at.is_(None), alerts.c.ends_at > now)


def cursor_of(row: sa.RowMapping) -> str:
    return write_cursor(row["level_rank"], row["updated_at"], row["fingerprint"])


def write_cursor(rank: int, updated_at: datetime, fingerprint: str) -> str:
    key = (rank, updated_at, fingerprint)
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def _follows(cursor: str) -> sa.ColumnElement[bool]:
    rank, updated_at, fingerprint = _read_cursor(cursor)
    # Bound with the columns' types: SQLite keeps instants as text.
    last = sa.tuple_(
        sa.literal(rank), sa.literal(updated_at, alerts.c.updated_at.type), sa.literal(fingerprint)
    )
    return sa.tuple_(alerts.c.level_rank, alerts.c.updated_at, alerts.c.fingerprint) < last


def _some(wanted: Wanted) -> sa.Select[Any]:
    return sa.select(sa.literal(1).label("one")).select_from(alerts).where(*wanted)


def _order(*, is_few: bool = False) -> tuple[sa.ColumnElement[Any], ...]:
    # With a sum no index fits, so that a planner that guesses "many" does not read all of them in order.
    rank = alerts.c.level_rank + 0 if is_few else alerts.c.level_rank
    return rank.desc(), alerts.c.updated_at.desc(), alerts.c.fingerprint.desc()


def _conditions(query: AlertQuery, now: datetime) -> list[sa.ColumnElement[bool]]:
    """All but kinds and scope."""
    wanted: list[sa.ColumnElement[bool]] = []
    if query.levels:
        # By rank, as the index has it: by name, 100,000 rows are read to count one level.
        wanted.append(alerts.c.level_rank.in_(sorted(LEVEL_RANK[level] for level in query.levels)))
    if query.venue is not None:
        wanted.append(alerts.c.venue == query.venue)
    if query.state is not None:
        wanted.append(is_firing(now) if query.state == "firing" else sa.not_(is_firing(now)))
    if query.drill is not None:
        wanted.append(alerts.c.drill if query.drill else sa.not_(alerts.c.drill))
    if query.case is not None:
        held = sa.select(case_alerts.c.fingerprint).where(case_alerts.c.case_id == query.case)
        wanted.append(alerts.c.fingerprint.in_(held))
    if query.copies_of is not None:
        wanted.append(alerts.c.kind == sa.literal_column("'web'"))
        wanted.append(sa.or_(DOCUMENT == query.copies_of, REPOST_OF == query.copies_of))  # noqa: SIM300 - columns
    if query.near_hz is not None:
        wanted.append(alerts.c.kind == sa.literal_column("'radio'"))
        wanted.append(CENTER_HZ.between(query.near_hz - RASTER_HZ / 2, query.near_hz + RASTER_HZ / 2))
    match query.review:
        case "open":
            wanted.append(sa.not_(alerts.c.judged))
        case "judged":
            wanted.append(alerts.c.judged)
        case "mine":
            in_case = sa.select(case_alerts.c.fingerprint).join(cases, cases.c.id == case_alerts.c.case_id)
            mine = in_case.where(cases.c.owner == query.asker, cases.c.is_open)
            wanted.append(alerts.c.fingerprint.in_(mine))
        case None:
            pass
    return wanted


def _read_cursor(cursor: str) -> tuple[int, datetime, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        raw = base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
        rank, updated_at, fingerprint = msgspec.json.decode(raw, type=tuple[int, datetime, str])
    except (ValueError, binascii.Error) as error:
        raise BadCursorError(cursor) from error
    if updated_at.tzinfo is None or abs(rank) > 99:
        raise BadCursorError(cursor)
    return rank, updated_at, fingerprint
