"""The whole daemon as a process: told to stop, killed, started again, started twice."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

START_S = 100.0
"""Loading everything takes a few seconds alone, many times that on a machine busy with other tests."""
CONFIG = """\
data_dir: var
auth: off
server: {port: 0}
timetable: t.yml
"""
TIMETABLE = """\
time_zone: UTC
demo: true
venues: [{id: v}]
exams: [{id: e, sessions: [{id: s, start: now-5m, end: now+2h}]}]
"""


class Daemon:
    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", "from monitor.cli import main; main()", "run", str(folder / "c.yml")]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def address(self) -> str:
        assert self.process.stdout is not None
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            found = re.search(r"http://\S+", self.process.stdout.readline())
            if found:
                return found[0]
            assert self.process.poll() is None, self.process.communicate()[1]
        raise AssertionError("the console never came")

    def end(self, number: int) -> tuple[int, float]:
        began = time.monotonic()
        os.kill(self.process.pid, number)
        code = self.process.wait(30)
        return code, time.monotonic() - began


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "c.yml").write_text(CONFIG)
    (tmp_path / "t.yml").write_text(TIMETABLE)
    return tmp_path


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_daemon_serves_stops_when_told_and_comes_back_after_a_kill(folder):
    daemon = Daemon(folder)
    address = daemon.address()
    with urllib.request.urlopen(f"{address}/api/health", timeout=10) as answer:
        health = json.load(answer)
    assert (health["status"], health["sessions"][0]["phase"]) == ("ok", "in")
    # An open stream must not hold up the end.
    stream = urllib.request.urlopen(f"{address}/api/live", timeout=10)
    second = Daemon(folder)
    _, refused = second.process.communicate(timeout=START_S)
    assert second.process.returncode == 1
    assert refused.count("\n") == 1
    assert "already runs on this folder" in refused
    assert daemon.process.poll() is None
    code, took_s = daemon.end(signal.SIGTERM)
    stream.close()
    assert code == 0
    assert took_s < 5.0
    killed = Daemon(folder)
    killed.address()
    assert killed.end(signal.SIGKILL)[0] == -signal.SIGKILL
    again = Daemon(folder)
    again.address()
    assert again.end(signal.SIGINT)[0] == 0
