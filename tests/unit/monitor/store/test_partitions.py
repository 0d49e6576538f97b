"""The months of the events: made ahead and behind, told when a time has none, dropped as a whole."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.case.habits import Habits
from monitor.case.machine import Step
from monitor.case.register import CaseRegister
from monitor.healthwatch import times_part
from monitor.store import AuditError, Store, StoreError, partitions
from monitor.store.partitions import month_after, month_of, months, n_strays, name_of, tend
from monitor.store.query import AlertReader
from monitor.store.retention import Kept, forget
from monitor.store.tables import event_ids, events
from tests.unit.monitor.conftest import NOON, make_alert

DAY = timedelta(days=1)
KEPT = Kept(radio=40 * DAY, web=40 * DAY, health=10 * DAY, drill=10 * DAY, cases=80 * DAY)


@pytest.fixture
def months_store(cluster):
    store = Store(cluster.new_database(), cluster.password_file)
    tend(store.writer, NOON)
    yield store
    store.close()


def there(store: Store) -> list[datetime]:
    with store.reader.connect() as db:
        return months(db)


def lie_in(store: Store) -> dict[str, int]:
    """How many events lie in which table."""
    with store.reader.connect() as db:
        rows = db.execute(sa.text("SELECT tableoid::regclass::text, count(*) FROM events GROUP BY 1"))
        return dict(rows.tuples().all())


def at(name: str, when: datetime, **changes):
    changes = {"labels": {"document": name}} | changes
    ends_at = changes.pop("ends_at", when + timedelta(minutes=12))
    return replace(make_alert(name, **changes), starts_at=when, updated_at=when, ends_at=ends_at)


@pytest.mark.parametrize(
    ("when", "first", "following"),
    [
        ("2026-06-07T04:00:00+00:00", "2026-06-01", "2026-07-01"),
        ("2026-12-31T23:59:59.999999+00:00", "2026-12-01", "2027-01-01"),
        ("2027-01-01T07:59:00+08:00", "2026-12-01", "2027-01-01"),
    ],
)
def test_a_month_is_that_of_utc(when, first, following):
    month = month_of(datetime.fromisoformat(when))
    assert month == datetime.fromisoformat(first).replace(tzinfo=UTC)
    assert month_after(month) == datetime.fromisoformat(following).replace(tzinfo=UTC)
    assert month_after(month_after(month, 14), -14) == month


def test_sqlite_has_no_months_and_does_the_same(sqlite_store):
    assert list(tend(sqlite_store.writer, NOON)) == []
    assert n_strays(sqlite_store.reader) == 0
    sqlite_store.merge([at("1999", datetime(1999, 1, 1, tzinfo=UTC))], NOON)
    assert n_strays(sqlite_store.reader) == 0


@pytest.mark.tools
def test_months_are_made_ahead_and_once(months_store):
    month = month_of(NOON)
    assert {month_after(month, n) for n in (-1, 0, 1, 2)} <= set(there(months_store))
    assert list(tend(months_store.writer, NOON)) == []
    made = tend(months_store.writer, NOON + 31 * DAY)
    assert list(made) == [month_after(month, 3)]


@pytest.mark.tools
def test_a_stray_is_kept_and_told_and_moves_when_its_month_is_made(months_store):
    wrong, late = datetime(2001, 1, 1, tzinfo=UTC), NOON - 100 * DAY
    months_store.merge([at("wrong", wrong), at("late", late), at("now", NOON)], NOON)
    assert lie_in(months_store) == {"events_stray": 2, name_of(month_of(NOON)): 1}
    told = times_part(n_strays(months_store.reader))
    assert (told.problems, told.error) == (("stray",), "2")
    # An outbox of weeks is drained; a clock that is years off is not.
    assert list(tend(months_store.writer, NOON)) == [month_of(late)]
    assert lie_in(months_store) == {"events_stray": 1, name_of(month_of(late)): 1, name_of(month_of(NOON)): 1}
    assert times_part(0).problems == ()
    assert months_store.merge([at("wrong", wrong), at("late", late)], NOON) == 0
    assert months_store.verify() == 3


@pytest.mark.tools
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(-3, 3), st.integers(0, 2)), min_size=1, max_size=12))
def test_each_id_is_stored_once_whatever_time_it_comes_with(months_store, deliveries):
    """The hub corrects times by the clock it sees: the same event may come again in another month."""
    border = month_after(month_of(NOON))
    with months_store.reader.connect() as db:
        before = db.execute(sa.select(sa.func.count()).select_from(event_ids)).scalar_one()
    run = f"run-{before}-"
    for number, days, seconds in deliveries:
        alert = at(f"{run}{number}", border + days * DAY - timedelta(seconds=seconds))
        months_store.merge([alert, alert], NOON)
    asked = {f"id-{run}{number}" for number, _, _ in deliveries}
    with months_store.reader.connect() as db:
        for table in (events, event_ids):
            mine = table.c.event_id.startswith(f"id-{run}")
            assert sorted(db.execute(sa.select(table.c.event_id).where(mine)).scalars()) == sorted(asked)
    assert months_store.stored([*asked, "id-none"]) == asked
    assert months_store.verify() == before + len(asked)


@pytest.mark.tools
def test_one_alert_over_a_border_is_one_alert_with_its_events_in_order(months_store):
    border = month_after(month_of(NOON))
    times = [border + timedelta(seconds=s) for s in (-10, -1, 0, 5)]
    alerts = [
        replace(at(str(n), when, labels={"document": "one"}), event={"at": when.isoformat()})
        for n, when in enumerate(times)
    ]
    random.Random(4).shuffle(alerts)
    for alert in alerts:
        months_store.merge([alert], NOON)
    found = AlertReader(months_store.reader).get_alert(alerts[0].fingerprint, NOON)
    assert found is not None
    assert found.count == 4
    assert [event["at"] for event in found.events] == [when.isoformat() for when in times]
    assert len(lie_in(months_store)) == 2


@pytest.mark.tools
def test_a_month_of_which_nothing_stays_goes_whole_and_the_chain_proves_it(months_store):
    month = month_of(NOON)
    old = [at(f"o{n}", month + timedelta(days=n)) for n in range(5)]
    months_store.merge(old, NOON)
    later = NOON + 90 * DAY
    tend(months_store.writer, later)
    months_store.merge([at("new", later)], later)
    assert forget(months_store, KEPT, later) == {"radio": 5}
    assert month not in there(months_store)
    assert lie_in(months_store) == {name_of(month_of(later)): 1}
    assert months_store.verify() > 6
    assert months_store.merge(old, later) == 0, "what went is known for ever"


@pytest.mark.tools
def test_a_month_of_which_something_stays_is_let_go_of_row_by_row(months_store):
    month = month_of(NOON)
    held, loose = at("held", month + DAY), at("loose", month + DAY)
    months_store.merge([held, loose], NOON)
    register = CaseRegister(months_store, Habits())
    case = register.step_on_alert(held.fingerprint, Step("claim", "li"), NOON)
    later = NOON + 60 * DAY
    assert forget(months_store, KEPT, later) == {"radio": 1}
    assert lie_in(months_store) == {name_of(month): 1}
    assert months_store.verify() > 3
    register.step(case.id, Step("judge", "li", verdict="benign"), later)
    register.step(case.id, Step("close", "li"), later)
    assert forget(months_store, KEPT, later + 81 * DAY) == {"radio": 1, "cases": 1}
    assert month not in there(months_store)
    assert months_store.verify() > 3


@pytest.mark.tools
def test_a_month_that_was_dropped_by_hand_is_found(months_store):
    months_store.merge([at("one", NOON)], NOON)
    with months_store.writer.begin() as db:
        partitions.drop(db, month_of(NOON))
    with pytest.raises(AuditError, match="alert id-one, which is gone"):
        months_store.verify()


@pytest.mark.tools
def test_who_asks_for_a_span_reads_its_months_alone(months_store):
    with months_store.reader.connect() as db:
        plan = db.execute(
            sa.text("EXPLAIN SELECT body FROM events WHERE at >= :first AND at < :end"),
            {"first": month_of(NOON), "end": month_after(month_of(NOON))},
        ).scalars()
        read = set(re.findall(r"events_(?:\d{4}_\d{2}|stray)\b", "\n".join(plan)))
    assert read == {name_of(month_of(NOON))}


@pytest.mark.tools
def test_what_makes_months_does_not_wait_for_who_reads_for_long(months_store):
    """All other readers would wait behind it: it gives up, and the next day is early enough."""
    later = NOON + 31 * DAY
    with months_store.reader.connect() as db:
        db.execute(sa.select(events)).all()
        with pytest.raises(StoreError, match="lock timeout"):
            tend(months_store.writer, later)
    assert list(tend(months_store.writer, later)) == [month_after(month_of(NOON), 3)]
