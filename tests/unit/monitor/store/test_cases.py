"""Cases in the database, on SQLite and PostgreSQL: nothing decided twice, all of it in the chain."""

from __future__ import annotations

import hashlib
import itertools
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.case.habits import Habits
from monitor.case.machine import LEASE, Step, StepError
from monitor.case.reader import CaseQuery, CaseReader
from monitor.case.register import CaseRegister, NoSuchError, StaleError, acknowledge, verdicts
from monitor.cli.past import BadLines, past_events
from monitor.people.scope import Scope
from monitor.server.alert_services import AlertQuery
from monitor.store import Store
from monitor.store.past import past_events as stored_events
from monitor.store.query import AlertReader
from tests.unit.monitor.conftest import NOON, make_alert


@pytest.fixture
def desk(store):
    alerts = [
        make_alert(f"ev-{n}", labels={"venue": "no1", "document": f"d{n}"}, venue="no1") for n in range(6)
    ]
    store.merge(alerts, NOON)
    return CaseRegister(store, Habits()), [alert.fingerprint for alert in alerts]


def test_a_verdict_opens_a_case_and_stands_with_its_alert_and_in_the_chain(store, desk):
    register, prints = desk
    case = register.step_on_alert(prints[0], Step("judge", "li", verdict="benign"), NOON)
    alerts = AlertReader(store.reader)
    view = alerts.get_alert(prints[0], NOON)
    assert (view.case.id, view.case.verdict) == (case.id, "benign")
    ask = AlertQuery(review="open")
    assert {one.fingerprint for one in alerts.list_alerts(ask, NOON).alerts} == set(prints[1:])
    with store.reader.connect() as db:
        assert verdicts(db, prints) == {prints[0]: "benign"}
    whole = CaseReader(store.reader).get(case.id)
    assert [one.action for one in whole.events] == ["opened", "judge"]
    assert set(whole.related) == set(prints[1:])
    store.verify()


def test_merge_split_and_undo_keep_every_alert_in_one_case(store, desk):
    register, prints = desk
    first = register.open(prints[:2], "li", NOON)
    second = register.open(prints[2:4], "wang", NOON)
    with pytest.raises(StepError, match="merge them"):
        register.link(first.id, [prints[2]], "li", NOON)
    register.merge(first.id, second.id, "li", NOON)
    reader = CaseReader(store.reader)
    assert reader.get(first.id).listed.alerts == tuple(sorted(prints[:4]))
    assert reader.get(second.id).listed.case.merged_into == first.id
    apart = register.split(first.id, [prints[0]], "li", NOON)
    assert reader.get(apart.id).listed.alerts == (prints[0],)
    with pytest.raises(StepError, match=f"case {first.id} has gone on"):
        register.undo(second.id, "li", NOON)
    judged = register.step(first.id, Step("judge", "li", verdict="scam"), NOON)
    with pytest.raises(StepError, match=f"case {first.id} has gone on"):
        register.undo(apart.id, "li", NOON)
    with pytest.raises(StepError, match="own last step"):
        register.undo(first.id, "wang", NOON)
    with pytest.raises(StepError, match="15 minutes"):
        register.undo(first.id, "li", NOON + timedelta(minutes=16))
    undone = register.undo(first.id, "li", NOON)
    assert (undone.state, undone.version) == ("new", judged.version + 1)
    store.verify()


@pytest.mark.parametrize("ask", ["whole", "part"])
def test_a_merge_is_taken_back_by_either_of_the_two_and_both_are_as_they_were(store, desk, ask):
    register, prints = desk
    first = register.open(prints[:2], "li", NOON)
    second = register.open(prints[2:4], "wang", NOON)
    first = register.step(first.id, Step("judge", "li", verdict="benign"), NOON)
    second = register.step(second.id, Step("claim", "li"), NOON)
    register.merge(first.id, second.id, "li", NOON)
    id = first.id if ask == "whole" else second.id
    with pytest.raises(StepError, match="own last step"):
        register.undo(id, "wang", NOON)
    with pytest.raises(StepError, match="15 minutes"):
        register.undo(id, "li", NOON + timedelta(minutes=16))
    with pytest.raises(NoSuchError):
        register.undo(id, "li", NOON, Scope(frozenset({"no2"})))
    later = NOON + timedelta(minutes=1)
    assert register.undo(id, "li", later).id == id
    reader, alerts = CaseReader(store.reader), AlertReader(store.reader)
    for before, held in ((first, prints[:2]), (second, prints[2:4])):
        listed = reader.get(before.id).listed
        assert listed.case == replace(before, version=before.version + 2, updated_at=later)
        assert listed.alerts == tuple(sorted(held))
    # What was not judged before is to be judged again.
    opened = alerts.list_alerts(AlertQuery(review="open"), NOON).alerts
    assert {one.fingerprint for one in opened} == set(prints[2:])
    with pytest.raises(StepError, match="'undo' cannot be undone"):
        register.undo(id, "li", NOON)
    store.verify()


