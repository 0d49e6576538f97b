"""Letting go by kind: what is too old is gone, what cases hold stays, and the chain proves the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from monitor.case.habits import Habits
from monitor.case.machine import Step
from monitor.case.register import CaseRegister
from monitor.server.alert_services import AlertQuery
from monitor.store.audit import AuditError
from monitor.store.query import AlertReader
from monitor.store.retention import Kept, forget, holdings
from monitor.store.tables import alerts, event_ids, events
from tests.unit.monitor.conftest import NOON, make_alert

DAY = timedelta(days=1)
KEPT = Kept(radio=10 * DAY, health=2 * DAY, drill=1 * DAY, cases=30 * DAY)


def fill(store):
    made = {
        name: make_alert(name, labels={"document": name}, **changes)
        for name, changes in {
            "old": {},
            "old-web": {"kind": "web"},
            "health": {"kind": "health"},
            "drill": {"drill": True},
            "open": {},
            "closed": {},
            "lasting": {"ends_at": None},
        }.items()
    }
    store.merge(list(made.values()), NOON)
    register = CaseRegister(store, Habits())
    for name in ("open", "closed"):
        case = register.step_on_alert(made[name].fingerprint, Step("claim", "li"), NOON)
        if name == "closed":
            register.step(case.id, Step("judge", "li", verdict="benign"), NOON)
            register.step(case.id, Step("close", "li"), NOON)
    return made


def there(store):
    with store.reader.connect() as db:
        return {row.labels["document"] for row in db.execute(sa.select(alerts.c.labels))}


def test_each_kind_goes_at_its_own_age_and_what_cases_hold_stays(store):
    fill(store)
    assert forget(store, KEPT, NOON) == {}
    assert forget(store, KEPT, NOON + 1.5 * DAY) == {"drill": 1}
    assert forget(store, KEPT, NOON + 3 * DAY) == {"health": 1}
    assert forget(store, KEPT, NOON + 11 * DAY) == {"radio": 1}
    assert there(store) == {"old-web", "open", "closed", "lasting"}
    assert forget(store, KEPT, NOON + 31 * DAY) == {"radio": 1, "cases": 1}
    assert there(store) == {"old-web", "open", "lasting"}
    assert store.verify() > 7


def test_what_was_let_go_of_can_be_raised_again_and_is_a_new_alert(store):
    made = fill(store)
    forget(store, KEPT, NOON + 11 * DAY)
    assert store.merge([made["old"]], NOON + 12 * DAY) == 0, "the very same event is known for ever"
    again = replace(made["old"], id="again", cause="again", updated_at=NOON + 12 * DAY)
    assert store.merge([again], NOON + 12 * DAY) == 1
    assert "old" in there(store)
    assert store.verify() > 7


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("emptied", "alert id-open, which was changed"),
        ("put back", "alert id-old, which was changed"),
        ("gone", "which is gone: 4 are, but the chain knows that of 3"),
        ("id gone", "6 alerts are stored, but the chain knows 7"),
    ],
)
def test_an_event_that_was_changed_or_taken_by_hand_is_found(store, how, told):
    made = fill(store)
    forget(store, KEPT, NOON + 11 * DAY)
    with store.writer.begin() as db:
        if how == "put back":
            one = made["old"]
            row = {"event_id": one.id, "fingerprint": one.fingerprint, "cause": one.cause}
            row |= {"at": one.updated_at, "recorded_at": NOON, "kind": "radio", "level": "low", "body": "x"}
            db.execute(sa.insert(events), [row])
        elif how == "id gone":
            db.execute(sa.delete(event_ids).where(event_ids.c.event_id == made["old"].id))
        elif how == "gone":
            db.execute(sa.delete(events).where(events.c.event_id == made["open"].id))
        else:
            db.execute(sa.update(events).where(events.c.event_id == made["open"].id).values(body=""))
    with pytest.raises(AuditError, match=told):
        store.verify()


def test_what_stays_although_its_case_went_waits_again_to_be_judged(store):
    alert = make_alert("lasting", labels={"document": "lasting"}, ends_at=None)
    store.merge([alert], NOON)
    register = CaseRegister(store, Habits())
    case = register.step_on_alert(alert.fingerprint, Step("judge", "li", verdict="benign"), NOON)
    register.step(case.id, Step("close", "li"), NOON)
    reader = AlertReader(store.reader)
    assert reader.list_alerts(AlertQuery(review="open"), NOON).total == 0
    assert forget(store, KEPT, NOON + 31 * DAY) == {"cases": 1}
    assert reader.list_alerts(AlertQuery(review="open"), NOON).total == 1


def test_what_is_there_is_told_by_kind(store):
    fill(store)
    found = {one.kind: (one.n, one.oldest_at is not None) for one in holdings(store, KEPT)}
    assert found == {
        "radio": (4, True), "web": (1, True), "correlation": (0, False), "health": (1, True),
        "drill": (1, True), "cases": (2, True), "personal": (0, False), "messages": (0, False),
    }  # fmt: skip
