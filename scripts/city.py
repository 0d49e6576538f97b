"""``make city``: a hub, NATS, PostgreSQL, three sensors and two crawlers on this machine, by one command.

    configs/city/*.yml ──> [ nats-server ] [ postgres ]
                           hub, then sensor-1 sensor-2 sensor-3 crawler-1 crawler-2

Everything begins anew each time; Ctrl-C ends all of it, and so does the end of any part.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from scripts.servers import MissingError, NatsServer, Postgres, free_port

CONFIGS = Path(__file__).parent.parent / "configs"
PORTS = {"nats": 4250, "postgres": 5450, "console": 8450, "forum": 8451}
ROLES = {
    "hub": "hub",
    "sensor-1": "sensor",
    "sensor-2": "sensor",
    "sensor-3": "sensor",
    "crawler-1": "crawler",
    "crawler-2": "crawler",
}
STOP_S = 10.0


class City:
    """The parts that run. `folder` holds ``configs/city`` and gets ``var/city``."""

    def __init__(self, folder: Path, ports: Mapping[str, int], stack: ExitStack) -> None:
        self._configs = folder / "configs" / "city"
        self._var = folder / "var" / "city"
        self._ports = ports
        self._stack = stack
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.console: str | None = None

    def serve(self) -> None:
        """Start broker and database. Raises `MissingError`."""
        shutil.rmtree(self._var, ignore_errors=True)
        self._var.mkdir(parents=True)
        # Where the user of PostgreSQL may go, who need not be the one who runs this.
        place = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="examwatch-city-")))
        place.chmod(0o755)
        nats, postgres = NatsServer(place / "nats"), Postgres(place / "postgres")
        nats.port, postgres.port = self._ports["nats"], self._ports["postgres"]
        nats.start()
        self._stack.callback(nats.stop)
        postgres.start()
        self._stack.callback(postgres.stop)
        postgres.new_database("city")
        password = self._var / "pg-password"
        password.touch(mode=0o600)
        password.write_text(postgres.password_file.read_text())
        self._stack.callback(self._end)

    def run(self, name: str) -> None:
        command = [sys.executable, "-c", "from monitor.cli import main; main()", "run"]
        process = subprocess.Popen(
            [*command, str(self._configs / f"{name}.yml"), "--role", ROLES[name]],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.processes[name] = process
        threading.Thread(target=self._repeat, args=(name, process), daemon=True).start()

    def ended(self) -> str | None:
        """The part that is no more, if any."""
        return next((name for name, one in self.processes.items() if one.poll() is not None), None)

    def _repeat(self, name: str, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if name == "hub" and line.startswith("console"):
                self.console = line.split()[-1]
            print(f"[{name}] {line}", end="", flush=True)

    def _end(self) -> None:
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()


@contextmanager
def on_free_ports() -> Iterator[tuple[Path, dict[str, int]]]:
    """A copy of the city's configurations on ports that are free."""
    with tempfile.TemporaryDirectory(prefix="examwatch-city-") as folder:
        configs = Path(folder) / "configs"
        (configs / "city").mkdir(parents=True)
        for shared in ("demo", "bandplan"):
            (configs / shared).symlink_to(CONFIGS / shared)
        ports = {name: free_port() for name in PORTS}
        for path in (CONFIGS / "city").glob("*.yml"):
            text = path.read_text(encoding="utf-8")
            for name, port in PORTS.items():
                text = text.replace(f":{port}", f":{ports[name]}").replace(
                    f"port: {port}", f"port: {ports[name]}"
                )
            (configs / "city" / path.name).write_text(text, encoding="utf-8")
        yield Path(folder), ports


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter).parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as stack:
        city = City(CONFIGS.parent, PORTS, stack)
        try:
            city.serve()
        except MissingError as error:
            print(error, file=sys.stderr)
            return 1
        try:
            for name in ROLES:
                city.run(name)
            while (gone := city.ended()) is None:
                time.sleep(0.5)
        except KeyboardInterrupt:
            return 0
        print(f"{gone} has ended, and the rest with it", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
