from __future__ import annotations

import random
import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from monitor.people.outsiders import Grant, Identity, Outsider, Outsiders
from monitor.people.register import Register
from monitor.people.scope import EVERYTHING, Scope
from monitor.server.alert_services import AlertQuery, BadCursorError
from monitor.store import AuditError, Head, Store, StoreError, StoreVersionError
from monitor.store.engine import open_engines
from monitor.store.migrations import HEAD
from monitor.store.query import AlertReader
from monitor.store.tables import metadata
from monitor.store.upgrade import upgrade as run_steps
from tests.unit.monitor.conftest import NOON, make_alert

LATER = NOON + timedelta(hours=1)


def everything(store: Store, now=NOON, **query) -> list:
    return AlertReader(store.reader).list_alerts(AlertQuery(limit=1000, **query), now).alerts


def test_alerts_of_one_fingerprint_become_one_with_a_count(store):
    store.merge([make_alert("1"), make_alert("2", at_s=30, level="high")], NOON)
    store.merge([make_alert("3", at_s=60)], NOON)
    (view,) = everything(store)
    assert (view.count, view.level, view.annotations["title_en"]) == (3, "high", "Title 3")
    assert [entry["action"] for entry in view.history] == ["raised", "repeated", "repeated"]


def test_news_of_the_same_cause_is_not_counted_again(store):
    opened = make_alert("1", ends_at=None)
    store.merge([opened], NOON)
    store.merge([replace(make_alert("1", at_s=5), id="id-1-end")], NOON)
    (view,) = everything(store)
    assert (view.count, view.history[-1]["action"]) == (1, "updated")
    assert view.ends_at is not None


def test_what_is_delivered_twice_changes_nothing(store, many_alerts):
    alerts = many_alerts(20)
    assert store.merge(alerts, NOON) == 20
    before = everything(store), store.head()
    assert store.merge(alerts, LATER) == 0
    assert store.merge([*alerts, *alerts], LATER) == 0
    assert (everything(store), store.head()) == before


def test_any_order_and_any_batches_give_the_same_alerts(tmp_path, many_alerts):
    alerts = many_alerts(40)
    stores = [Store(f"sqlite:{tmp_path / name}.db") for name in "ab"]
    stores[0].merge(alerts, NOON)
    shuffled = alerts * 2
    random.Random(1).shuffle(shuffled)
    for start in range(0, len(shuffled), 7):
        stores[1].merge(shuffled[start : start + 7], NOON)

    views = [
        sorted(
            (v.fingerprint, v.count, v.level, v.starts_at, v.updated_at, v.event["at"]) for v in everything(s)
        )
        for s in stores
    ]
    assert views[0] == views[1]
    for store in stores:
        store.close()


