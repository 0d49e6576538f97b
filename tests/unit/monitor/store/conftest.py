"""Stores on both kinds of database; PostgreSQL is a cluster of our own, for as long as the tests run."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from monitor.store import Store

PASSWORD = "of the tests alone"


@dataclass
class Cluster:
    """A running PostgreSQL that asks for a password."""

    port: int
    password_file: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def new_database(self) -> str:
        name = f"t{next(self.numbers)}"
        settings = {"host": "127.0.0.1", "port": self.port, "user": "examwatch", "password": PASSWORD}
        with psycopg.connect(dbname="postgres", autocommit=True, **settings) as db:
            db.execute(f"CREATE DATABASE {name}")
        return f"postgresql://examwatch@127.0.0.1:{self.port}/{name}"


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
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
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        run("pg_ctl", "-w", "-l", str(Path(folder) / "data" / "log"), "-o", options, "start")
        try:
            yield Cluster(port, password_file)
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:{tmp_path / 's.db'}")
    yield store
    store.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.tools)])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store; each test runs on both kinds."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_store")
        return
    cluster = request.getfixturevalue("cluster")
    store = Store(cluster.new_database(), cluster.password_file)
    yield store
    store.close()
