"""PostgreSQL for tests: a cluster of our own, for as long as they run."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

PASSWORD = "of the tests alone"


@dataclass
class Cluster:
    """A running PostgreSQL that asks for a password."""

    port: int
    password_file: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def new_database(self) -> str:
        name = f"t{next(self.numbers)}"
        self.execute(self._url("postgres"), f"CREATE DATABASE {name}")
        return self._url(name)

    def execute(self, url: str, statement: str) -> None:
        with psycopg.connect(url, password=PASSWORD, autocommit=True) as db:
            db.execute(statement)

    def kill_connections(self) -> None:
        """All but that which asks for it, as a restart would."""
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid<>pg_backend_pid()"
        self.execute(self._url("postgres"), f"{others} AND backend_type='client backend'")

    def _url(self, name: str) -> str:
        return f"postgresql://examwatch@127.0.0.1:{self.port}/{name}"


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def running(settings: str = "") -> Iterator[Cluster]:
    """A cluster until the end of the context; skips the test where there is no PostgreSQL.

    `settings` go to the server as its command line has them.
    """
    programs = _programs()
    if programs is None:
        pytest.skip("Debian's postgresql is not installed")
    as_user: list[str] = []
    if os.geteuid() == 0:
        if shutil.which("runuser") is None:
            pytest.skip("PostgreSQL does not run as root, and there is no runuser")
        as_user = ["runuser", "-u", "postgres", "--"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        password_file = Path(folder) / "password"
        password_file.write_text(f"{PASSWORD}\n")
        data = Path(folder) / "data"
        if as_user:
            for path in (Path(folder), password_file):
                shutil.chown(path, "postgres")

        def run(program: str, *arguments: str) -> None:
            command = [*as_user, str(programs / program), "-D", str(data), *arguments]
            done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
            assert done.returncode == 0, done.stderr

        run(
            "initdb",
            "-U",
            "examwatch",
            "-A",
            "scram-sha-256",
            f"--pwfile={password_file}",
            "-E",
            "UTF8",
            "-N",
        )
        options = (
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off {settings}"
        )
        run("pg_ctl", "-w", "-l", str(Path(folder) / "data" / "log"), "-o", options, "start")
        try:
            yield Cluster(port, password_file)
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