def test_the_list_is_gravest_then_newest_and_pages_meet_without_gap_or_double(store):
    levels = ["low", "critical", "medium", "high"]
    alerts = [make_alert(str(n), channel=str(n), at_s=n // 3, level=levels[n % 4]) for n in range(50)]
    store.merge(alerts, NOON)
    reader = AlertReader(store.reader)
    seen, cursor = [], None
    while True:
        page = reader.list_alerts(AlertQuery(limit=7, cursor=cursor), NOON)
        assert page.total == 50
        seen += page.alerts
        cursor = page.next_cursor
        if cursor is None:
            break
    rank = {level: n for n, level in enumerate(["critical", "high", "medium", "low"])}
    keys = [(rank[view.level], -view.updated_at.timestamp()) for view in seen]
    assert keys == sorted(keys)
    assert len({view.fingerprint for view in seen}) == 50


def test_rows_that_arrive_while_paging_do_not_shift_what_follows(store):
    store.merge([make_alert(str(n), channel=str(n), at_s=n) for n in range(10)], NOON)
    reader = AlertReader(store.reader)
    first = reader.list_alerts(AlertQuery(limit=5), NOON)
    store.merge([make_alert("new", channel="new", at_s=100)], NOON)
    second = reader.list_alerts(AlertQuery(limit=5, cursor=first.next_cursor), NOON)
    assert [v.event["at"] for v in first.alerts + second.alerts] == [
        make_alert(at_s=n).event["at"] for n in reversed(range(10))
    ]


@pytest.mark.parametrize("cursor", ["", "x", "....", "W10", "WzEsMiwzXQ", "é", "A" * 5000])
def test_a_cursor_that_is_not_ours_is_refused(store, cursor):
    with pytest.raises(BadCursorError):
        AlertReader(store.reader).list_alerts(AlertQuery(cursor=cursor), NOON)


def test_filters_restrict_and_firing_follows_from_the_end_time(store):
    store.merge(
        [
            make_alert("1", channel="1"),
            make_alert("2", channel="2", kind="web", venue=None, level="high", ends_at=None),
        ],
        NOON,
    )
    assert [v.kind for v in everything(store, kinds=frozenset({"web"}))] == ["web"]
    assert [v.kind for v in everything(store, levels=frozenset({"medium"}))] == ["radio"]
    assert [v.kind for v in everything(store, venue="v1")] == ["radio"]
    assert len(everything(store, state="firing")) == 2
    assert [v.kind for v in everything(store, now=LATER, state="firing")] == ["web"]
    assert [v.kind for v in everything(store, now=LATER, state="ended")] == ["radio"]
    assert AlertReader(store.reader).counts(LATER) == {("web", "high"): 1}


def test_one_alert_comes_with_its_events_oldest_first(store):
    store.merge([make_alert("2", at_s=20), make_alert("1", at_s=10)], NOON)
    fingerprint = make_alert().fingerprint
    detail = AlertReader(store.reader).get_alert(fingerprint, NOON)
    assert detail is not None
    assert [event["at"] for event in detail.events] == [make_alert(at_s=s).event["at"] for s in (10, 20)]
    assert AlertReader(store.reader).get_alert("0" * 16, NOON) is None


def test_changes_follow_each_other_and_nothing_is_missed(store):
    reader = AlertReader(store.reader)
    known: dict[str, int] = {}
    position = 0
    rng = random.Random(3)
    for n in range(60):
        store.merge([make_alert(str(n), channel=str(rng.randrange(9)), at_s=n)], NOON)
        if rng.random() < 0.3:
            while changes := reader.changes_since(position, 2, NOON):
                assert [c.id for c in changes] == sorted(c.id for c in changes)
                known |= {c.alert.fingerprint: c.alert.count for c in changes}
                position = changes[-1].id
    known |= {c.alert.fingerprint: c.alert.count for c in reader.changes_since(position, 100, NOON)}
    assert known == {v.fingerprint: v.count for v in everything(store)}
    assert reader.changes_since(reader.last_change(), 10, NOON) == []


def test_radio_alerts_left_open_by_a_dead_run_get_an_end(store):
    store.merge([make_alert("1", ends_at=None), make_alert("2", channel="2", kind="web", ends_at=None)], NOON)
    assert store.end_abandoned(LATER, timedelta(minutes=12), LATER) == 1
    ends = {view.kind: view.ends_at for view in everything(store)}
    assert ends == {"radio": NOON + timedelta(minutes=12), "web": None}
    assert store.verify() == 3


def test_evidence_is_indexed_with_the_alert(store):
    alert = make_alert()
    store.merge([alert], NOON)
    assert store.evidence(alert.evidence[0].digest) == ("a.png", "image/png", alert.evidence[0].role)
    assert store.evidence("sha256:" + "0" * 64) is None


def spoil(tmp_path, statement: str) -> None:
    with sqlite3.connect(tmp_path / "s.db") as db:
        db.execute(statement)


def test_an_untouched_chain_verifies(store, many_alerts):
    store.merge(many_alerts(30), NOON)
    store.record(NOON, "li", "db.upgrade", "store", {"from": None})
    assert store.verify([store.head()]) == 31


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("UPDATE audit SET entry = replace(entry, 'medium', 'low') WHERE seq = 5", "entry 5 was changed"),
        ("DELETE FROM audit WHERE seq = 5", "entry 5 is missing"),
        (
            "UPDATE audit SET seq = CASE seq WHEN 5 THEN -5 WHEN 6 THEN 5 ELSE seq END WHERE seq IN (5, 6)",
            "entry",
        ),
        (
            "UPDATE events SET body = replace(body, '18.2', '3.1') WHERE event_id = 'id-7'",
            "alert id-7, which was changed",
        ),
        ("DELETE FROM events WHERE event_id = 'id-7'", "alert id-7, which is gone"),
        ("DELETE FROM audit WHERE seq > 8", "12 alerts are stored, but the chain knows 8"),
        (
            "INSERT INTO events SELECT 'x', fingerprint, cause, at, recorded_at, kind, level, venue, body "
            "FROM events LIMIT 1",
            "13 alerts are stored",
        ),
    ],
)
def test_every_change_behind_the_stores_back_shows(sqlite_store, tmp_path, many_alerts, statement, message):
    sqlite_store.merge(many_alerts(12), NOON)
    spoil(tmp_path, statement)
    with pytest.raises(AuditError, match=message):
        sqlite_store.verify()


