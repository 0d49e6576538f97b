"""The folder that nats-server reads, kept in step with who is let in.

data_dir/nats/  ca.pem  server.pem server.key  hub.pem hub.key  nats-server.conf  users.conf  nats.pid
                    link.yml
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import structlog

from monitor.faults import WorldError
from monitor.fleet.authority import HUB, Authority, key_pem, new_key, pem_of
from monitor.fleet.files import write_private
from monitor.fleet.natsconf import Listen, server_conf, users_conf
from monitor.fleet.register import FleetRegister

log = structlog.get_logger()


def hub_link_yaml(folder: Path, port: int) -> str:
    """What goes into the hub's own configuration."""
    return (
        "# The hub's own link to its NATS. 将此段加入中心配置。\n"
        "link:\n"
        f"  url: tls://127.0.0.1:{port}\n"
        f"  node: {HUB}\n"
        f"  ca_file: {json.dumps(str(folder / 'ca.pem'))}\n"
        f"  cert_file: {json.dumps(str(folder / 'hub.pem'))}\n"
        f"  key_file: {json.dumps(str(folder / 'hub.key'))}\n"
    )


class NatsFolder:
    """Blocking."""

    def __init__(self, folder: Path, register: FleetRegister) -> None:
        self.folder = folder
        self._register = register

    def prepare(
        self, authority: Authority, listen: Listen, names: Sequence[str], actor: str, now: datetime
    ) -> list[Path]:
        """Write what is not there yet, and users.conf anew; the files that were made.

        Raises
        ------
        WorldError
            If a file cannot be written.
        """
        made: list[Path] = []

        def write(name: str, content: bytes) -> None:
            write_private(self.folder / name, content)
            made.append(self.folder / name)

        write("ca.pem", authority.pem.encode())
        if not (self.folder / "server.key").exists():
            key = new_key()
            write("server.pem", pem_of(authority.sign_server(key.public_key(), names, now)).encode())
            write("server.key", key_pem(key))
        if not (self.folder / "hub.key").exists():
            key = new_key()
            hub = self._register.enrol_hub(actor, key.public_key(), authority, now)
            write("hub.pem", hub.pem.encode())
            write("hub.key", key_pem(key))
        if not (self.folder / "nats-server.conf").exists():
            text = server_conf(listen, names, str(self.folder.resolve()))
            write("nats-server.conf", text.encode())
        write("link.yml", hub_link_yaml(self.folder.resolve(), listen.port).encode())
        self.write_users(now)
        made.append(self.folder / "users.conf")
        return made

    def write_users(self, now: datetime) -> None:
        """Say anew who may connect. Raises `WorldError`."""
        write_private(self.folder / "users.conf", users_conf(self._register.holders(now)).encode())

    def reload(self) -> bool:
        """Have the nats-server of this folder read it again; False where none of ours runs here."""
        try:
            number = int((self.folder / "nats.pid").read_text())
            name = Path(f"/proc/{number}/comm").read_text().strip()
            # A pid file outlives its process, and the number then is somebody else's.
            if not name.startswith("nats-server"):
                return False
            os.kill(number, signal.SIGHUP)
        except (OSError, ValueError) as error:
            log.warning("nats-server was not told of the change", error=str(error))
            return False
        return True

    def hold(self, now: datetime) -> None:
        """`refresh` where users.conf is not what the register says: a certificate ended, a write was lost."""
        file = self.folder / "users.conf"
        if file.exists() and file.read_text() != users_conf(self._register.holders(now)):
            self.refresh(now)

    def refresh(self, now: datetime) -> bool:
        """`write_users`, where this hub has such a folder, and `reload`."""
        if not self.folder.is_dir():
            return False
        try:
            self.write_users(now)
        except WorldError as error:
            log.error("users.conf is older than the register", error=str(error))
            raise
        return self.reload()
