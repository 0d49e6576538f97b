"""A hub that runs, a sensor that is let in, a release that reaches it: all by command."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from monitor.store import Store
from tests.unit.monitor.cli.test_commands import examwatch

__all__ = ["examwatch"]

HUB = """\
site: {id: city}
data_dir: var
server: {port: 0}
fleet: {servers: ["tls://hub.example.org:4222"], soak_min: 0, healthy_reports: 1}
"""


@pytest.fixture
def hub(tmp_path) -> Path:
    path = tmp_path / "hub.yml"
    path.write_text(HUB)
    return path


@pytest.fixture
def running(hub, tmp_path):
    """The hub's daemon; its address."""
    command = [sys.executable, "-c", "from monitor.cli import main; main()", "run", str(hub)]
    with (tmp_path / "log").open("w") as log:
        daemon = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert daemon.stdout is not None
        for line in daemon.stdout:
            if line.startswith("console"):
                yield line.split()[-1]
                break
        else:
            pytest.fail((tmp_path / "log").read_text())
    finally:
        daemon.terminate()
        daemon.wait(20)


@pytest.mark.slow
def test_a_sensor_is_let_in_follows_a_release_and_is_shut_out(examwatch, hub, running, tmp_path):
    code, out, err = examwatch("sensor", "nats-config", "--config", hub)
    assert code == 0, err
    made = {Path(line).name for line in out.splitlines()}
    assert {"nats-server.conf", "users.conf", "server.pem", "server.key", "hub.pem", "hub.key"} <= made
    code, text, err = examwatch("sensor", "invite", "no1-high", "roof", "--config", hub)
    assert code == 0, err
    node, releases = tmp_path / "node", tmp_path / "releases"
    code, out, err = examwatch("sensor", "enrol", running, text.strip(), "--out", node)
    assert (code, "roof" in err) == (0, True), err
    assert all(stat.S_IMODE(Path(line).stat().st_mode) == 0o600 for line in out.splitlines())
    assert '.roof.node"' in (tmp_path / "var" / "nats" / "users.conf").read_text()
    # Once is once.
    other = examwatch("sensor", "enrol", running, text.strip(), "--out", tmp_path / "other")
    assert other[0] == 1
    assert "refused (403): this code lets nobody in" in other[2]

    def listed():
        rows = examwatch("sensor", "list", "--config", hub, "--format", "jsonl")[1].splitlines()
        return {row["node"]: row for row in map(json.loads, rows)}

    row = listed()["roof"]
    assert (row["state"], row["venue"], row["last_seen"]) == ("enrolled", "no1-high", None)
    assert row["invited_by"].startswith("shell:")
    table = examwatch("sensor", "list", "--config", hub)[1]
    assert "enrolled / 已入网" in table
    assert "no1-high" in table

    rules = tmp_path / "release"
    rules.mkdir()
    (rules / "rules.yml").write_text("one")
    assert examwatch("fleet", "release", rules, "--note", "June", "--config", hub)[0] == 0
    follow = ("fleet", "follow", "--node", node, "--releases", releases, "--health", f"{running}/health")
    for _ in range(60):
        code, _, err = examwatch(*follow, "--once", "--restart", f"touch {tmp_path / 'restarted'}")
        assert code == 0, err
        state = json.loads(
            examwatch("fleet", "status", "--config", hub, "--format", "jsonl")[1].splitlines()[0]
        )
        if state["state"] == "done":
            break
        subprocess.run(["sleep", "1"], check=True)
    assert (state["state"], state["n_offered"]) == ("done", 1)
    assert (releases / "current" / "rules.yml").read_text() == "one"
    assert (tmp_path / "restarted").exists()
    assert "done / 已完成" in examwatch("fleet", "status", "--config", hub)[1]
    assert listed()["roof"]["release"] == 1

    # By hand, for a node without an uplink.
    (rules / "rules.yml").write_text("two")
    bundle = tmp_path / "b.ewr"
    assert examwatch("fleet", "bundle", rules, "--serial", 2, "--out", bundle, "--config", hub)[0] == 0
    apply = ("fleet", "apply", bundle, "--node", node, "--releases", releases)
    assert examwatch(*apply)[0] == 0
    assert (releases / "current" / "rules.yml").read_text() == "two"
    code, _, err = examwatch(*apply)
    assert (code, err) == (2, f"{bundle}: release 2 is not newer than 2, which is here\n")
    bundle.write_bytes(bundle.read_bytes()[:-1] + b"x")
    code, _, err = examwatch(*apply)
    assert (code, err) == (2, f"{bundle}: the bundle is not signed by this hub's key\n")

    code, _, err = examwatch("sensor", "revoke", "roof", "--reason", "stolen", "--config", hub)
    assert (code, "nats-server runs elsewhere" in err) == (0, True)
    assert "roof" not in (tmp_path / "var" / "nats" / "users.conf").read_text()
    row = listed()["roof"]
    assert (row["state"], row["reason"]) == ("revoked", "stolen")
    for _ in range(30):
        code, _, err = examwatch(*follow, "--once")
        if code:
            break
        subprocess.run(["sleep", "1"], check=True)
    assert (code, "no node of that name" in err) == (1, True)
    store = Store(f"sqlite:{tmp_path / 'var' / 'store.db'}")
    store.verify()
    store.close()