def test_a_cut_tail_and_a_rewrite_show_against_a_kept_head(sqlite_store, tmp_path, many_alerts):
    sqlite_store.merge(many_alerts(12), NOON)
    head = sqlite_store.head()
    spoil(tmp_path, "DELETE FROM audit WHERE seq > 8")
    for table in ("events", "event_ids"):
        spoil(tmp_path, f"DELETE FROM {table} WHERE rowid > 8")
    assert sqlite_store.verify() == 8
    with pytest.raises(AuditError, match="ends at entry 8, but a head of entry 12 was kept"):
        sqlite_store.verify([head])
    with pytest.raises(AuditError, match="entry 3 is not the one whose head was kept"):
        sqlite_store.verify([Head(3, "f" * 64)])


def test_the_migrations_make_exactly_the_tables_of_the_program(store):
    with store.reader.connect() as db:
        assert differences(db) == []
        assert MigrationContext.configure(db).get_current_revision() == HEAD


def differences(db: sa.Connection) -> list[Any]:
    """Of the database from the tables of the program; the months of events aside, which come and go."""

    def is_no_month(name: str | None, kind: str, _parents: object) -> bool:
        return kind != "table" or not str(name).startswith("events_")

    context = MigrationContext.configure(db, opts={"include_name": is_no_month})
    return [one for one in compare_metadata(context, metadata) if not _is_of_words(one)]


def _is_of_words(difference: Any) -> bool:
    """Indexes whose expressions PostgreSQL spells in its own way: that they serve is in test_plans.py."""
    return getattr(difference[1], "name", "").startswith(("ix_audit_", "ix_cases_text"))


def test_readers_cannot_write(store):
    with pytest.raises(sa.exc.DBAPIError, match=r"readonly|read-only"), store.reader.begin() as db:
        db.execute(sa.text("DELETE FROM events"))


def test_tables_of_another_version_are_refused_with_advice(sqlite_store, tmp_path):
    for found, advice in (("0000", "run 'examwatch db upgrade'"), ("9999", "newer examwatch")):
        spoil(tmp_path, f"UPDATE alembic_version SET version_num = '{found}'")
        with pytest.raises(StoreVersionError, match=advice):
            Store(f"sqlite:{tmp_path / 's.db'}")


