"""From every released version to this one, on both kinds of database, with all that was kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import monitor.store.migrations.versions as steps
from monitor.case.habits import Habits
from monitor.case.machine import Step
from monitor.case.register import CaseRegister
from monitor.people.scope import Scope
from monitor.server.alert_services import AlertQuery
from monitor.store import Store
from monitor.store.engine import open_engines
from monitor.store.migrations import HEAD
from monitor.store.query import AlertReader
from monitor.store.retention import Kept, forget
from monitor.store.tables import events, metadata
from monitor.store.upgrade import upgrade
from tests.unit.monitor.conftest import NOON, make_alert

VERSIONS = sorted(path.name[1:5] for path in Path(steps.__path__[0]).glob("v*.py"))
CASES_SINCE = "0006"
DAY = timedelta(days=1)
KEPT = Kept(radio=400 * DAY, health=5 * DAY)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What an older program left: alerts of two months, one judged, one that retention has emptied."""
    store = Store(f"sqlite:{tmp_path_factory.mktemp('made') / 's.db'}")
    month_later = NOON + 31 * DAY
    judged, waiting = make_alert("judged", channel="1"), make_alert("waiting", channel="2", venue="v2")
    gone = make_alert("gone", channel="3", kind="health")
    store.merge([judged, waiting, gone], NOON)
    store.merge([make_alert("again", channel="2", venue="v2", at_s=31 * 86_400)], month_later)
    register = CaseRegister(store, Habits())
    register.step_on_alert(judged.fingerprint, Step("judge", "li", verdict="benign"), NOON)
    register.step_on_alert(waiting.fingerprint, Step("claim", "li"), NOON)
    emptied = _all(store, "events")
    assert forget(store, KEPT, month_later) == {"health": 1}
    found = {name: _all(store, name) for name in metadata.tables}
    store.close()
    found["events"] = [row | ({"body": ""} if row["event_id"] == gone.id else {}) for row in emptied]
    return found


def _all(store: Store, name: str) -> list[dict[str, Any]]:
    with store.reader.connect() as db:
        return [dict(row) for row in db.execute(sa.select(metadata.tables[name])).mappings()]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.tools)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Path | None]]:
    if request.param == "sqlite":
        yield f"sqlite:{tmp_path / 'old.db'}", None
    else:
        cluster = request.getfixturevalue("cluster")
        yield cluster.new_database(), cluster.password_file


@pytest.mark.parametrize("version", [one for one in VERSIONS if one < "0016"])
def test_all_that_an_older_program_kept_is_there_after_the_upgrade(rows, place, version):
    engines = open_engines(*place)
    upgrade(engines.writer, to=version)
    with engines.writer.begin() as db:
        there = sa.inspect(db)
        for name in there.get_table_names():
            known = {column["name"] for column in there.get_columns(name)}
            kept = [{key: value for key, value in row.items() if key in known} for row in rows.get(name, [])]
            if kept:
                db.execute(sa.insert(metadata.tables[name]), kept)
    assert upgrade(engines.writer) == (version, HEAD)
    engines.close()
    store = Store(*place)
    try:
        assert store.verify() == len(rows["audit"])
        reader = AlertReader(store.reader)
        page = reader.list_alerts(AlertQuery(), NOON)
        assert {one.labels["channel"]: one.count for one in page.alerts} == {"1": 1, "2": 2}
        held = {row["event_id"]: row["body"] for row in rows["events"] if row["body"]}
        with store.reader.connect() as db:
            kept = dict(db.execute(sa.select(events.c.event_id, events.c.body)).tuples().all())
        assert kept == held
        assert store.stored([row["event_id"] for row in rows["events"]]) == {
            row["event_id"] for row in rows["events"]
        }
        digest = make_alert("judged").evidence[0].digest
        assert reader.in_scope(digest, Scope(venues=frozenset({"v1"})))
        assert not reader.in_scope(digest, Scope(venues=frozenset({"v3"})))
        if version >= CASES_SINCE:
            waiting = reader.list_alerts(AlertQuery(review="open"), NOON)
            assert [one.labels["channel"] for one in waiting.alerts] == ["2"]
        assert store.merge([make_alert("waiting", channel="2", venue="v2")], NOON) == 0
        assert store.merge([make_alert("news", channel="2", venue="v2", at_s=40)], NOON) == 1
    finally:
        store.close()
