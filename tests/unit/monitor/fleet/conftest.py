"""A hub's register, its authority, and a real nats-server where there is one."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from monitor.fleet.authority import (
    Authority,
    key_pem,
    new_key,
    open_authority,
    requested_key,
    signing_request,
)
from monitor.fleet.code import new_code
from monitor.fleet.nats import NatsFolder
from monitor.fleet.natsconf import Listen
from monitor.fleet.register import FleetRegister, Invite
from monitor.store import Store
from scripts.servers import MissingError, nats_server
from tests.unit.monitor.server.conftest import client, connect, world
from tests.unit.monitor.store.conftest import sqlite_store, store

__all__ = ["client", "connect", "sqlite_store", "store", "world"]


@dataclass
class Hub:
    """Blocking parts of a hub in a folder."""

    folder: Path
    store: Store
    register: FleetRegister
    authority: Authority
    nats: NatsFolder
    now: datetime

    def let_in(self, node: str, venue: str = "v1") -> Path:
        """Invite and enrol `node`; the folder with its files."""
        code = new_code(self.authority.der)
        invite = Invite(node, venue, "li", self.now, self.now + timedelta(hours=1))
        self.register.invite("li", code, invite)
        key = new_key()
        asked = requested_key(signing_request(key))
        enrolled = self.register.enrol(
            code.digest, asked, self.authority, timedelta(days=400), "10.0.0.9", self.now
        )
        folder = self.folder / "nodes" / node
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "node.key").write_bytes(key_pem(key))
        (folder / "node.pem").write_text(enrolled.pem)
        (folder / "ca.pem").write_text(self.authority.pem)
        told = {"node": node, "venue": venue, "hub": "http://hub", "servers": []}
        (folder / "node.json").write_text(json.dumps(told))
        return folder

    def actions(self) -> list[str]:
        import msgspec
        import sqlalchemy as sa

        from monitor.store.tables import audit

        with self.store.reader.connect() as db:
            rows = db.execute(sa.select(audit.c.entry).order_by(audit.c.seq)).scalars()
            return [msgspec.json.decode(row)["action"] for row in rows]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    now = datetime.now(UTC)
    store = Store(f"sqlite:{tmp_path / 's.db'}")
    register = FleetRegister(store)
    authority = open_authority(tmp_path / "authority", "city", now)
    yield Hub(tmp_path, store, register, authority, NatsFolder(tmp_path / "nats", register), now)
    store.close()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@dataclass
class Broker:
    url: str
    hub: Hub
    leaf_port: int


@pytest.fixture
def broker(hub: Hub, request: pytest.FixtureRequest) -> Iterator[Broker]:
    """The real nats-server on the files that the hub wrote."""
    try:
        program = nats_server(getattr(request, "param", "debian"))
    except MissingError as error:
        pytest.skip(str(error))
    port = free_port()
    listen = Listen(
        host="127.0.0.1", port=port, monitor_port=free_port(), max_store_gb=1, leaf_port=free_port()
    )
    hub.nats.prepare(hub.authority, listen, ["127.0.0.1", "localhost"], "test", hub.now)
    log = hub.folder / "nats.log"
    command = [program, "-c", str(hub.nats.folder / "nats-server.conf"), "-l", str(log)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            assert running.poll() is None, log.read_text()
            time.sleep(0.02)
        yield Broker(f"tls://127.0.0.1:{port}", hub, listen.leaf_port)
    finally:
        running.terminate()
        running.wait(10)