def test_a_strangers_database_and_a_file_that_is_none_are_refused(tmp_path):
    with sqlite3.connect(tmp_path / "other.db") as db:
        db.execute("CREATE TABLE notes (x)")
    with pytest.raises(StoreVersionError, match="another program"):
        Store(f"sqlite:{tmp_path / 'other.db'}")
    (tmp_path / "text.db").write_text("no database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Store(f"sqlite:{tmp_path / 'text.db'}")


@pytest.mark.tools
def test_a_wrong_or_missing_password_is_told_in_one_line(cluster, tmp_path):
    url = cluster.new_database()
    (tmp_path / "password").write_text("wrong")
    with pytest.raises(StoreError, match="password authentication failed") as refused:
        Store(url, tmp_path / "password")
    assert "wrong" not in str(refused.value)
    with pytest.raises(StoreError, match="none: the password cannot be read"):
        Store(url, tmp_path / "none")


def test_a_store_of_the_first_version_keeps_its_alerts_over_the_upgrade(tmp_path):
    engines = open_engines(f"sqlite:{tmp_path / 's.db'}")
    run_steps(engines.writer, to="0001")
    with engines.writer.begin() as db:
        values = {
            "fingerprint": "f",
            "kind": "web",
            "level": "high",
            "level_rank": 2,
            "labels": {"rule": "r"},
            "annotations": {},
            "starts_at": NOON,
            "updated_at": NOON,
            "ends_at": None,
            "count": 1,
            "venue": None,
            "drill": False,
            "experimental": False,
            "why": [],
            "event": {},
            "evidence": [],
            "newest_event_id": "e",
            "changed_seq": 1,
        }
        table = sa.Table("alerts", sa.MetaData(), autoload_with=db)
        db.execute(sa.insert(table), [values])
    run_steps(engines.writer)
    engines.close()
    store = Store(f"sqlite:{tmp_path / 's.db'}")
    (view,) = everything(store)
    assert (view.fingerprint, view.rules) == ("f", [])
    store.close()


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.tools)])
def test_people_of_before_the_logins_by_a_provider_keep_their_passwords_over_the_upgrade(
    request, tmp_path, kind
):
    url, password_file = f"sqlite:{tmp_path / 's.db'}", None
    if kind == "postgresql":
        cluster = request.getfixturevalue("cluster")
        url, password_file = cluster.new_database(), cluster.password_file
    engines = open_engines(url, password_file)
    run_steps(engines.writer, to="0012")
    row = {
        "name": "li", "role": "radio", "disabled": False, "must_change": False, "created_at": NOON,
        "password_hash": "a hash", "department": "radio", "venues": ["no1-high"],
    }  # fmt: skip
    with engines.writer.begin() as db:
        db.execute(sa.insert(sa.Table("people", sa.MetaData(), autoload_with=db)), [row])
    run_steps(engines.writer)
    engines.close()
    store = Store(url, password_file)
    register = Register(store)
    person, hashed = register.find("li")
    assert (person.role, person.issuer, hashed) == ("radio", None, "a hash")
    assert person.scope == Scope(frozenset({"no1-high"}), "radio")
    grant = Grant("g", "analyst", EVERYTHING)
    for subject in ("1", "2"):
        outsider = Outsider(Identity("https://sso.example", subject), f"wang-{subject}", grant)
        assert Outsiders(store).admit(outsider, "a", NOON).issuer == "https://sso.example"
    assert register.find("wang-2")[1] is None
    with store.reader.connect() as db:
        assert differences(db) == []
    store.close()


def test_what_an_edges_earlier_run_left_open_ends_and_nobody_elses(store, make_alert):
    def open_alert(name, **event):
        return make_alert(name, channel=name, ends_at=None, event={"kind": "radio", **event})

    store.merge(
        [
            open_alert("mine", sensor="roof", venue="v1"),
            open_alert("namesake", sensor="roof", venue="v2"),
            open_alert("neighbour", sensor="gate", venue="v1"),
        ],
        NOON,
    )
    later, hold = NOON + timedelta(hours=1), timedelta(minutes=12)
    assert store.end_abandoned(later, hold, later, frozenset({("v1", "roof")})) == 1
    assert store.end_abandoned(later, hold, later, frozenset({("v1", "roof")})) == 0
    assert store.end_abandoned(later, hold, later) == 2


def test_it_is_known_which_alerts_are_stored(store, many_alerts):
    store.merge(many_alerts(3), NOON)
    assert store.stored(["id-0", "id-2", "id-7"]) == {"id-0", "id-2"}


def test_what_strangers_write_keeps_no_alert_out_of_the_store(store):
    words = "a\0b\ud800"
    hostile = make_alert(
        "h",
        channel="h",
        labels={"rule": "r", "who": words},
        annotations={"title_en": words},
        event={"kind": "web", "text": words},
        venue=words,
    )
    assert (
        store.merge([make_alert("before", channel="1"), hostile, make_alert("after", channel="2")], NOON) == 3
    )
    assert store.merge([hostile], NOON) == 0
    assert store.verify() == 3
    found = AlertReader(store.reader).list_alerts(AlertQuery(), NOON).alerts
    assert "a\ufffdb\ufffd" in [one.event.get("text") for one in found]
