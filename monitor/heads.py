"""Signed heads of the audit chain, kept where this machine's keeper cannot change them.

    {"seq": 812, "hash": "…", "at": "…Z", "site": "venue-1", "signature": "…"}      one a line, appended

A chain proves that nothing within it was changed; that its tail was not cut, nor the whole of it
written anew, only shows against a head kept elsewhere: another disk, another host, one that can
only be appended to. The signature (Ed25519, RFC 8032) says that it was this installation that wrote
it; the key is made at the first start and is readable by its owner alone.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from monitor.alert import wire
from monitor.clock import Clock
from monitor.faults import Fault, InputError, WorldError, cause_of
from monitor.store.audit import Head
from monitor.store.errors import StoreError

SIGNED = ("seq", "hash", "at", "site")
log = structlog.get_logger()


def open_key(file: Path) -> Ed25519PrivateKey:
    """The key in `file`; where there is none it is made, and its public half beside it (``.pub``).

    Raises
    ------
    WorldError
        If it cannot be read or made.
    """
    try:
        if file.exists():
            key = serialization.load_pem_private_key(file.read_bytes(), None)
            if not isinstance(key, Ed25519PrivateKey):
                raise WorldError(f"{file}: holds a key of another kind")
            return key
        key = Ed25519PrivateKey.generate()
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(
                key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        file.with_name(file.name + ".pub").write_bytes(public)
    except (OSError, ValueError) as error:
        raise WorldError(f"{file}: the key of the audit's heads cannot be had: {cause_of(error)}") from None
    return key


def open_public_key(file: Path) -> Ed25519PublicKey:
    """Raises `InputError` if `file` holds no public key of this kind."""
    try:
        key = serialization.load_pem_public_key(file.read_bytes())
    except (OSError, ValueError) as error:
        raise InputError([Fault(str(file), 0, f"holds no public key: {cause_of(error)}")]) from None
    if not isinstance(key, Ed25519PublicKey):
        raise InputError([Fault(str(file), 0, "holds a key of another kind")])
    return key


def signed_line(head: Head, at: datetime, site: str, key: Ed25519PrivateKey) -> str:
    """A head as it is kept, without the end of the line."""
    told = {"seq": head.seq, "hash": head.hash, "at": at.isoformat(), "site": site}
    signature = key.sign(wire.canonical(told).encode())
    return json.dumps({**told, "signature": base64.b64encode(signature).decode()}, ensure_ascii=False)


def read_heads(path: Path, public_key: Ed25519PublicKey | None = None) -> list[Head]:
    """Kept heads, signed or not; with `public_key`, all of them signed by it.

    Raises
    ------
    InputError
        Naming every line that is none.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise InputError([Fault(str(path), 0, "cannot be read: not UTF-8 text")]) from None
    except OSError as error:
        raise InputError([Fault(str(path), 0, f"cannot be read: {cause_of(error)}")]) from None
    heads: list[Head] = []
    faults: list[Fault] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            head = Head(int(value["seq"]), str(value["hash"]))
        except (ValueError, KeyError, TypeError):
            faults.append(Fault(str(path), number, 'not a head such as {"seq": 12, "hash": "…"}'))
            continue
        if public_key is not None and not _is_genuine(value, public_key):
            faults.append(Fault(str(path), number, f"the head of entry {head.seq} is not signed by this key"))
        heads.append(head)
    if faults:
        raise InputError(faults)
    return heads


def _is_genuine(value: dict[str, object], public_key: Ed25519PublicKey) -> bool:
    try:
        signature = base64.b64decode(str(value["signature"]), validate=True)
        public_key.verify(signature, wire.canonical({name: value[name] for name in SIGNED}).encode())
    except (KeyError, ValueError, InvalidSignature):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A place that takes heads: a file, or people who are sent them."""

    name: str
    put: Callable[[str], Awaitable[None]]
    """Takes a line. May raise `OSError` and `StoreError`."""


def file_elsewhere(file: Path) -> Elsewhere:
    """Each head is a line at its end, on the disk before it counts as kept."""

    async def put(line: str) -> None:
        await asyncio.to_thread(_append, file, line)

    return Elsewhere(str(file), put)


class HeadKeeper:
    """Keeps the chain's head elsewhere again and again, where it has grown."""

    def __init__(
        self,
        elsewhere: Elsewhere,
        key: Ed25519PrivateKey,
        site: str,
        head: Callable[[], Awaitable[Head]],
        clock: Clock,
    ) -> None:
        self._elsewhere = elsewhere
        self._key = key
        self._site = site
        self._head = head
        self._clock = clock
        self._kept: Head | None = None
        self.error: str | None = None
        """Why the last one could not be kept."""
        self.failing_since: datetime | None = None

    @property
    def place(self) -> str:
        return self._elsewhere.name

    async def run(self, every_s: float) -> None:
        """Until cancelled."""
        while True:
            await self.keep()
            await self._clock.sleep(every_s)

    async def keep(self) -> None:
        """Keep the head, if it is another than the last."""
        now = self._clock.now()
        try:
            head = await self._head()
            if head != self._kept:
                await self._elsewhere.put(signed_line(head, now, self._site, self._key))
                self._kept = head
        except (OSError, StoreError) as error:
            self.failing_since = self.failing_since or now
            self.error = str(error)
            log.error("a head of the audit chain could not be kept elsewhere", error=str(error))
        else:
            self.error = self.failing_since = None


def _append(file: Path, line: str) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(handle, line.encode() + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)
