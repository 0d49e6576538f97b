"""The machine of a rollout, walked at random beside a plain model of what must hold."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from monitor.fleet.rollout import (
    BAD_REPORTS,
    Policy,
    Report,
    Rollout,
    bound,
    failing,
    halted,
    heard,
    is_chosen,
    offered,
    rank,
    tick,
)

NOON = datetime(2026, 6, 7, 4, 0, tzinfo=UTC)
POLICY = Policy(soak=timedelta(minutes=15), max_failing=0.02)
FLEET = [f"n{i:03}" for i in range(300)]


def walk(policy=POLICY, fleet=FLEET, bad=frozenset(), unwell=frozenset(), minutes=300):
    """Every node reports each minute, as real ones do; `bad` are ill with the release."""
    rollout, now, has = Rollout(7, NOON), NOON, dict.fromkeys(fleet, 6)
    history = [(rollout.stage, rollout.state, 0)]
    for _ in range(minutes):
        now += timedelta(minutes=1)
        well = {node for node in fleet if node not in unwell and not (has[node] == 7 and node in bad)}
        for node in fleet:
            if is_chosen(rollout, policy, node, well):
                rollout = offered(rollout, node, is_well=node not in unwell, now=now)
                has[node] = 7
            rollout = heard(rollout, Report(node, has[node], node in well), now)
        rollout = tick(rollout, policy, well, now)
        if (rollout.stage, rollout.state) != history[-1][:2]:
            history.append((rollout.stage, rollout.state, sum(one == 7 for one in has.values())))
        if rollout.state == "rolled-back":
            break
    return rollout, history, now - NOON


def test_a_sound_release_goes_from_few_to_more_to_all():
    rollout, history, took = walk()
    assert [step[:2] for step in history] == [(0, "running"), (1, "running"), (2, "running"), (2, "done")]
    n_first, n_second, n_all = (step[2] for step in history[1:])
    assert [n_first, n_second] == [sum(rank(7, node) < share for node in FLEET) for share in (0.01, 0.1)]
    assert n_all == len(FLEET)
    assert len(rollout.nodes) == len(FLEET)
    assert took >= 3 * POLICY.soak


def test_the_draw_is_even_and_another_for_each_release():
    shares = [sum(rank(serial, node) < 0.1 for node in FLEET) / len(FLEET) for serial in range(1, 60)]
    assert abs(sum(shares) / len(shares) - 0.1) < 0.01
    assert (
        len({min(FLEET, key=lambda node, serial=serial: rank(serial, node)) for serial in range(1, 60)}) > 40
    )


def test_one_bad_node_among_the_first_takes_it_back_and_the_rest_never_see_it():
    first = min(FLEET, key=lambda node: rank(7, node))
    rollout, _, took = walk(bad={first})
    assert (rollout.state, rollout.stage) == ("rolled-back", 0)
    assert first in rollout.why
    assert len(rollout.nodes) <= 9
    assert took <= timedelta(minutes=1 + BAD_REPORTS)
    assert not any(is_chosen(rollout, POLICY, node, FLEET) for node in FLEET)


def test_a_fault_that_shows_on_one_in_ten_is_met_at_the_second_stage():
    late = {node for node in FLEET if rank(7, node) > 0.02 and int(node[1:]) % 8 == 0}
    rollout, _, _ = walk(bad=late)
    assert (rollout.state, rollout.stage) == ("rolled-back", 1)
    assert len(rollout.nodes) < len(FLEET) / 5


def test_a_few_of_many_may_fail_and_are_left_behind():
    last = set(sorted(FLEET, key=lambda node: rank(7, node))[-5:])
    rollout, _, _ = walk(bad=last)
    assert rollout.state == "done"
    assert "5 failing" in rollout.why
    one_more = set(sorted(FLEET, key=lambda node: rank(7, node))[-7:])
    assert walk(bad=one_more)[0].state == "rolled-back"


def test_who_was_unwell_before_is_neither_for_nor_against_it():
    first = min(FLEET, key=lambda node: rank(7, node))
    rollout, _, _ = walk(unwell={first})
    assert rollout.state == "done"
    assert not rollout.nodes[first].was_well


@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_a_small_fleet_has_a_first_node_too(n):
    _, history, _ = walk(fleet=FLEET[:n])
    assert history[1][2] == 1
    assert history[-1] == (2, "done", n)


def test_nobody_there_means_that_nothing_moves():
    rollout = Rollout(7, NOON)
    assert tick(rollout, POLICY, (), NOON + timedelta(days=1)) == rollout


def test_who_falls_silent_or_never_takes_it_is_failing():
    rollout = offered(Rollout(7, NOON), "a", is_well=True, now=NOON)
    later = NOON + POLICY.silent
    assert tick(rollout, POLICY, {"a"}, later).state == "running"
    assert tick(rollout, POLICY, {"a"}, later + timedelta(seconds=1)).state == "rolled-back"
    for minute in range(11):
        rollout = heard(rollout, Report("a", 6, is_well=True), NOON + timedelta(minutes=minute))
    assert tick(rollout, POLICY, {"a"}, NOON + POLICY.apply).state == "running"
    assert tick(rollout, POLICY, {"a"}, NOON + POLICY.apply + timedelta(seconds=1)).state == "rolled-back"


def test_who_refuses_it_fails_at_once_and_a_person_may_halt_it():
    rollout = offered(Rollout(7, NOON), "a", is_well=True, now=NOON)
    assert (
        tick(heard(rollout, Report("a", 6, True, refused=7), NOON), POLICY, {"a"}, NOON).state
        == "rolled-back"
    )
    assert tick(heard(rollout, Report("a", 6, True, refused=5), NOON), POLICY, {"a"}, NOON).state == "running"
    stopped = halted(rollout, POLICY, "li", NOON)
    assert (stopped.state, stopped.why) == ("rolled-back", "halted by li")
    done = replace(rollout, state="done")
    assert halted(done, POLICY, "li", NOON) == done


class Walk(RuleBasedStateMachine):
    """Nodes come, take it, fall ill, fall silent, in any order."""

    names = st.sampled_from([f"n{i}" for i in range(40)])

    def __init__(self) -> None:
        super().__init__()
        self.policy = Policy(soak=timedelta(minutes=10), max_failing=0.1, healthy_reports=2)
        self.now = NOON
        self.rollout = Rollout(3, NOON)
        self.has: dict[str, int] = {}
        self.well: set[str] = set()
        self.last = self.rollout
        self.reports: dict[str, list[bool]] = {}
        """Of each node with the release, since it got it."""
        self.states = ["running"]

    def step(self, rollout: Rollout) -> None:
        self.last, self.rollout = self.rollout, rollout

    @rule(minutes=st.integers(0, 12))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(node=names, is_well=st.booleans(), takes=st.sampled_from(["yes", "yes", "yes", "later", "refuses"]))
    def reports_in(self, node: str, is_well: bool, takes: str) -> None:
        (self.well.add if is_well else self.well.discard)(node)
        release = self.has.get(node, 2)
        refused = 0
        if is_chosen(self.rollout, self.policy, node, self.well):
            if node not in self.rollout.nodes:
                share = self.policy.stages[self.rollout.stage]
                assert self.rollout.state == "done" or rank(3, node) < share or not self.rollout.counted()
            self.step(offered(self.rollout, node, is_well=is_well, now=self.now))
            if takes == "yes":
                self.has[node] = release = 3
            elif takes == "refuses" and release != 3:
                refused = 3
        if release == 3:
            self.reports.setdefault(node, []).append(is_well)
        self.step(heard(self.rollout, Report(node, release, is_well, refused), self.now))

    @rule()
    def looks(self) -> None:
        before = self.rollout
        self.step(tick(before, self.policy, self.well, self.now))
        after = self.rollout
        if (after.stage, after.state) == (before.stage, before.state):
            return
        self.states.append(after.state)
        bad = failing(before, self.policy, self.now)
        if after.state == "rolled-back":
            assert len(bad) > bound(before, self.policy)
            return
        # It went on: only after the soak, from one stage to the next, and with proof of every node.
        assert self.now - before.stage_at >= self.policy.soak
        assert after.stage == before.stage + (after.state == "running")
        assert len(bad) <= bound(before, self.policy)
        sound = [node for node in before.counted() if node not in bad]
        assert sound
        for node in sound:
            assert self.reports[node][-self.policy.healthy_reports :] == [True] * self.policy.healthy_reports

    @rule()
    def looks_twice(self) -> None:
        self.looks()
        again = tick(self.rollout, self.policy, self.well, self.now)
        assert again == self.rollout or again.stage_at == self.rollout.stage_at == self.now

    @precondition(lambda self: self.rollout.state == "running")
    @rule()
    def every_node_is_patient(self) -> None:
        """A quiet half hour in which all that have it say that they are well."""
        for _ in range(6):
            self.now += timedelta(minutes=4)
            for node in list(self.rollout.nodes):
                if self.rollout.nodes[node].has_it:
                    self.well.add(node)
                    self.reports.setdefault(node, []).append(True)
                    self.step(heard(self.rollout, Report(node, 3, is_well=True), self.now))
        self.looks()

    @invariant()
    def nobody_is_forgotten_and_nothing_comes_back(self) -> None:
        assert set(self.last.nodes) <= set(self.rollout.nodes)
        assert self.last.stage <= self.rollout.stage
        if self.last.state != "running":
            assert self.rollout.state == self.last.state
        if self.rollout.state == "rolled-back":
            assert not any(is_chosen(self.rollout, self.policy, node, self.well) for node in self.well)
        if self.rollout.state == "done":
            assert self.now - NOON >= 3 * self.policy.soak


Walk.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestWalk = Walk.TestCase