@pytest.mark.parametrize("ask", ["whole", "part"])
def test_a_split_is_taken_back_by_either_of_the_two_and_what_it_made_has_ended(store, desk, ask):
    register, prints = desk
    whole = register.open(prints[:4], "li", NOON)
    whole = register.step(whole.id, Step("judge", "li", verdict="scam"), NOON)
    part = register.split(whole.id, prints[2:4], "li", NOON)
    back = register.undo(whole.id if ask == "whole" else part.id, "li", NOON)
    assert back == replace(whole, version=whole.version + 2)
    reader = CaseReader(store.reader)
    assert reader.get(whole.id).listed.alerts == tuple(sorted(prints[:4]))
    ended = reader.get(part.id).listed
    assert (ended.case.state, ended.case.merged_into, ended.alerts) == ("merged", whole.id, ())
    opened = AlertReader(store.reader).list_alerts(AlertQuery(review="open"), NOON).alerts
    assert {one.fingerprint for one in opened} == set(prints[4:])
    # The same alerts may be split off once more.
    again = register.split(whole.id, prints[2:4], "li", NOON)
    assert again.id != part.id
    register.step(again.id, Step("claim", "wang"), NOON)
    for id in (whole.id, again.id):
        with pytest.raises(StepError, match=f"{again.id} has gone on" if id == whole.id else "own last step"):
            register.undo(id, "li", NOON)
    store.verify()


def test_nothing_is_merged_or_split_off_while_another_holds_it(desk):
    register, prints = desk
    first, second = register.open(prints[:2], "li", NOON), register.open(prints[2:4], "li", NOON)
    register.step(second.id, Step("claim", "wang"), NOON)
    for act in (
        lambda at: register.merge(first.id, second.id, "li", at),
        lambda at: register.merge(second.id, first.id, "li", at),
        lambda at: register.split(second.id, prints[2:3], "li", at),
    ):
        with pytest.raises(StepError, match="wang holds") as refused:
            act(NOON + LEASE - timedelta(seconds=1))
        assert refused.value.code == "held"
    assert register.merge(second.id, first.id, "wang", NOON).id == second.id
    register.split(second.id, prints[:1], "li", NOON + LEASE)


def test_a_step_on_what_has_changed_meanwhile_is_refused(desk):
    register, prints = desk
    case = register.open(prints[:1], "li", NOON)
    register.step(case.id, Step("triage", "wang"), NOON)
    with pytest.raises(StaleError):
        register.step(case.id, Step("judge", "li", verdict="benign"), NOON, version=case.version)


def test_nobody_sees_or_touches_what_is_out_of_scope(store, desk):
    register, prints = desk
    case = register.open(prints[:1], "li", NOON)
    elsewhere, other = Scope(frozenset({"no2"})), Scope(None, "police")
    for scope in (elsewhere, other):
        assert CaseReader(store.reader).page(CaseQuery(), NOON, scope) == ([], 0)
        with pytest.raises(NoSuchError):
            register.step(case.id, Step("claim", "wang"), NOON, scope)
    with pytest.raises(NoSuchError):
        acknowledge(store, prints[1], "wang", "", NOON, elsewhere)
    assert AlertReader(store.reader).list_alerts(AlertQuery(scope=elsewhere), NOON).alerts == []


