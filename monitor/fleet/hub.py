"""What a hub needs of its own folder to look after nodes; commands and the daemon open the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from monitor.config import Config
from monitor.config.fleet import Fleet
from monitor.faults import Fault, InputError
from monitor.fleet.authority import Authority, open_authority
from monitor.fleet.enrol import Terms
from monitor.fleet.nats import NatsFolder
from monitor.fleet.natsconf import Listen
from monitor.fleet.register import FleetRegister
from monitor.heads import open_key
from monitor.store import Store


@dataclass(frozen=True, slots=True)
class HubParts:
    settings: Fleet
    register: FleetRegister
    authority: Authority
    nats: NatsFolder
    release_key: Ed25519PrivateKey

    @property
    def terms(self) -> Terms:
        public = self.release_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        lasts = timedelta(days=self.settings.certificate_days)
        return Terms(self.settings.servers, public.decode(), lasts)

    def write_nats(self, actor: str, now: datetime, listen: Listen | None = None) -> list[Path]:
        """All that nats-server needs, where it is not there yet. Raises `WorldError`."""
        listen = listen or Listen(port=self.settings.port)
        return self.nats.prepare(self.authority, listen, self.settings.all_names, actor, now)


def open_hub(config: Config, store: Store, now: datetime, file: Path | None = None) -> HubParts:
    """The authority and its folders; what is not there yet is made.

    Raises
    ------
    InputError
        If the configuration is not that of a hub.
    WorldError
        If a key cannot be read or made.
    """
    if config.fleet is None:
        place = str(file) if file is not None else "the configuration"
        raise InputError([Fault(place, 0, "has no section 'fleet': no nodes belong to this installation")])
    register = FleetRegister(store)
    return HubParts(
        config.fleet,
        register,
        open_authority(config.data_dir / "authority", config.site.id, now),
        NatsFolder(config.data_dir / "nats", register),
        open_key(config.data_dir / "authority" / "release.key"),
    )
