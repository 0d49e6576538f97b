"""schemathesis against the running daemon, as each role: no 5xx, nothing undescribed, nothing leaked."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
import requests
import schemathesis
from schemathesis import checks
from schemathesis.specs.openapi import checks as openapi_checks

from monitor.people.roles import GRANTED, ROLES
from monitor.server.routes import ROUTES

CONFIGS = Path(__file__).parents[2] / "configs"
N_EXAMPLES = int(os.environ.get("EXAMWATCH_FUZZ", "6"))
"""Requests of each route by each role; more by hand."""
LASTING = {"listen", "live", "logOut", "changePassword"}
"""A stream does not end; and who logs out can ask no more."""
CHECKS = [
    checks.not_a_server_error,
    openapi_checks.status_code_conformance,
    openapi_checks.content_type_conformance,
    openapi_checks.response_schema_conformance,
]
PASSWORD = "a long password of the tests"


@dataclass
class Daemon:
    url: str
    spec: dict
    sessions: dict[str, requests.Session]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    folder = tmp_path_factory.mktemp("fuzz")
    text = (CONFIGS / "demo.yml").read_text(encoding="utf-8")
    text = text.replace("../var/demo", str(folder / "var")).replace("auth: off", "auth: on")
    text = re.sub(r"(: )(demo|bandplan)/", rf"\1{CONFIGS}/\2/", text)
    text = re.sub(r"port: 8441", "port: 0", text) + "\nserver: {port: 0}\n"
    # The crawler would need the forum's port, which is any free one: the web has tests of its own.
    text = text[: text.index("sources:")] + text[text.index("\nserver:") :]
    config = folder / "c.yml"
    config.write_text(text, encoding="utf-8")
    started = subprocess.Popen(
        [str(Path(sys.executable).with_name("examwatch")), "run", str(config)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert started.stdout is not None
    try:
        told = [started.stdout.readline() for _ in range(2)]
        url = re.search(r"http://\S+", "".join(told))
        first = re.search(r": (\S+)   one-time password / 一次性口令: (\S+)", "".join(told))
        assert url is not None, told
        assert first is not None, told
        base = url[0].rstrip("/")
        spec = requests.get(f"{base}/api/openapi.json", timeout=10).json()
        boss = _enter(base, first[1], first[2])
        sessions = {"administrator": boss}
        for role in ROLES:
            if role != "administrator":
                made = boss.post(f"{base}/api/people", json={"name": role, "role": role}, timeout=10).json()
                sessions[role] = _enter(base, role, made["one_time_password"])
        yield Daemon(base, spec, sessions)
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(10)


def _enter(base: str, name: str, once: str) -> requests.Session:
    """Log in, with a password of one's own from then on."""
    session = requests.Session()
    answer = session.post(f"{base}/api/session", json={"name": name, "password": once}, timeout=10).json()
    session.headers["X-CSRF-Token"] = answer["csrf"]
    answer = session.post(
        f"{base}/api/session/password", json={"old": once, "new": PASSWORD}, timeout=10
    ).json()
    session.headers["X-CSRF-Token"] = answer["csrf"]
    return session


class Asker:
    """Asks what the description allows and what it does not, each request as every role and as nobody."""

    def __init__(self, daemon: Daemon) -> None:
        self.url = daemon.url
        # Making a request up costs more than sending it: the same one is sent by all.
        self.sessions = {**daemon.sessions, None: requests.Session()}
        self.needs = {route.name: route.needs for route in ROUTES}
        self.n_asked = dict.fromkeys(self.sessions, 0)
        self.faults: list[str] = []

    def ask(self, operation: schemathesis.APIOperation, name: str) -> None:
        @hypothesis.settings(
            max_examples=N_EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy())
        def ask(case: schemathesis.Case) -> None:
            for role in self.sessions:
                self._judge(case, name, role)

        ask()

    def _judge(self, case: schemathesis.Case, name: str, role: str | None) -> None:
        self.n_asked[role] += 1
        answer = case.call(base_url=self.url, session=self.sessions[role], timeout=20)
        needed, status = self.needs.get(name), answer.status_code
        if needed is not None and (role is None or needed not in GRANTED[role]):
            refused = (401 if role is None else 403, 400, 405, 415)
            if status not in refused:
                self.faults.append(f"{name} as {role}: {status} where one of {refused} is due")
        if status == 405:
            return
        try:
            case.validate_response(answer, checks=CHECKS)
        except BaseExceptionGroup as failures:
            told = "; ".join(str(one).replace("\n", " ")[:300] for one in failures.exceptions)
            self.faults.append(f"{name} as {role}: {status}: {told}")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_no_request_breaks_the_server_or_shows_what_the_role_may_not_see(daemon: Daemon):
    asker = Asker(daemon)
    for found in schemathesis.openapi.from_dict(daemon.spec).get_all_operations():
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        if name not in LASTING:
            asker.ask(operation, name)
    assert asker.faults == []
    assert set(asker.n_asked) == {*ROLES, None}
    assert min(asker.n_asked.values()) > 100
