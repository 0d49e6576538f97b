"""The releases of one node, on its disk.

    DIR/  releases/7/…  releases/8/…   current -> releases/8   state.json

A configuration names ``DIR/current/rules`` and the like. A release is unpacked beside the others, then
the link is turned in one step; if the node's own configuration has a fault with it, it is turned back.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from monitor.faults import InputError, WorldError, cause_of
from monitor.fleet.bundle import Bundle, BundleError, unpack
from monitor.fleet.files import write_private

KEPT = 3


class ShelfState(msgspec.Struct, frozen=True):
    """``state.json``."""

    release: int = 0
    refused: int = 0
    refused_why: str = ""


class ReleaseShelf:
    """Blocking. Every call may raise `WorldError`."""

    def __init__(self, folder: Path, key: Ed25519PublicKey) -> None:
        self._folder = folder
        self._key = key

    @property
    def current(self) -> Path:
        return self._folder / "current"

    def state(self) -> ShelfState:
        file = self._folder / "state.json"
        try:
            return msgspec.json.decode(file.read_bytes(), type=ShelfState)
        except FileNotFoundError:
            return ShelfState()
        except (OSError, msgspec.DecodeError) as error:
            # Guessing would let an older release in.
            raise WorldError(f"{file}: cannot be read: {cause_of(error)}") from None

    def take(self, raw: bytes, check: Callable[[], None]) -> Bundle:
        """Make the release in `raw` the current one, unless `check` then finds a fault.

        Raises
        ------
        BundleError
            If it is not signed, too old, or refused by `check`; the one before stays.
        """
        state = self.state()
        bundle = unpack(raw, self._key, newer_than=max(state.release, state.refused))
        serial = bundle.manifest.serial
        before = os.readlink(self.current) if self.current.is_symlink() else None
        try:
            self._unpack(bundle)
            self._turn(f"releases/{serial}")
        except OSError as error:
            raise WorldError(f"{self._folder}: {error}") from None
        try:
            check()
        except InputError as error:
            why = str(error).splitlines()[0]
            self._refuse(state, serial, before, why)
            raise BundleError(f"release {serial} does not go with this node's configuration: {why}") from None
        self._keep(ShelfState(serial))
        self._tidy()
        return bundle

    def _refuse(self, state: ShelfState, serial: int, before: str | None, why: str) -> None:
        if before is not None:
            self._turn(before)
        else:
            self.current.unlink(missing_ok=True)
        self._keep(ShelfState(state.release, serial, why[:500]))

    def _unpack(self, bundle: Bundle) -> None:
        target = self._folder / "releases" / str(bundle.manifest.serial)
        beside = target.with_name(f".{target.name}.new")
        for left in (target, beside):
            shutil.rmtree(left, ignore_errors=True)
        for path, content in bundle.files.items():
            file = beside / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        os.replace(beside, target)

    def _turn(self, target: str) -> None:
        beside = self._folder / ".current.new"
        beside.unlink(missing_ok=True)
        beside.symlink_to(target)
        os.replace(beside, self.current)

    def _keep(self, state: ShelfState) -> None:
        write_private(self._folder / "state.json", msgspec.json.encode(state))

    def _tidy(self) -> None:
        kept = self._folder / "releases"
        numbers = sorted((int(one.name) for one in kept.iterdir() if one.name.isdecimal()), reverse=True)
        for number in numbers[KEPT:]:
            shutil.rmtree(kept / str(number), ignore_errors=True)
