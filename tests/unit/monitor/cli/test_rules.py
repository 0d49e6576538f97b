"""`examwatch rules`, as its users call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from monitor.cli.rules import app
from rules.load import LIBRARY


@pytest.fixture
def run():
    runner = CliRunner()
    return lambda *words, **more: runner.invoke(app, [str(word) for word in words], **more)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    good = (LIBRARY / "radio" / "repeated-bursts.yml").read_text("utf-8")
    (tmp_path / "a.yml").write_text(good.replace("level: medium", "level: mild"), "utf-8")
    (tmp_path / "b.yml").write_text("id: [\n", "utf-8")
    return tmp_path


def test_check_says_all_faults_with_their_places_and_exits_2(run, broken):
    result = run("check", broken)
    assert result.exit_code == 2
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert f"{broken}/a.yml:" in lines[0]
    assert 'level cannot be "mild"' in lines[0]
    assert lines[1].startswith(f"{broken}/b.yml:2: not YAML")


def test_check_and_test_of_the_library_exit_0(run):
    assert run("check", LIBRARY).exit_code == 0
    result = run("test", LIBRARY / "radio")
    assert result.exit_code == 0
    n_rules = len(list((LIBRARY / "radio").glob("*.yml")))
    assert f"{n_rules} rules" in result.stderr


def test_a_sample_that_fails_exits_2_and_names_the_field(run, tmp_path):
    good = (LIBRARY / "radio" / "repeated-bursts.yml").read_text("utf-8")
    (tmp_path / "a.yml").write_text(good.replace("snr_db|gte: 6", "snr_db|gte: 19"), "utf-8")
    result = run("test", tmp_path)
    assert result.exit_code == 2
    assert "snr_db is 17 dB, wanted: at least 19 dB" in result.stderr


def test_list_gives_a_record_a_rule_in_both_languages(run):
    result = run("list", LIBRARY)
    assert result.exit_code == 0
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert {"radio", "web", "correlation"} == {record["kind"] for record in records}
    assert all(record["title_zh"] and record["title_en"] for record in records)
    assert "出售考试答案" in run("list", LIBRARY, "--format", "table", env={"COLUMNS": "200"}).stdout


def test_explain_answers_each_event_and_names_the_lines_that_are_none(run, tmp_path):
    events = tmp_path / "events.jsonl"
    events.write_text(
        '{"id": "a", "text": "祝大家考试顺利"}\nnot json\n\n[1]\n{"text": "代考，考后付款，加微信"}\n',
        "utf-8",
    )
    result = run("explain", "web-proxy-test-taking", events)
    assert result.exit_code == 2
    assert [json.loads(line)["fires"] for line in result.stdout.splitlines()] == [False, True]
    assert [line.split(" ")[0] for line in result.stderr.splitlines()] == [f"{events}:2:", f"{events}:4:"]
    table = run("explain", "web-proxy-test-taking", events, "--format", "table").stdout
    assert "is quiet / 未命中" in table
    assert "fires / 命中" in table


def test_explain_of_an_unknown_rule_says_what_was_meant(run, tmp_path):
    result = run("explain", "web-answer-sales", tmp_path / "x.jsonl")
    assert result.exit_code == 2
    assert 'did you mean "web-answer-sale"?' in result.stderr


def test_explain_of_a_missing_file_is_one_line(run, tmp_path):
    result = run("explain", "web-answer-sale", tmp_path / "gone.jsonl")
    assert result.exit_code == 2
    assert result.stderr == f"{tmp_path}/gone.jsonl:1: cannot be read: No such file or directory\n"


def test_schema_is_json(run):
    assert json.loads(run("schema").stdout)["title"] == "examwatch rule"


@pytest.fixture
def past(tmp_path: Path) -> Path:
    """Two days of a venue: one emission each hour of the morning, 5 to 16 dB."""
    file = tmp_path / "past.jsonl"
    common = {"kind": "radio", "phase": "in", "venue": "No. 3", "new": True, "flags": [], "band_weight": 1.0}
    events = [
        {
            **common,
            "id": f"{day}-{number}",
            "at": f"2026-06-0{day}T0{number // 2}:00:00Z",
            "center_hz": 169e6,
            "bandwidth_hz": 12e3,
            "on_time_s": 1.0,
            "channel": f"169.0{number:02} MHz",
            "snr_db": 5 + number,
        }
        for day in (7, 8)
        for number in range(12)
    ]
    file.write_text("".join(json.dumps(event) + "\n" for event in events), "utf-8")
    return file


@pytest.fixture
def stricter(tmp_path: Path) -> Path:
    folder = tmp_path / "new"
    folder.mkdir()
    text = (LIBRARY / "radio" / "unknown-narrowband.yml").read_text("utf-8")
    (folder / "a.yml").write_text(text.replace("snr_db|gte: 8", "snr_db|gte: 9"), "utf-8")
    return folder


def test_backtest_shows_what_a_stricter_limit_would_have_lost(run, past, stricter):
    current = LIBRARY / "radio" / "unknown-narrowband.yml"
    verdicts = past.with_name("verdicts.jsonl")
    verdicts.write_text(
        '{"id": "7-3", "verdict": "confirmed"}\n{"id": "7-11", "verdict": "benign"}\n', "utf-8"
    )
    words = ("backtest", "--rules", stricter, "--against", past, "--current", current, "--verdicts", verdicts)
    result = run(*words)
    assert result.exit_code == 0
    *rows, summary = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["day"], row["before"], row["after"], row["gained"], row["lost"]) for row in rows] == [
        ("2026-06-07", 9, 8, 0, 1),
        ("2026-06-08", 9, 8, 0, 1),
    ]
    assert summary["verdicts"]["before"]["recall"] == 1
    assert summary["verdicts"]["after"]["recall"] == 0
    assert summary["verdicts"]["after"]["false"] == 1
    table = run(*words, "--format", "table", env={"COLUMNS": "160"}).stdout
    assert "No. 3" in table
    assert "误报 1/1" in table


def test_backtest_traces_a_threshold(run, past, stricter):
    words = ("backtest", "--rules", stricter, "--against", past)
    spot = "radio-unknown-narrowband:narrow:snr_db"
    result = run(*words, "--curve", spot)
    assert result.exit_code == 0
    points = [json.loads(line) for line in result.stdout.splitlines()]
    assert [point["alerts"] for point in points] == list(range(24, 0, -2))
    assert points[0] == {"threshold": 5, "alerts": 24, "alerts_per_day": 12, "recall": None, "false": 0}
    assert "9 *" in run(*words, "--curve", spot, "--format", "table", env={"COLUMNS": "160"}).stdout
    assert run(*words, "--curve", "radio-unknown-narrowband:narrow:snr").exit_code == 2


def test_backtest_names_bad_lines_and_still_counts_the_others(run, past, stricter):
    with past.open("a") as file:
        file.write('{"kind": "tv"}\nnonsense\n')
    result = run("backtest", "--rules", stricter, "--against", past)
    assert result.exit_code == 2
    assert [line.split(" ")[0] for line in result.stderr.splitlines()] == [f"{past}:25:", f"{past}:26:"]
    assert json.loads(result.stdout.splitlines()[-1])["n_events"] == 24


def test_backtest_on_what_is_not_there_is_one_line(run, past, stricter):
    assert "cannot be read" in run("backtest", "--rules", stricter, "--against", "gone.jsonl").stderr
    wrong = run("backtest", "--rules", stricter, "--against", past, "--zone", "Mars/Base")
    assert wrong.exit_code == 2
    assert wrong.stderr == "--zone: no time zone 'Mars/Base'\n"


def test_backtest_on_top_keeps_the_rules_in_force(run, past, stricter):
    words = ("backtest", "--rules", stricter, "--against", past)
    alone = [json.loads(line) for line in run(*words).stdout.splitlines()]
    on_top = [json.loads(line) for line in run(*words, "--on-top").stdout.splitlines()]
    assert {row["rule"] for row in on_top[:-1] if row["lost"]} == {"radio-unknown-narrowband"}
    assert sum(row["lost"] for row in alone[:-1]) >= sum(row["lost"] for row in on_top[:-1])


@pytest.fixture
def exported(past: Path) -> Path:
    """The same days as `examwatch alerts export` writes them: by alert, each with its events."""
    file = past.with_name("alerts.jsonl")
    events = [json.loads(line) for line in past.read_text("utf-8").splitlines()]
    by_channel: dict[str, list[dict[str, object]]] = {}
    for event in events:
        by_channel.setdefault(event["channel"], []).append(event)
    alerts = [
        {"fingerprint": f"{n:016x}", "kind": "radio", "event": found[-1], "events": found}
        for n, found in enumerate(by_channel.values())
    ]
    alerts += [{"fingerprint": "f" * 16, "kind": "health", "event": {"kind": "health"}, "events": []}]
    file.write_text("".join(json.dumps(alert) + "\n" for alert in reversed(alerts)), "utf-8")
    return file


def test_backtest_reads_exported_alerts_as_the_events_that_raised_them(run, past, exported, stricter):
    words = ("backtest", "--rules", stricter, "--current", LIBRARY / "radio" / "unknown-narrowband.yml")
    assert run(*words, "--against", exported).stdout == run(*words, "--against", past).stdout
    verdicts = past.with_name("verdicts.jsonl")
    # The channel of 8 dB, which the stricter limit loses.
    verdicts.write_text(f'{{"id": "{3:016x}", "verdict": "confirmed"}}\n', "utf-8")
    result = run(*words, "--against", exported, "--verdicts", verdicts)
    assert json.loads(result.stdout.splitlines()[-1])["verdicts"]["after"]["recall"] == 0


def test_explain_reads_an_exported_alert_as_its_event(run, exported):
    result = run("explain", "radio-unknown-narrowband", exported)
    answers = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["fires"] for answer in answers[1:]] == [True] * 9 + [False] * 3
