"""What the console asks of a large store is found by an index: no large table is read from end to end."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.case.reader import CaseQuery, CaseReader
from monitor.people.scope import EVERYTHING, Scope
from monitor.server.alert_services import AlertQuery
from monitor.store import Store
from monitor.store.audit import AuditQuery, read_entries
from monitor.store.query import AlertReader
from monitor.store.wall import WallReader
from tests.unit.monitor.conftest import NOON, make_alert

LARGE = ("alerts", "events", "event_ids", "changes", "audit", "cases", "case_alerts", "evidence_alerts")
SOME = frozenset
SCOPE = Scope(venues=frozenset({"v1", "v2"}))
LISTS = {
    "all": AlertQuery(),
    "open": AlertQuery(review="open"),
    "mine": AlertQuery(review="mine", asker="li"),
    "firing": AlertQuery(state="firing"),
    "kind": AlertQuery(kinds=SOME({"correlation"})),
    "drill": AlertQuery(drill=True),
    "venue": AlertQuery(venue="v1", kinds=SOME({"web"})),
    "scope": AlertQuery(scope=SCOPE),
    "scope and kind": AlertQuery(scope=SCOPE, kinds=SOME({"radio"})),
    "scope and open": AlertQuery(scope=SCOPE, review="open"),
    "case": AlertQuery(case="C1"),
    "copies": AlertQuery(copies_of="d"),
    "near": AlertQuery(near_hz=433e6),
}


@contextlib.contextmanager
def heard(store: Store) -> Iterator[list[tuple[str, Any]]]:
    found: list[tuple[str, Any]] = []

    def after(_db: Any, _cursor: Any, sql: str, given: Any, _context: Any, _many: bool) -> None:
        found.append((sql, given))

    sa.event.listen(store.reader, "after_cursor_execute", after)
    yield found
    sa.event.remove(store.reader, "after_cursor_execute", after)


def read_whole(store: Store, asked: list[tuple[str, Any]]) -> list[str]:
    """Lines of plans that read a large table from end to end, where an index could have been used."""
    found: list[str] = []
    with store.reader.connect() as db:
        if db.dialect.name == "sqlite":
            for sql, given in asked:
                plan = db.exec_driver_sql("EXPLAIN QUERY PLAN " + sql, given)
                found += [
                    row[-1] for row in plan if row[-1].split()[:1] == ["SCAN"] and " USING " not in row[-1]
                ]
        else:
            # Where there is no way but to read all, the planner does so although it is forbidden.
            db.exec_driver_sql("SET LOCAL enable_seqscan = off")
            for sql, given in asked:
                plan = db.exec_driver_sql("EXPLAIN " + sql, given).scalars()
                found += [line for line in plan if "Seq Scan on" in line]
    return [line for line in found if any(f" {name}" in line for name in LARGE)]


@pytest.fixture
def large(store: Store) -> Store:
    """Enough that an index is worth it."""
    alerts = [
        make_alert(f"{n}", kind=("radio", "web")[n % 2], labels={"document": f"{n}"}, venue=f"v{n % 9}")
        for n in range(400)
    ]
    store.merge(alerts, NOON)
    with store.writer.begin() as db:
        db.exec_driver_sql("ANALYZE")
    return store


@pytest.mark.parametrize("name", LISTS)
def test_no_list_reads_all_alerts(large, name):
    with heard(large) as asked:
        AlertReader(large.reader).list_alerts(LISTS[name], NOON)
    # What matches all needs no index to count a thousand: the rows themselves come first.
    asked = [(sql, given) for sql, given in asked if not sql.startswith("SELECT count") or name != "all"]
    assert read_whole(large, asked) == []


def test_nothing_else_that_a_person_waits_for_does(large):
    reader, cases = AlertReader(large.reader), CaseReader(large.reader)
    with heard(large) as asked:
        reader.get_alert(make_alert("1", labels={"document": "1"}).fingerprint, NOON)
        reader.changes_since(reader.last_change() - 5, 10, NOON)
        reader.counts(NOON)
        reader.in_scope("sha256:" + "0" * 64, SCOPE)
        large.stored(["id-1", "id-none"])
        for scope in (EVERYTHING, SCOPE):
            WallReader(large.reader).view(NOON, scope)
        for query in (
            CaseQuery(is_open=True),
            CaseQuery(owner="li"),
            CaseQuery(venue="v1"),
            CaseQuery(late=True),
        ):
            cases.page(query, NOON)
        cases.late(NOON)
        cases.open_by_department()
        with large.reader.connect() as db:
            for query in (
                AuditQuery(actor="li"),
                AuditQuery(subject="C1"),
                AuditQuery(action="retention.forgot"),
                AuditQuery(action="case."),
                AuditQuery(before=10),
            ):
                read_entries(db, query)
    assert len(asked) > 20
    assert read_whole(large, asked) == []


def test_a_list_counts_to_a_bound_and_says_so(store, monkeypatch):
    monkeypatch.setattr("monitor.store.count.N_COUNTED", 5)
    monkeypatch.setattr("monitor.store.query.N_COUNTED", 5)
    reader = AlertReader(store.reader)
    alerts = [make_alert(f"{n}", channel=f"{n}", venue=f"v{n % 3}") for n in range(6)]
    store.merge(alerts[:5], NOON)
    page = reader.list_alerts(AlertQuery(limit=2), NOON)
    assert (page.total, page.more) == (5, False)
    store.merge(alerts[5:], NOON)
    page = reader.list_alerts(AlertQuery(limit=2), NOON)
    assert (page.total, page.more) == (5, True)


@pytest.mark.parametrize("kinds", [frozenset(), frozenset({"radio"}), frozenset({"radio", "web"})])
def test_a_scope_of_some_venues_pages_as_one_list(store, kinds):
    alerts = [
        make_alert(
            f"{n}",
            channel=f"{n}",
            kind=("radio", "web", "health")[n % 3],
            venue=None if n % 5 == 0 else f"v{n % 7}",
            at_s=n % 11,
            level=("low", "high")[n % 2],
        )
        for n in range(120)
    ]
    store.merge(alerts, NOON)
    reader = AlertReader(store.reader)
    scope = Scope(venues=frozenset({"v1", "v3", "v4"}))
    wanted = AlertQuery(limit=500, kinds=kinds)
    everything = reader.list_alerts(wanted, NOON + timedelta(hours=1)).alerts
    expected = [one.fingerprint for one in everything if scope.holds(one.venue)]
    seen: list[str] = []
    cursor = None
    while True:
        page = reader.list_alerts(AlertQuery(limit=7, kinds=kinds, scope=scope, cursor=cursor), NOON)
        assert page.total == len(expected)
        seen += [one.fingerprint for one in page.alerts]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == expected


def test_what_people_did_is_found_by_whom_and_by_what(store):
    store.merge([make_alert("1")], NOON)
    for n, (actor, action) in enumerate(
        [("li", "case.claim"), ("wang", "case.judge"), ("li", "case.judge"), ("li", "casework.x")]
    ):
        store.record(NOON + timedelta(seconds=n), actor, action, f"C{n % 2}", {})
    with store.reader.connect() as db:

        def found(**query: Any) -> list[str]:
            return [f"{one.actor} {one.action}" for one in read_entries(db, AuditQuery(**query))]

        assert found(action="case.") == ["li case.judge", "wang case.judge", "li case.claim"]
        assert found(action="case.", actor="li") == ["li case.judge", "li case.claim"]
        assert found(action="case.", limit=1) == ["li case.judge"]
        assert found(action="case.judge", subject="C1") == ["wang case.judge"]
        assert found(action="alert.") == ["examwatch alert.raised"]
        assert found(action="alert.raised", actor="examwatch") == ["examwatch alert.raised"]
        assert found(action="nothing.") == found(actor="nobody") == found(action="case") == []
        assert found(before=3, actor="li") == ["li case.claim"]
