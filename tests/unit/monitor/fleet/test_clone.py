from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.fleet.clone import GRACE_S, KEPT_INSTANCES, CloneWatch, Finding, Heartbeat


class Machine:
    """Says what a real one would, a minute apart."""

    def __init__(self, instance: str, node: str = "roof") -> None:
        self.node, self.instance, self.count = node, instance, 0

    def boot(self, instance: str) -> None:
        self.instance, self.count = instance, 0

    def beat(self, said: str = "") -> Heartbeat:
        self.count += 1
        return Heartbeat(self.node, self.instance, self.count, said or f"{self.instance}{self.count}")


def test_a_machine_that_starts_again_and_again_is_one():
    watch, machine, now = CloneWatch(), Machine("b0"), 0.0
    for boot in range(3 * KEPT_INSTANCES):
        machine.boot(f"b{boot}")
        for _ in range(boot % 4 + 1):
            now += 60
            assert watch.heard(machine.beat(), now) is None


def test_two_machines_with_one_identity_are_found_when_both_have_come_back():
    watch, real, copy = CloneWatch(), Machine("a"), Machine("b")
    assert watch.heard(real.beat(), 0) is None
    assert watch.heard(copy.beat(), 30) is None
    assert watch.heard(real.beat(), 61) is None
    assert watch.heard(copy.beat(), 92) == Finding("roof", ("a", "b"), "returned")
    # And as long as both live, each time that the other speaks.
    assert watch.heard(real.beat(), 93) == Finding("roof", ("b", "a"), "returned")


def test_a_short_life_between_two_others_that_is_heard_too_late_is_no_second_machine():
    watch, machine = CloneWatch(), Machine("a")
    watch.heard(machine.beat(), 0)
    machine.boot("b")
    late = machine.beat()
    machine.boot("c")
    assert watch.heard(machine.beat(), 100) is None
    assert watch.heard(late, 110) is None
    for now in range(170, 1000, 60):
        assert watch.heard(machine.beat(), now) is None


def test_a_copy_of_memory_shares_the_instance_and_is_found_by_a_number_said_twice():
    watch, real = CloneWatch(), Machine("a")
    for now in range(3):
        watch.heard(real.beat(), now * 60)
    copy = Machine("a")
    copy.count = real.count
    assert watch.heard(real.beat("at 12:03:00"), 180) is None
    assert watch.heard(copy.beat("at 12:03:07"), 187) == Finding("roof", ("a", "a"), "said-twice")


def test_what_comes_twice_or_late_from_one_machine_is_no_second_machine():
    watch, machine = CloneWatch(), Machine("a")
    first, second, third = machine.beat(), machine.beat(), machine.beat()
    for beat in (first, second, first, second):
        assert watch.heard(beat, 0) is None
    machine.boot("b")
    assert watch.heard(machine.beat(), 100) is None
    # Sent before the restart, heard after it: on its way at most some seconds.
    assert watch.heard(third, 100 + GRACE_S) is None
    # What the old instance had said before is said again by a queue that replays, even much later.
    assert watch.heard(second, 4000) is None
    assert watch.heard(machine.beat(), 4060) is None


def test_nodes_do_not_touch_each_other_and_one_let_in_anew_begins_afresh():
    watch, roof, gate = CloneWatch(), Machine("a"), Machine("b", "gate")
    for now in range(5):
        assert watch.heard(roof.beat(), now * 60) is None
        assert watch.heard(gate.beat(), now * 60 + 1) is None
    watch.heard(Machine("c").beat(), 400)
    watch.forget("roof")
    assert watch.heard(roof.beat(), 500) is None


@settings(deadline=None, max_examples=500)
@given(st.integers(0, 10_000), st.integers(1, 5), st.floats(0, 0.4))
def test_one_machine_on_a_bad_line_never_counts_as_two(seed, n_boots, repeated):
    """In order within a connection, repeated at will; the last words before a restart may come late."""
    rng, watch, now = random.Random(seed), CloneWatch(), 0.0
    said: list[Heartbeat] = []
    late: list[Heartbeat] = []
    for boot in range(n_boots):
        machine = Machine(f"b{boot}")
        for _ in range(rng.randint(1, 8)):
            now += rng.uniform(1, 90)
            beat = machine.beat()
            if machine.count > 1 and rng.random() < 0.2:
                # Two whole lives that are heard only after a third would look like two machines.
                late.append(beat)
                continue
            said.append(beat)
            assert watch.heard(beat, now) is None
            for old in late:
                if old.instance != beat.instance and machine.count == 1:
                    assert watch.heard(old, now + rng.uniform(0, GRACE_S)) is None
            late = [old for old in late if old.instance == beat.instance]
            if rng.random() < repeated:
                assert watch.heard(rng.choice(said), now) is None
