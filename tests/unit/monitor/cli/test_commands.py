"""Commands as users call them: what they print, where, and how they exit."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
import structlog

from monitor.cli import COMMANDS, main
from monitor.cli.stores import shown_store
from monitor.faults import WorldError
from monitor.store import Store
from monitor.store.migrations import HEAD
from tests.unit.monitor.conftest import NOON, make_alert


@pytest.fixture
def examwatch(capfd):
    def call(*arguments: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out, err

    return call


@pytest.fixture
def store(tmp_path) -> Path:
    path = tmp_path / "store.db"
    opened = Store(f"sqlite:{path}")
    opened.merge([make_alert(str(n), channel=str(n), at_s=n, level="high") for n in range(5)], NOON)
    opened.merge([make_alert("w", kind="web", channel="w", ends_at=NOON + timedelta(days=9999))], NOON)
    opened.close()
    return path


def test_help_lists_every_command_and_starts_nothing_heavy():
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "from monitor.cli import main; main(['--help'])"],
        capture_output=True,
        text=True,
        check=False,
    )
    took_s = time.perf_counter() - began
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert not {"numpy", "sqlalchemy", "typer", "pydantic"} & {
        line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()
    }
    assert took_s < 10


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_has_help(examwatch, name):
    code, out, _ = examwatch(name, "--help")
    assert code == 0
    assert f"examwatch {name}" in out


def test_a_mistyped_command_is_one_line_with_a_hint(examwatch):
    code, out, err = examwatch("chekc")
    assert (code, out) == (2, "")
    assert err == "no command 'chekc', did you mean 'check'?; see examwatch --help\n"


def test_a_wrong_option_is_one_line(examwatch):
    code, _, err = examwatch("audit", "verify", "--hed", "x")
    assert code == 2
    assert err.count("\n") == 1


def test_check_prints_every_fault_with_its_place(examwatch, tmp_path):
    path = tmp_path / "c.yml"
    path.write_text("data_dir: v\nsurver: 1\nserver: {port: x}\n")
    code, out, err = examwatch("check", path)
    assert (code, out) == (2, "")
    assert err.splitlines() == [
        f"{path}:2: unknown key 'surver', did you mean 'server'?",
        f"{path}:3: server.port: Input should be a valid integer",
    ]


def test_check_of_a_good_configuration_says_what_it_found(examwatch):
    config = Path(__file__).parents[4] / "configs" / "examwatch.yml"
    code, _, err = examwatch("check", config)
    assert code == 0
    assert "no fault" in err


def test_a_role_without_a_link_is_refused(examwatch):
    code, _, err = examwatch("run", "--role", "hub")
    assert code == 2
    assert "role 'hub' needs the section 'link'" in err


def test_alerts_are_listed_for_people_and_for_programs(examwatch, store):
    code, out, _ = examwatch("alerts", "list", "--store", store)
    assert code == 0
    assert "Title 4" in out
    code, out, _ = examwatch(
        "alerts", "list", "--store", store, "--format", "jsonl", "--level", "high", "--limit", 3
    )
    assert [json.loads(line)["annotations"]["title_en"] for line in out.splitlines()] == [
        "Title 4",
        "Title 3",
        "Title 2",
    ]
    _, out, _ = examwatch("alerts", "list", "--store", store, "--format", "jsonl", "--firing")
    assert [json.loads(line)["kind"] for line in out.splitlines()] == ["web"]


def test_one_alert_is_shown_whole(examwatch, store):
    fingerprint = make_alert("3", channel="3").fingerprint
    code, out, _ = examwatch("alerts", "show", fingerprint, "--store", store)
    assert code == 0
    assert "channel=3" in out
    code, _, err = examwatch("alerts", "show", "0" * 16, "--store", store)
    assert (code, err) == (2, f"{store}: no alert '{'0' * 16}'\n")


def test_an_export_holds_every_alert_with_its_events_and_is_whole_or_not_there(examwatch, store, tmp_path):
    out = tmp_path / "x.jsonl"
    assert examwatch("alerts", "export", "--store", store, "--out", out)[0] == 0
    records = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(records) == 6
    assert all(record["events"] for record in records)
    code, _, err = examwatch("alerts", "export", "--store", store, "--out", tmp_path / "none" / "x.jsonl")
    assert code == 2
    assert "cannot be written" in err


def test_the_audit_chain_is_verified_against_kept_heads(examwatch, store, tmp_path):
    code, head, _ = examwatch("audit", "head", store)
    assert code == 0
    kept = tmp_path / "heads.jsonl"
    kept.write_text(head)
    assert examwatch("audit", "verify", store, "--head", kept)[0] == 0
    with sqlite3.connect(store) as db:
        db.execute("UPDATE audit SET entry = replace(entry, 'high', 'low') WHERE seq = 2")
    code, _, err = examwatch("audit", "verify", store)
    assert code == 1
    assert err == f"{store}: the audit chain is broken: entry 2 was changed: its hash does not fit\n"
    kept.write_text('{"seq": 1}\n\nnot json\n')
    code, _, err = examwatch("audit", "verify", store, "--head", kept)
    assert code == 2
    assert [line.split(": ")[0] for line in err.splitlines()] == [f"{kept}:1", f"{kept}:3"]


def test_upgrade_makes_the_tables_and_says_when_there_is_nothing_to_do(examwatch, tmp_path):
    path = tmp_path / "new.db"
    assert examwatch("db", "upgrade", path) == (0, "", f"version empty -> {HEAD}\n")
    assert examwatch("db", "upgrade", path) == (0, "", f"version {HEAD}: nothing to do\n")


def test_a_store_that_is_not_there_is_named_and_not_made(examwatch, tmp_path):
    path = tmp_path / "none.db"
    code, _, err = examwatch("alerts", "list", "--store", path)
    assert (code, err) == (2, f"{path}: there is no store yet\n")
    assert not path.exists()


@pytest.mark.parametrize("group", sorted(name for name, command in COMMANDS.items() if command.name == "app"))
def test_a_group_shows_an_example_of_its_own_that_names_a_command_of_it(examwatch, group):
    code, out, err = examwatch(group, "--help")
    assert (code, err) == (0, "")
    example = re.search(rf"Example: examwatch {group} (\w+)", out)
    assert example is not None
    assert examwatch(group, example[1], "--help")[0] == 0


def test_a_file_that_is_no_database_is_named(examwatch, tmp_path):
    (tmp_path / "store.db").write_text("words")
    assert examwatch("alerts", "list", "--store", tmp_path / "store.db") == (
        2, "", f"{tmp_path}/store.db: is no store: not an SQLite database\n",
    )  # fmt: skip


def test_records_are_utf_8_in_a_locale_that_is_not(tmp_path):
    (tmp_path / "posts.jsonl").write_text(
        '{"id": 1, "text": "出售考前答案，保真，加微信"}\n', encoding="utf-8"
    )
    found = subprocess.run(
        [sys.executable, "-c", "from monitor.cli import main; main()", "match", tmp_path / "posts.jsonl"],
        env={**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert json.loads(found.stdout)["matches"]
    assert not found.stdout.isascii()


def test_a_hint_never_names_what_was_written(examwatch, tmp_path):
    (tmp_path / "c.yml").write_text("id: x\ndata_dri: var\n")
    code, out, err = examwatch("check", tmp_path / "c.yml")
    assert (code, out) == (2, "")
    assert "did you mean 'data_dir'?" in err
    assert "unknown key 'id', did you mean 'id'?" not in err


def test_a_full_disk_under_the_output_is_one_line(tmp_path):
    (tmp_path / "posts.jsonl").write_text('{"id": 1, "text": "x"}\n')
    with open("/dev/full", "wb") as full:
        ended = subprocess.run(
            [sys.executable, "-c", "from monitor.cli import main; main()", "match", tmp_path / "posts.jsonl"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (1, b"output: cannot be written: No space left on device\n")


@pytest.fixture
def hostile(tmp_path) -> tuple[Path, str]:
    """A store with one alert whose words are orders to a terminal and to rich; and its id."""
    path = tmp_path / "hostile.db"
    words = "evil \x1b[31m \x9b31m [red]x[/] [/bad] \n fake\u202e"
    texts = {
        f"{part}_{language}": words for part in ("title", "summary", "advice") for language in ("en", "zh")
    }
    opened = Store(f"sqlite:{path}")
    opened.merge([make_alert("h", annotations=texts, labels={"rule": "r", "who": words})], NOON)
    found = opened.reader.connect().exec_driver_sql("SELECT fingerprint FROM alerts").scalar_one()
    opened.close()
    return path, found


@pytest.mark.parametrize("language", ["en", "zh"])
def test_words_of_strangers_are_shown_and_not_obeyed(examwatch, hostile, language):
    store, fingerprint = hostile
    with_text = ("--text", "note \x1b[2J [/b]")
    code, out, _ = examwatch("cases", "step", fingerprint, "claim", "--store", store, *with_text)
    assert code == 0
    case = out.partition(":")[0]
    for asked in (
        ("alerts", "list"),
        ("alerts", "show", fingerprint),
        ("cases", "list"),
        ("cases", "show", case),
    ):
        code, out, err = examwatch(*asked, "--store", store, "--language", language)
        assert (code, err) == (0, "")
        assert "evil" in out
        assert not {"\x1b", "\x9b", "\u202e"} & set(out)
    assert "note \\x1b[2J [/b]" in out


def test_a_list_into_a_pipe_shows_whole_ids(examwatch, hostile):
    store, fingerprint = hostile
    assert fingerprint in examwatch("alerts", "list", "--store", store)[1]


def test_a_reader_that_has_read_enough_is_no_failure(tmp_path, store):
    for arguments in (["alerts", "export", "--store", str(store)], ["rules", "list", "--format", "jsonl"]):
        command = subprocess.Popen(
            [sys.executable, "-c", "from monitor.cli import main; main()", *arguments],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert command.stdout is not None
        command.stdout.close()
        _, err = command.communicate(timeout=60)
        assert (command.returncode, err) == (0, b"")


def test_a_head_that_is_not_there_is_named_once(examwatch, store):
    code, _, err = examwatch("audit", "verify", store, "--head", "nope")
    assert (code, err) == (2, "nope: cannot be read: No such file or directory\n")
    code, _, err = examwatch("audit", "verify", store, "--public-key", "nope")
    assert (code, err) == (2, "nope: holds no public key: No such file or directory\n")


def test_heads_saved_by_a_windows_editor_are_read(examwatch, store, tmp_path):
    kept = tmp_path / "heads.jsonl"
    kept.write_bytes(b"\xef\xbb\xbf" + examwatch("audit", "head", store)[1].replace("\n", "\r\n").encode())
    assert examwatch("audit", "verify", store, "--head", kept)[0] == 0


def test_a_folder_is_no_store(examwatch, tmp_path):
    code, _, err = examwatch("alerts", "list", "--store", tmp_path)
    assert (code, err) == (2, f"{tmp_path}: a folder, not a store\n")


def test_a_server_that_is_away_is_one_line_without_the_password(examwatch):
    url = "postgresql://u:t0psecret@127.0.0.1:1/x"
    code, out, err = examwatch("alerts", "list", "--store", url)
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert "t0psecret" not in err


def test_no_message_names_the_password_of_a_store():
    assert shown_store("postgresql://u:t0psecret@h/x") == "postgresql://u:***@h/x"
    assert shown_store("postgresql://u@h/x") == "postgresql://u@h/x"
    assert shown_store("a@b.db") == "a@b.db"


def test_what_a_drill_logs_stands_in_no_record(examwatch, monkeypatch, tmp_path):
    async def alone(*_: object) -> None:
        structlog.get_logger().warning("a sensor failed")
        raise WorldError("no disk")

    monkeypatch.setattr("monitor.cli.drill._alone", alone)
    config = tmp_path / "c.yml"
    config.write_text("data_dir: data\n")
    code, out, err = examwatch(
        "drill", "configs/drills/self-test.yml", "--config", config, "--format", "json"
    )
    assert (code, out) == (1, "")
    assert "a sensor failed" in err
    assert err.endswith("no disk\n")
