"""``cases step``: the same machine as the console's, with the account of the shell in the record."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from monitor.case.habits import Habits
from monitor.case.register import CaseRegister
from monitor.cli import main
from monitor.cli.stores import shell_actor
from monitor.store import Store
from monitor.store.audit import AuditQuery, read_entries
from tests.unit.monitor.conftest import NOON, make_alert


def run(*words) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    return ended.value.code


@pytest.fixture
def place(tmp_path):
    store = Store(f"sqlite:{tmp_path / 's.db'}")
    store.merge([make_alert("1")], NOON)
    store.close()
    return tmp_path / "s.db"


def test_a_verdict_from_the_shell_is_a_step_like_any_other(place, capsys):
    print_ = make_alert("1").fingerprint
    assert run("cases", "step", print_, "judge", "--verdict", "scam", "--store", place) == 0
    told = capsys.readouterr().out
    assert told.endswith(": scam, scam\n")
    case = told.partition(":")[0]
    assert run("cases", "step", case, "close", "--store", place) == 0
    capsys.readouterr()
    assert run("cases", "show", case, "--store", place, "--format", "jsonl") == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["state"], shown["judged_by"].startswith("shell:")) == ("closed", True)
    store = Store(f"sqlite:{place}")
    with store.reader.connect() as db:
        assert {one.actor[:6] for one in read_entries(db, AuditQuery(action="case."))} == {"shell:"}
    store.close()


def test_a_merge_is_taken_back_from_the_shell_once(place, capsys):
    store = Store(f"sqlite:{place}")
    store.merge([make_alert("2", channel="2")], NOON)
    register, now = CaseRegister(store, Habits()), datetime.now(UTC)
    alerts = (make_alert("1"), make_alert("2", channel="2"))
    first, second = (register.open([one.fingerprint], shell_actor(), now) for one in alerts)
    register.merge(first.id, second.id, shell_actor(), now)
    store.close()
    assert run("cases", "step", second.id, "undo", "--store", place) == 0
    assert capsys.readouterr().out == f"{second.id}: new\n"
    assert run("cases", "step", first.id, "undo", "--store", place) == 2
    assert capsys.readouterr().err == f"{first.id}: 'undo' cannot be undone\n"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("C0607-000000", "close"), "there is no case"),
        (("C0607-000000", "dance"), "Invalid enum value 'dance'"),
        (("PRINT", "close"), "'close' does not follow 'new'"),
        (("PRINT", "judge"), "verdict"),
    ],
)
def test_what_cannot_be_done_is_one_line(place, capsys, words, told):
    words = [make_alert("1").fingerprint if word == "PRINT" else word for word in words]
    assert run("cases", "step", *words, "--store", place) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