def test_two_cases_of_the_same_short_name_stay_two(sqlite_store):
    # 24 bits: some pair of a few thousand begins alike.
    n = 6000
    alerts = [make_alert(f"e{i}", labels={"document": f"d{i}"}) for i in range(n)]
    short = {}
    for one in alerts:
        name = hashlib.sha256(f"{one.fingerprint}\xff\xff{NOON.isoformat()}".encode()).hexdigest()[:6]
        short.setdefault(name, []).append(one)
    pair = next(some for some in short.values() if len(some) > 1)
    sqlite_store.merge(pair, NOON)
    register = CaseRegister(sqlite_store, Habits())
    first, second = (register.open([one.fingerprint], "li", NOON) for one in pair)
    assert second.id.startswith(first.id)
    assert second.id != first.id
    reader = CaseReader(sqlite_store.reader)
    assert [reader.get(one.id).listed.alerts for one in (first, second)] == [(o.fingerprint,) for o in pair]


def test_acknowledged_once_by_the_first(store, desk):
    _, prints = desk
    acknowledge(store, prints[0], "li", "seen", NOON)
    acknowledge(store, prints[0], "wang", "", NOON)
    assert AlertReader(store.reader).get_alert(prints[0], NOON).acked_by == "li"


def test_who_asks_for_one_kind_gets_no_case_of_another(store, desk):
    register, prints = desk
    register.open(prints[:1], "li", NOON)
    assert register.claim_next("wang", NOON, kinds=["web"]) is None
    assert register.claim_next("wang", NOON, kinds=["radio"]) is not None


def test_what_is_overdue_is_known(store, desk):
    register, prints = desk
    case = register.open(prints[:1], "li", NOON)
    reader = CaseReader(store.reader)
    assert reader.late(NOON + timedelta(minutes=1)) == []
    assert [one.id for one in reader.late(NOON + timedelta(hours=3))] == [case.id]


def test_the_past_tells_each_event_its_own_verdict_however_it_is_read(store, desk, monkeypatch):
    register, prints = desk
    for fingerprint, verdict in zip(prints, ("benign", "scam"), strict=False):
        register.step_on_alert(fingerprint, Step("judge", "li", verdict=verdict), NOON)
    asked = []
    for n_rows in (1, 2, 500):
        monkeypatch.setattr("monitor.store.past.N_ROWS", n_rows)
        known: dict[str, str] = {}
        found = {one.fingerprint: known.get(one.event["id"]) for one in stored_events(store.reader, known)}
        asked.append(found)
    judged = dict.fromkeys(prints) | dict(zip(prints, ("benign", "scam"), strict=False))
    assert asked == [judged] * 3


def test_a_backtest_against_a_store_knows_what_its_cases_came_to(tmp_path):
    path = tmp_path / "s.db"
    store, alert = Store(f"sqlite:{path}"), make_alert("1")
    store.merge([alert], NOON)
    CaseRegister(store, Habits()).step_on_alert(
        alert.fingerprint, Step("judge", "li", verdict="benign"), NOON
    )
    store.close()
    known: dict[str, str] = {}
    assert len(list(past_events(str(path), BadLines(), known))) == 1
    assert set(known.values()) == {"benign"}
    # What the asker brings counts more.
    mine = {alert.fingerprint: "scam"}
    list(past_events(str(path), BadLines(), mine))
    assert set(mine.values()) == {"scam"}


def test_twenty_reviewers_decide_nothing_twice_though_leases_run_out(store):
    n = 400
    store.merge([make_alert(f"e{i}", labels={"document": f"d{i}"}) for i in range(n)], NOON)
    register, ticks, decided = CaseRegister(store, Habits()), itertools.count(), []

    def review(name, dawdles):
        turn = 0
        while True:
            turn += 1
            now = NOON + timedelta(seconds=next(ticks))
            case = register.claim_next(name, now)
            if case is None:
                return
            # One in seven forgets what was claimed until somebody else may have it.
            late = now + LEASE + timedelta(seconds=1) if dawdles and turn % 7 == 0 else now
            try:
                register.step(case.id, Step("judge", name, verdict="benign"), late)
            except StepError:
                continue
            decided.append(case.id)

    people = [threading.Thread(target=review, args=(f"p{i}", i % 2 == 0)) for i in range(20)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    assert len(decided) == len(set(decided)) == n
    store.verify()
