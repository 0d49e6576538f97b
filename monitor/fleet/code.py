"""The code that lets one machine in, once: made on the hub, typed in at the sensor, sent by nobody. Pure.

    KX4Q2-…-7H9TD     40 letters and digits = 104 bits secret + 96 bits of the hub's certificate's hash

The secret is the seed of an Ed25519 key. The sensor signs its request with it, so a listener on the way
learns nothing that lets another machine in; the hub keeps only a hash of the public half. The other part
pins the hub: its authority's certificate must have this hash, whoever carries the answer.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no I, L, O, U."""
N_SECRET, N_PIN = 13, 12
N_LETTERS = (N_SECRET + N_PIN) * 8 // 5
GROUP = 5
_READ = str.maketrans("ILO", "110", "- \t\r\n")
_PURPOSE = b"examwatch enrolment 1"


@dataclass(frozen=True, slots=True)
class Code:
    secret: bytes
    pin: bytes
    """The first bytes of the SHA-256 of the authority's certificate (DER)."""

    def __str__(self) -> str:
        number = int.from_bytes(self.secret + self.pin)
        letters = "".join(ALPHABET[number >> (5 * i) & 31] for i in reversed(range(N_LETTERS)))
        return "-".join(letters[i : i + GROUP] for i in range(0, N_LETTERS, GROUP))

    @property
    def key(self) -> Ed25519PrivateKey:
        """Signs the request of who holds the code."""
        seed = HKDF(hashes.SHA256(), 32, salt=None, info=_PURPOSE).derive(self.secret)
        return Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def digest(self) -> str:
        """What the hub keeps of it."""
        return digest_of(self.key.public_key().public_bytes_raw())

    def pins(self, certificate_der: bytes) -> bool:
        return pin_of(certificate_der) == self.pin


def new_code(certificate_der: bytes) -> Code:
    return Code(secrets.token_bytes(N_SECRET), pin_of(certificate_der))


def parse(text: str) -> Code:
    """Raises `ValueError` if `text` is no code."""
    letters = text.upper().translate(_READ)
    if len(letters) != N_LETTERS or not set(letters) <= set(ALPHABET):
        raise ValueError(f"not a code: {N_LETTERS} letters and digits in groups of {GROUP}")
    number = 0
    for letter in letters:
        number = number << 5 | ALPHABET.index(letter)
    raw = number.to_bytes(N_SECRET + N_PIN)
    return Code(raw[:N_SECRET], raw[N_SECRET:])


def pin_of(certificate_der: bytes) -> bytes:
    return hashlib.sha256(certificate_der).digest()[:N_PIN]


def digest_of(public_key: bytes) -> str:
    return hashlib.sha256(public_key).hexdigest()