def test_what_is_wrong_is_one_line_with_its_place(examwatch, hub, tmp_path):
    plain = tmp_path / "plain.yml"
    plain.write_text("data_dir: var\n")
    code, _, err = examwatch("sensor", "list", "--config", plain)
    assert (code, err) == (
        2, f"{plain}: has no section 'fleet': no nodes belong to this installation\n",
    )  # fmt: skip
    code, _, err = examwatch("sensor", "enrol", "http://127.0.0.1:1", "ABC", "--out", tmp_path / "n")
    assert (code, err) == (2, "CODE: not a code: 40 letters and digits in groups of 5\n")
    code, _, err = examwatch("sensor", "invite", "v", "a.b", "--config", hub)
    assert code == 2
    assert "no name of a node" in err
    table = tmp_path / "timetable.yml"
    table.write_text(
        "time_zone: UTC\nvenues: [{id: no1-high}]\n"
        "exams: [{id: e, sessions: [{id: s, start: 2026-06-07 09:00, end: 2026-06-07 10:00}]}]\n"
    )
    hub.write_text(HUB + "timetable: timetable.yml\n")
    code, _, err = examwatch("sensor", "invite", "no2-high", "roof", "--config", hub)
    assert (code, err) == (2, f"no2-high: is no venue of {table} (there is no1-high)\n")
    assert examwatch("sensor", "invite", "no1-high", "roof", "--config", hub)[0] == 0
    code, _, err = examwatch("sensor", "revoke", "nobody", "--config", hub)
    assert (code, err) == (2, "nobody: there is no node 'nobody' that could be revoked\n")
    assert examwatch("fleet", "halt", "--config", hub)[::2] == (2, "fleet: no release is under way\n")
    code, _, err = examwatch("fleet", "follow", "--node", tmp_path / "none", "--releases", tmp_path / "r")
    assert code == 2
    assert "no node is enrolled here" in err


@pytest.mark.parametrize(
    ("section", "fault"),
    [
        ("{servers: []}", "at least 1 item"),
        ("{servers: ['nats://h:1']}", "is written tls://HOST:PORT"),
        ("{servers: ['tls://h']}", "is written tls://HOST:PORT"),
        ("{servers: ['tls://h:99999']}", "is written tls://HOST:PORT"),
        ("{servers: ['tls://h:1'], stages: [0.5, 0.1, 1]}", "growing shares"),
        ("{servers: ['tls://h:1'], stages: [0.5]}", "the last is 1"),
    ],
)
def test_a_wrong_section_is_a_fault_with_its_line(examwatch, tmp_path, section, fault):
    path = tmp_path / "c.yml"
    path.write_text(f"data_dir: var\nfleet: {section}\n")
    code, _, err = examwatch("check", path)
    assert code == 2
    assert err.startswith(f"{path}:2: ")
    assert fault in err
