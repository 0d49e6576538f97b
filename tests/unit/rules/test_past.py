"""Backtests and exceptions at the command line, over an export and over a store, told the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.alert.alert import Alert
from monitor.cli.past import is_store
from monitor.cli.rules import app
from monitor.store import Store
from rules.load import LIBRARY, load_rules

AT = datetime(2026, 6, 7, 1, tzinfo=UTC)
STRICT = """\
id: radio-unknown-narrowband
title: {en: t, zh: 题}
advice: {en: a, zh: 先}
kind: radio
level: high
category: signal
owner: me
status: experimental
selections:
  strong: {snr_db|gte: 15}
condition: strong
"""


def _event(number: int, snr_db: float) -> dict:
    rule = next(rule for rule in load_rules(LIBRARY) if rule.id == "radio-unknown-narrowband")
    base = next(sample.event for sample in rule.samples if sample.fires)
    at = (AT + timedelta(minutes=number)).isoformat()
    return {**base, "id": f"e{number}", "at": at, "venue": "no1", "channel": f"{number}", "snr_db": snr_db}


EVENTS = [_event(1, 9), _event(2, 20), _event(3, 30)]


def _alert(number: int, event: dict, news: str = "ended") -> Alert:
    at = datetime.fromisoformat(event["at"])
    return Alert(
        id=f"{event['id']}-{news}-{number}",
        cause=str(event["id"]),
        kind="radio",
        level="high",
        labels={"rule": f"r{number}", "channel": event["channel"]},
        annotations={},
        starts_at=at,
        updated_at=at,
        ends_at=at,
        why=[],
        event={name: value for name, value in event.items() if name != "id"},
    )


@pytest.fixture
def store(tmp_path) -> Path:
    path = tmp_path / "store.db"
    opened = Store(f"sqlite:{path}")
    # Two alerts for each event, as two rules with different labels raise them.
    opened.merge([_alert(rule, event) for event in EVENTS for rule in (1, 2)], AT)
    opened.close()
    return path


@pytest.fixture
def export(tmp_path) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_text("".join(json.dumps(event) + "\n" for event in EVENTS), "utf-8")
    return path


def _run(*arguments: object) -> list[dict]:
    result = CliRunner().invoke(app, [str(each) for each in arguments])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_store_and_an_export_of_the_same_events_give_the_same_backtest(tmp_path, store, export):
    (tmp_path / "strict.yml").write_text(STRICT, "utf-8")
    change = ["backtest", "--rules", tmp_path / "strict.yml", "--against"]
    of_store, of_export = _run(*change, store), _run(*change, export)
    assert of_store == of_export
    rows = {row["rule"]: (row["before"], row["after"]) for row in of_store if "rule" in row}
    assert rows["radio-unknown-narrowband"] == (3, 2)
    assert of_store[-1]["n_events"] == 3


def test_a_verdict_on_a_stored_alert_judges_its_event(tmp_path, store):
    (tmp_path / "strict.yml").write_text(STRICT, "utf-8")
    verdicts = tmp_path / "verdicts.jsonl"
    judged = {_alert(2, EVENTS[0]).fingerprint: "confirmed", "e2": "benign", "elsewhere": "benign"}
    lines = [json.dumps({"id": name, "verdict": verdict}) + "\n" for name, verdict in judged.items()]
    verdicts.write_text("".join(lines), "utf-8")
    summary = _run(
        "backtest", "--rules", tmp_path / "strict.yml", "--against", store, "--verdicts", verdicts
    )[-1]["verdicts"]
    assert (summary["before"]["found"], summary["after"]["found"]) == (1, 0)
    assert (summary["before"]["false"], summary["after"]["false"]) == (1, 1)


def test_exceptions_are_listed_with_what_they_would_have_hidden(tmp_path, store, export):
    file = tmp_path / "exceptions.yml"
    file.write_text(
        "exceptions:\n  - id: loud\n    kind: radio\n    reason: a test set of the radio station\n"
        "    author: Wang Li\n    expires: 2027-01-01T00:00+08:00\n    when: {snr_db|gte: 25}\n",
        "utf-8",
    )
    for against in (store, export):
        (line,) = _run("exceptions", file, "--against", against)
        assert (line["exception"], line["author"], line["alerts_hidden_7_days"]) == ("loud", "Wang Li", 1)
        assert line["rules"] == ["radio-unknown-narrowband"]


def test_a_faulty_exception_ends_the_command_with_its_line(tmp_path):
    file = tmp_path / "exceptions.yml"
    file.write_text("exceptions:\n  - {id: x, kind: radio}\n", "utf-8")
    result = CliRunner().invoke(app, ["exceptions", str(file)])
    assert result.exit_code == 2
    assert "exceptions.yml:2: reason is missing" in result.stderr


def test_a_store_is_known_by_its_url_its_configuration_or_its_first_bytes(store, export):
    assert is_store(str(store))
    assert is_store(f"sqlite:{store}")
    assert is_store("postgresql://examwatch@localhost/watch")
    assert is_store("configs/demo.yml")
    assert not is_store(str(export))
    assert not is_store("missing.jsonl")
