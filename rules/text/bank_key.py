"""The key of a bank: made, kept in a file of its own, and split by purpose."""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path
from typing import Final

_KEY_LINE: Final = "examwatch-bank-key-1 "


class BankError(ValueError):
    """A key or bank file that cannot be used; says which file and why."""


def new_key() -> bytes:
    return os.urandom(32)


def write_key(path: Path, key: bytes) -> None:
    """Write a key file that only its owner can read.

    Raises
    ------
    FileExistsError
        A key is never overwritten: the banks made with it would be lost.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(f"{_KEY_LINE}{key.hex()}\n")


def read_key(path: Path) -> bytes:
    try:
        line = path.read_text(encoding="ascii").strip()
    except UnicodeDecodeError as error:
        raise BankError(f"{path}:1: the key cannot be read: not the text of a key") from error
    except OSError as error:
        raise BankError(f"{path}:1: the key cannot be read: {error.strerror or error}") from error
    try:
        key = bytes.fromhex(line.removeprefix(_KEY_LINE))
    except ValueError as error:
        raise BankError(f"{path}:1: this is no bank key") from error
    if not line.startswith(_KEY_LINE) or len(key) != 32:
        raise BankError(f"{path}:1: this is no bank key")
    return key


def derive(key: bytes, purpose: str) -> bytes:
    """A key that tells nothing of the bank's own, nor of those for other purposes."""
    return hmac.new(key, f"examwatch bank 1 {purpose}".encode(), hashlib.sha256).digest()
