"""The state machine of a case: what holds whatever steps are tried, in whatever order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from monitor.case.habits import DEPARTMENTS, Habits
from monitor.case.machine import (
    ACTIONS,
    FROM,
    LEASE,
    OUTCOMES,
    OVER,
    UNJUDGED,
    VERDICTS,
    Case,
    House,
    Step,
    StepError,
    possible,
    take,
)
from monitor.case.playbook import playbooks

NOON = datetime(2026, 6, 7, 4, 0, tzinfo=UTC)
HOUSE = House(frozenset(one.id for one in DEPARTMENTS))
PEOPLE = ("li", "wang", "zhao")


def new(**more):
    fields = {
        "id": "C0607-1", "kind": "radio", "title": {"en": "t", "zh": "题"}, "level": "high", "venue": "no1",
        "drill": False, "department": "radio", "opened_at": NOON, "updated_at": NOON,
    }  # fmt: skip
    return Case(**(fields | more))


def after(case, *steps, at=NOON):
    for step in steps:
        case = take(case, step, at, HOUSE)
    return case


def test_who_holds_a_case_decides_and_nobody_else_until_the_lease_is_over():
    held = after(new(), Step("claim", "li"))
    for step in (Step("claim", "wang"), Step("judge", "wang", verdict="benign"), Step("verify", "wang")):
        with pytest.raises(StepError, match="li holds"):
            take(held, step, NOON + LEASE - timedelta(seconds=1), HOUSE)
    judged = take(held, Step("judge", "wang", verdict="benign"), NOON + LEASE, HOUSE)
    assert (judged.state, judged.judged_by) == ("benign", "wang")
    with pytest.raises(StepError, match="does not follow"):
        take(judged, Step("judge", "li", verdict="scam"), NOON + LEASE, HOUSE)


def test_confirmed_takes_two_persons():
    first = after(new(), Step("judge", "li", verdict="confirmed"))
    assert (first.state, first.confirmed_by) == ("suspected", ("li",))
    with pytest.raises(StepError, match="another person"):
        take(first, Step("judge", "li", verdict="confirmed"), NOON, HOUSE)
    second = after(first, Step("judge", "wang", verdict="confirmed"))
    assert (second.state, second.confirmed_by) == ("confirmed", ("li", "wang"))
    changed = after(first, Step("judge", "wang", verdict="benign"))
    assert (changed.state, changed.confirmed_by) == ("benign", ())


def test_a_finding_goes_all_the_way_to_reviewed():
    done = after(
        new(),
        Step("triage", "li"),
        Step("claim", "li"),
        Step("verify", "li"),
        Step("judge", "li", verdict="suspected"),
        Step("notify", "li", department="police"),
        Step("acknowledge", "wang"),
        Step("arrive", "wang"),
        Step("finish", "wang", outcome="found"),
        Step("seal", "wang"),
        Step("transfer", "li", department="police"),
        Step("close", "li"),
        Step("review", "zhao"),
    )
    assert (done.state, done.department, done.told, done.version) == ("reviewed", "police", ("police",), 13)


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (Step("judge", "li"), "needs a verdict"),
        (Step("transfer", "li", department="navy"), "no department 'navy'"),
        (Step("note", "li", text=" "), "needs a text"),
        (Step("close", "li"), "does not follow 'new'"),
        (Step("release", "li"), "not yours"),
        (Step("task-done", "li", item="3"), "has no task"),
        (Step("note", "li", text="x" * 5000), "at most"),
    ],
)
def test_a_step_that_may_not_be_taken_says_why(step, message):
    with pytest.raises(StepError, match=message):
        take(new(), step, NOON, HOUSE)


def test_tasks_have_a_day_and_are_done_by_somebody():
    case = after(new(), Step("task", "li", text="shield the hall", due_at=NOON), Step("task", "li", text="b"))
    done = after(case, Step("task-done", "wang", item="1"))
    assert [(one.id, one.done_by) for one in done.tasks] == [(1, "wang"), (2, None)]


def test_each_state_that_waits_for_somebody_has_its_hour():
    habits = Habits()
    critical = new(level="critical")
    assert habits.due_at(critical) == NOON + timedelta(minutes=2)
    assert habits.due_at(after(critical, Step("claim", "li"))) == NOON + timedelta(minutes=5)
    suspected = after(critical, Step("judge", "li", verdict="suspected"))
    assert habits.due_at(suspected) == NOON + timedelta(minutes=10)
    assert habits.due_at(after(critical, Step("judge", "li", verdict="benign"))) is None


@pytest.mark.parametrize(
    ("labels", "department", "book"),
    [
        ({"kind": "radio"}, "radio", "radio"),
        ({"kind": "radio", "drill": "true"}, "duty", "drill"),
        ({"kind": "web", "category": "paper"}, "exam", "paper"),
        ({"kind": "web", "category": "scam"}, "police", "sell"),
        (
            {"kind": "web", "category": "paper", "rule": "web-secret-item-before-start"},
            "secrecy",
            "secret-item",
        ),
        ({"kind": "web", "category": "rumour"}, "cyberspace", "rumour"),
        ({"kind": "web", "category": "?"}, "duty", "web"),
    ],
)
def test_each_kind_of_finding_has_its_department_and_a_playbook(labels, department, book):
    way = Habits().way(labels)
    assert (way.department, way.book) == (department, book)
    found = playbooks().get(book)
    assert found is not None
    assert found.id == book
    assert all(step.en and step.zh for step in found.steps)


class AnyCase(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.case, self.now = new(), NOON

    @rule(seconds=st.sampled_from([1, 300, 601]))
    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule(
        action=st.sampled_from(ACTIONS), actor=st.sampled_from(PEOPLE), verdict=st.sampled_from(VERDICTS),
        outcome=st.sampled_from(OUTCOMES), department=st.sampled_from([one.id for one in DEPARTMENTS]),
    )  # fmt: skip
    def step(self, action, actor, verdict, outcome, department):
        before, holder = self.case, self.case.holder(self.now)
        may = action in possible(before, actor, self.now, supervisor=True)
        step = Step(action, actor, verdict, outcome, department, "text", None, "1")
        try:
            self.case = take(before, step, self.now, HOUSE)
        except StepError:
            assert self.case is before
            return
        assert may, f"{action} was taken, but not offered"
        assert before.state in FROM[action]
        assert self.case.version == before.version + 1
        if action in ("judge", "claim", "verify"):
            assert holder in (None, actor)
        if action == "judge":
            assert before.state in UNJUDGED or before.state == "suspected"

    @invariant()
    def confirmed_means_two(self):
        case = self.case
        if case.verdict == "confirmed":
            assert len(set(case.confirmed_by)) >= 2
        if case.state in UNJUDGED:
            assert case.verdict is None
        if case.state in OVER:
            assert case.owner is None
            assert case.verdict is not None


TestAnyCase = AnyCase.TestCase
