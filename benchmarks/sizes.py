"""What a fleet takes of wire and disk, measured on the demo: three recordings as sensors, a forum, two feeds.

    python -m benchmarks.sizes [SECONDS]        90 by default; prints, and judges nothing

The demo runs whole, in a folder of its own; then its database, evidence and history are counted.
"""

from __future__ import annotations

import gzip
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from monitor.fleet.authority import new_key
from monitor.fleet.report import Report, signed

ROOT = Path(__file__).parents[1]


def main(arguments: list[str]) -> None:
    seconds = float(arguments[0]) if arguments else 90.0
    with tempfile.TemporaryDirectory(prefix="sizes-") as name:
        folder = Path(name)
        config = folder / "demo.yml"
        text = (ROOT / "configs" / "demo.yml").read_text(encoding="utf-8")
        text = text.replace(": demo/", f": {ROOT}/configs/demo/").replace(
            "bandplan: ", f"bandplan: {ROOT}/configs/"
        )
        config.write_text(
            text.replace("../var/demo", f"{folder}/var") + "server: {port: 0}\n", encoding="utf-8"
        )
        began = time.monotonic()
        run(config, seconds)
        took = time.monotonic() - began
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"ran {took:.0f} s; processor {(used.ru_utime + used.ru_stime) / took:.2f} cores, "
              f"memory at most {used.ru_maxrss / 1024:.0f} MB in one process")  # fmt: skip
        alerts(folder / "var" / "store.db")
        files("evidence", folder / "var" / "evidence", took)
        files("history", folder / "var" / "history", took)
        files("archive of pages", folder / "var" / "archive", took)
    report()


def run(config: Path, seconds: float) -> None:
    command = [sys.executable, "-c", "from monitor.cli import main; main()", "run", str(config)]
    daemon = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        daemon.wait(seconds)
    except subprocess.TimeoutExpired:
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(20)
        return
    raise SystemExit(f"the demo ended by itself with {daemon.returncode}")


def alerts(database: Path) -> None:
    db = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    sizes: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for kind, body in db.execute("SELECT kind, body FROM events"):
        raw = body.encode()
        sizes[kind].append((len(raw), len(gzip.compress(raw))))
    for kind, found in sorted(sizes.items()):
        plain = sorted(size for size, _ in found)
        packed = sorted(size for _, size in found)
        print(f"{kind:12} {len(found):5} events: {middle(plain)} bytes in the middle, {plain[-1]} at most; "
              f"gzipped {middle(packed)}")  # fmt: skip
    n_events = sum(map(len, sizes.values()))
    n_bytes = database.stat().st_size + sum(p.stat().st_size for p in database.parent.glob("store.db-*"))
    print(f"database {n_bytes} bytes, {n_bytes / max(1, n_events):.0f} an event")
    query = "SELECT role, COUNT(*), AVG(n_bytes), MAX(n_bytes) FROM evidence GROUP BY role"
    for role, n, mean, most in db.execute(query):
        print(f"evidence {role:12} {n:4} files: {mean:.0f} bytes on average, {most} at most")
    carried = "SELECT kind, COUNT(*) FROM events WHERE body LIKE '%\"digest\"%' GROUP BY kind"
    print("events with evidence:", dict(db.execute(carried)))
    db.close()


def files(what: str, folder: Path, seconds: float) -> None:
    found = [path for path in folder.rglob("*") if path.is_file()] if folder.is_dir() else []
    n_bytes = sum(path.stat().st_size for path in found)
    daily = n_bytes / seconds * 86_400 / 1e6
    print(f"{what}: {len(found)} files, {n_bytes} bytes, {daily:.0f} MB a day at this rate")


def middle(values: list[int]) -> int:
    return values[len(values) // 2]


def report() -> None:
    """What `fleet follow` sends each minute."""
    made = Report(node="roof-east", instance=os.urandom(8).hex(), count=1440, at=datetime.now(UTC),
                  software="0.1.0", release=12, health="ok", clock_offset_s=0.012)  # fmt: skip
    key = new_key()
    body = signed(made, lambda message: key.sign(message, ec.ECDSA(hashes.SHA256())))
    raw = json.dumps({"node": body.node, "report": body.report, "signature": body.signature})
    print(f"a report of `fleet follow`: {len(raw)} bytes, {1440 * (len(raw) + 500) / 1e6:.1f} MB a day with "
          "500 bytes of HTTP each")  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
