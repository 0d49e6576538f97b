"""Cases that are opened, merged, split and undone in any order, against the plainest of models.

The model keeps whole copies of what stood before each step; the register keeps one step of one case.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from monitor.case.habits import Habits
from monitor.case.machine import OVER, UNDO, UNJUDGED, VERDICTS, Case, Step, StepError
from monitor.case.reader import CaseReader
from monitor.case.register import CaseRegister
from monitor.store import Store
from monitor.store.tables import alerts
from tests.unit.monitor.conftest import NOON, make_alert

PEOPLE = ("li", "wang")
ALERTS = [make_alert(f"e{n}", labels={"document": f"d{n}"}, venue="no1") for n in range(6)]
PRINTS = [one.fingerprint for one in ALERTS]


@cache
def empty_store() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        store = Store(f"sqlite:{folder}/s.db")
        store.merge(ALERTS, NOON)
        store.close()
        return Path(folder, "s.db").read_bytes()


@dataclass(frozen=True)
class Taken:
    """A step, and all it touched as it was before: case and alerts by name, None for what it made."""

    actor: str
    at: object
    action: str
    before: dict[str, tuple[Case, frozenset[str]] | None]


class AnyMoves(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="moves-"))
        (self.folder / "s.db").write_bytes(empty_store())
        self.store = Store(f"sqlite:{self.folder / 's.db'}")
        self.register, self.now = CaseRegister(self.store, Habits()), NOON
        self.cases: dict[str, tuple[Case, frozenset[str]]] = {}
        self.last: dict[str, Taken] = {}

    def teardown(self) -> None:
        self.store.verify()
        self.store.close()
        shutil.rmtree(self.folder)

    def took(self, actor: str, action: str, *names: str, made: str | None = None) -> None:
        before = {name: self.cases[name] for name in names} | ({made: None} if made else {})
        self.last |= dict.fromkeys(before, Taken(actor, self.now, action, before))

    def stands(self, name: str) -> Case:
        return CaseReader(self.store.reader).get(name).listed.case

    @rule(seconds=st.sampled_from([1, 400, UNDO.total_seconds() + 1]))
    def wait(self, seconds):
        self.now += timedelta(seconds=seconds)

    @rule(actor=st.sampled_from(PEOPLE), some=st.sets(st.sampled_from(PRINTS), min_size=1, max_size=3))
    def open(self, actor, some):
        free = some - {one for _, held in self.cases.values() for one in held}
        if free:
            made = self.register.open(sorted(free), actor, self.now)
            self.cases[made.id] = made, frozenset(free)
            self.took(actor, "open", made=made.id)

    @precondition(lambda self: self.cases)
    @rule(
        data=st.data(), actor=st.sampled_from(PEOPLE), action=st.sampled_from(["judge", "claim", "note"]),
        verdict=st.sampled_from(VERDICTS),
    )  # fmt: skip
    def step(self, data, actor, action, verdict):
        name = data.draw(st.sampled_from(sorted(self.cases)))
        try:
            case = self.register.step(name, Step(action, actor, verdict, text="t"), self.now)
        except StepError:
            return
        self.took(actor, action, name)
        self.cases[name] = case, self.cases[name][1]

    @precondition(lambda self: len(self.cases) > 1)
    @rule(data=st.data(), actor=st.sampled_from(PEOPLE))
    def merge(self, data, actor):
        into, name = data.draw(st.permutations(sorted(self.cases)))[:2]
        both = self.cases[into][0], self.cases[name][0]
        is_open = all(one.state not in OVER and one.holder(self.now) in (None, actor) for one in both)
        try:
            case = self.register.merge(into, name, actor, self.now)
        except StepError:
            assert not is_open
            return
        assert is_open
        self.took(actor, "merge", into, name)
        self.cases[into] = case, self.cases[into][1] | self.cases[name][1]
        self.cases[name] = self.stands(name), frozenset()

    @precondition(lambda self: any(len(held) > 1 for _, held in self.cases.values()))
    @rule(data=st.data(), actor=st.sampled_from(PEOPLE))
    def split(self, data, actor):
        name = data.draw(st.sampled_from(sorted(n for n, (_, held) in self.cases.items() if len(held) > 1)))
        held = sorted(self.cases[name][1])
        gone = data.draw(st.sets(st.sampled_from(held), min_size=1, max_size=len(held) - 1))
        is_free = self.cases[name][0].holder(self.now) in (None, actor)
        try:
            made = self.register.split(name, sorted(gone), actor, self.now)
        except StepError:
            assert not is_free
            return
        assert is_free
        self.took(actor, "split", name, made=made.id)
        self.cases[name] = self.stands(name), frozenset(held) - gone
        self.cases[made.id] = made, frozenset(gone)

    @precondition(lambda self: self.cases)
    @rule(data=st.data(), actor=st.sampled_from(PEOPLE))
    def undo(self, data, actor):
        name = data.draw(st.sampled_from(sorted(self.cases)))
        taken = self.last[name]
        fresh = taken.actor == actor and self.now - taken.at <= UNDO
        alone = all(self.last[one] is taken for one in taken.before)
        may = fresh and alone and taken.action not in ("open", "undo")
        try:
            came_to = self.register.undo(name, actor, self.now)
        except StepError:
            came_to = None
        assert may == (came_to is not None)
        if came_to is None:
            return
        whole = next(iter(taken.before))
        for one, before in taken.before.items():
            version = self.cases[one][0].version + 1
            if before is None:
                ended = replace(
                    self.cases[one][0], state="merged", merged_into=whole, owner=None, lease_until=None
                )
                before = ended, frozenset()
            self.cases[one] = replace(before[0], version=version, updated_at=self.now), before[1]
        assert came_to == self.cases[whole if taken.before[name] is None else name][0]
        self.took(actor, "undo", *taken.before)

    @invariant()
    def all_stand_as_the_model_says(self):
        reader = CaseReader(self.store.reader)
        for name, (case, held) in self.cases.items():
            listed = reader.get(name).listed
            assert listed.case == case
            assert frozenset(listed.alerts) == held
        where = {one: case for case, held in self.cases.values() for one in held}
        assert len(where) == sum(len(held) for _, held in self.cases.values())
        with self.store.reader.connect() as db:
            rows = db.execute(sa.select(alerts.c.fingerprint, alerts.c.has_case, alerts.c.judged)).all()
        for fingerprint, has_case, judged in rows:
            assert has_case == (fingerprint in where)
            assert judged == (fingerprint in where and where[fingerprint].state not in UNJUDGED)


TestAnyMoves = AnyMoves.TestCase
TestAnyMoves.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
