"""Passwords: argon2id with its parameters in the hash, and the ones that are made for one use."""

from __future__ import annotations

import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_CHARS = 12
"""NIST SP 800-63B asks for 8 at the least and 15 for a password alone; throttling stands in between."""
MAX_CHARS = 256
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without what is misread from a screen: i l o 0 1."""

_hasher = PasswordHasher()
"""The library's profile is RFC 9106's second one: 64 MiB, three passes."""
_OF_NOBODY = _hasher.hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    return _hasher.hash(_canonical(password))


def fits(password: str, hashed: str | None) -> bool:
    """Whether `password` is the one; takes as long for somebody who is not known (`hashed` None)."""
    try:
        return _hasher.verify(hashed or _OF_NOBODY, _canonical(password)) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


def one_time_password() -> str:
    """20 letters in four groups: 98 bits, to be typed once."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


def fault_of(password: str, name: str) -> str | None:
    """Why `password` is no good for `name`, in one line; None if it is."""
    canonical = _canonical(password)
    if not MIN_CHARS <= len(canonical) <= MAX_CHARS:
        return f"a password has {MIN_CHARS} to {MAX_CHARS} characters"
    if name.lower() in canonical.lower() or len(set(canonical)) < 5:
        return "a password that holds the name, or hardly more than one character, is guessed at once"
    return None


def _canonical(password: str) -> str:
    # The same letters typed on two keyboards may be different code points.
    return unicodedata.normalize("NFKC", password)
