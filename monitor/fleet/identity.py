"""Who this machine is: the folder that ``sensor enrol`` makes. The key is made here and stays here.

DIR/  node.key  node.pem  ca.pem  release.pub  node.json  link.yml
      next.key  next.pem      only while a certificate is renewed

Renewing: next.key ──> asked ──> next.pem is written, which settles it ──> both take the others' place,
at once or, where the machine went down between, at the next start.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from monitor.faults import Fault, InputError, WorldError, cause_of
from monitor.fleet.authority import PrivateKey, key_pem, new_key, read_key
from monitor.fleet.exchange import Granted
from monitor.fleet.files import write_private


class NodeFile(msgspec.Struct, frozen=True):
    """``node.json``."""

    node: str
    venue: str
    hub: str
    servers: list[str]


@dataclass(frozen=True, slots=True)
class Identity:
    folder: Path
    told: NodeFile
    key: PrivateKey
    certificate: x509.Certificate

    def sign(self, message: bytes) -> bytes:
        return self.key.sign(message, ec.ECDSA(hashes.SHA256()))


def begin(folder: Path) -> PrivateKey:
    """The key of a machine that is not let in yet; one that a failed attempt left is used again.

    Raises
    ------
    InputError
        If the folder is somebody's already.
    WorldError
        If it cannot be written.
    """
    if (folder / "node.json").exists():
        raise InputError([Fault(str(folder), 0, "is the folder of a node already; choose another")])
    file = folder / "node.key"
    if file.exists():
        return _key(file)
    key = new_key()
    write_private(file, key_pem(key))
    return key


def keep(folder: Path, hub: str, granted: Granted) -> list[Path]:
    """Write down what the hub gave; the files. Raises `WorldError`."""
    told = NodeFile(granted.node, granted.venue, hub, granted.servers)
    contents = {
        "node.pem": granted.certificate,
        "ca.pem": granted.authority,
        "release.pub": granted.release_key,
        "link.yml": link_yaml(folder.resolve(), told),
        # Last: where it is, the rest is.
        "node.json": json.dumps(msgspec.to_builtins(told), ensure_ascii=False, indent=1) + "\n",
    }
    for name, text in contents.items():
        write_private(folder / name, text.encode())
    return [folder / name for name in ("node.key", *contents)]


def next_key(folder: Path) -> PrivateKey:
    """The key that the node will have when its certificate is renewed; one for each renewal.

    Raises
    ------
    WorldError
        If it cannot be read or written.
    """
    file = folder / "next.key"
    if file.exists():
        return _key(file)
    key = new_key()
    write_private(file, key_pem(key))
    return key


def renewed(folder: Path, granted: Granted) -> Identity:
    """The node with the key of `next_key` and its certificate. Raises `WorldError`."""
    write_private(folder / "next.pem", granted.certificate.encode())
    return load(folder)


def _settle(folder: Path) -> None:
    """Finish a renewal whose certificate has come."""
    if not (folder / "next.pem").exists():
        return
    try:
        for name in ("key", "pem"):
            with suppress(FileNotFoundError):
                os.replace(folder / f"next.{name}", folder / f"node.{name}")
    except OSError as error:
        raise WorldError(f"{folder}: a renewed certificate cannot be kept: {error.strerror}") from None


def load(folder: Path) -> Identity:
    """
    Raises
    ------
    InputError
        If `folder` is not that of a node.
    WorldError
        If its key or certificate cannot be read.
    """
    try:
        told = msgspec.json.decode((folder / "node.json").read_bytes(), type=NodeFile)
    except (OSError, msgspec.DecodeError) as error:
        raise InputError(
            [Fault(str(folder / "node.json"), 0, f"no node is enrolled here: {error}")]
        ) from None
    _settle(folder)
    try:
        certificate = x509.load_pem_x509_certificate((folder / "node.pem").read_bytes())
    except (OSError, ValueError) as error:
        raise WorldError(f"{folder / 'node.pem'}: the certificate cannot be read: {error}") from None
    return Identity(folder, told, _key(folder / "node.key"), certificate)


def link_yaml(folder: Path, told: NodeFile) -> str:
    """What goes into the sensor's configuration."""
    url = json.dumps(told.servers[0] if told.servers else "tls://HUB:4222")
    return (
        f"# examwatch sensor enrol: node {told.node} of venue {told.venue}. 将此段加入传感器配置。\n"
        "link:\n"
        f"  url: {url}\n"
        f"  node: {json.dumps(told.node)}\n"
        f"  ca_file: {json.dumps(str(folder / 'ca.pem'))}\n"
        f"  cert_file: {json.dumps(str(folder / 'node.pem'))}\n"
        f"  key_file: {json.dumps(str(folder / 'node.key'))}\n"
    )


def _key(file: Path) -> PrivateKey:
    try:
        return read_key(file)
    except (OSError, ValueError) as error:
        raise WorldError(f"{file}: the node's key cannot be read: {cause_of(error)}") from None
