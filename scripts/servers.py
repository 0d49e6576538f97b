"""nats-server, Debian's or a current one, and PostgreSQL, each in a folder of its own, on free ports.

For the fault tests, the province bench and ``make city``. PostgreSQL does not run as root: then it
runs as the user ``postgres``, whose folder must lie where that user may go (such as /tmp).
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg

START_S = 20.0
USER = "examwatch"


class MissingError(Exception):
    """A program is not installed; the message names Debian's package."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def nats_server(which: str = "debian") -> str:
    """Path of nats-server: ``debian``, or ``current``, the one of the test dependencies.

    EXAMWATCH_NATS_SERVER is another instead of Debian's. Raises `MissingError`.
    """
    wheel = Path(sys.prefix) / "bin" / "nats-server"
    if which == "current":
        if not wheel.exists():
            raise MissingError("there is no current nats-server here (make setup-test)")
        return str(wheel)
    places = [place for place in os.get_exec_path() if Path(place) != wheel.parent]
    found = os.environ.get("EXAMWATCH_NATS_SERVER") or shutil.which(
        "nats-server", path=os.pathsep.join(places)
    )
    if found is None:
        raise MissingError("nats-server is not installed (Debian: nats-server)")
    return found


class NatsServer:
    def __init__(
        self, folder: Path, settings: str = "", *, jetstream: bool = True, which: str = "debian"
    ) -> None:
        """`settings` are lines of its configuration; `which` as in `nats_server`. Raises `MissingError`."""
        self._program = nats_server(which)
        self._folder = folder
        self._settings = settings
        self._jetstream = ["-js", "-sd", str(folder)] if jetstream else []
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Return once it takes connections."""
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "settings").write_text(self._settings)
        command = [self._program, "-a", "127.0.0.1", "-p", str(self.port), *self._jetstream]
        command += ["-c", str(self._folder / "settings")]
        self._process = subprocess.Popen(
            [*command, "-l", str(self._folder / "log")], start_new_session=True, cwd="/"
        )
        deadline = time.monotonic() + START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline or self._process.poll() is not None:
                    raise
                time.sleep(0.01)

    def kill(self) -> None:
        """SIGKILL, amid whatever it does."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, number)
            self._process.wait(START_S)

    def lose_everything(self) -> None:
        """Delete its store; only while it does not run."""
        shutil.rmtree(self._folder / "jetstream", ignore_errors=True)


class Postgres:
    def __init__(self, folder: Path) -> None:
        """Raises `MissingError`."""
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
        if not found:
            raise MissingError("PostgreSQL is not installed (Debian: postgresql)")
        self._programs = found[-1].parent
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            if shutil.which("runuser") is None:
                raise MissingError("PostgreSQL does not run as root, and there is no runuser")
            self._as_user = ["runuser", "-u", "postgres", "--"]
        self._folder = folder
        self._data = folder / "data"
        self.password_file = folder / "password"
        self.port = free_port()

    def start(self, *, fsync: bool = True) -> None:
        """Start it, on a new cluster if there is none yet."""
        if not self._data.exists():
            self._make()
        options = (
            f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' "
            f"-c fsync={'on' if fsync else 'off'} -c max_connections=60"
        )
        self._run("pg_ctl", "-w", "-l", str(self._data / "log"), "-o", options, "start")

    def stop(self, mode: str = "fast") -> None:
        """`mode`: ``fast``, or ``immediate`` as after a crash."""
        self._run("pg_ctl", "-w", "-m", mode, "stop")

    def new_database(self, name: str, template: str = "template1") -> str:
        """URL of a database, made as a copy of `template` if it is not there.

        Its password stands in `password_file`.
        """
        password = self.password_file.read_text().strip()
        with psycopg.connect(
            host="127.0.0.1", port=self.port, user=USER, password=password, dbname="postgres", autocommit=True
        ) as db:
            there = db.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone()
            if there is None:
                db.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'.encode())
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{name}"

    def _make(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self.password_file.write_text(f"{secrets.token_urlsafe(16)}\n")
        self.password_file.chmod(0o600)
        if self._as_user:
            for path in (self._folder, self.password_file):
                shutil.chown(path, "postgres")
        how = ("-U", USER, "-A", "scram-sha-256", f"--pwfile={self.password_file}", "-E", "UTF8", "-N")
        self._run("initdb", *how)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(self._programs / program), "-D", str(self._data), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stdout}{done.stderr}")
