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
    assert "10 rules" in result.stderr


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
    assert {"radio", "web"} == {record["kind"] for record in records}
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
