"""SipHash-2-4 of many three-word messages at once: a keyed function, 128-bit key, 64-bit value.

Aumasson and Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012. Without the key the
values tell nothing of the messages but which are equal. One hash at a time in Python costs a
microsecond; here a whole post is hashed lane by lane in numpy.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

U64 = NDArray[np.uint64]
N_WORDS: Final = 3
KEY_BYTES: Final = 16


def _rotate(x: U64, n: int) -> None:
    high = x >> np.uint64(64 - n)
    np.left_shift(x, np.uint64(n), out=x)
    np.bitwise_or(x, high, out=x)


def _round(v0: U64, v1: U64, v2: U64, v3: U64) -> None:
    v0 += v1
    v2 += v3
    _rotate(v1, 13)
    _rotate(v3, 16)
    v1 ^= v0
    v3 ^= v2
    _rotate(v0, 32)
    v2 += v1
    v0 += v3
    _rotate(v1, 17)
    _rotate(v3, 21)
    v1 ^= v2
    v3 ^= v0
    _rotate(v2, 32)


def siphash(words: U64, key: bytes) -> U64:
    """SipHash-2-4 of each column.

    Parameters
    ----------
    words
        Shape (3, n), uint64: n messages of 24 bytes, little-endian words.
    key
        16 bytes.

    Returns
    -------
    Shape (n,), uint64.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"a SipHash key has {KEY_BYTES} bytes, not {len(key)}")
    k0, k1 = (int(half) for half in np.frombuffer(key, dtype="<u8"))
    n = words.shape[1]
    v0 = np.full(n, k0 ^ 0x736F6D6570736575, dtype=np.uint64)
    v1 = np.full(n, k1 ^ 0x646F72616E646F6D, dtype=np.uint64)
    v2 = np.full(n, k0 ^ 0x6C7967656E657261, dtype=np.uint64)
    v3 = np.full(n, k1 ^ 0x7465646279746573, dtype=np.uint64)
    length = np.full(n, (8 * N_WORDS & 0xFF) << 56, dtype=np.uint64)
    for word in (*words, length):
        v3 ^= word
        _round(v0, v1, v2, v3)
        _round(v0, v1, v2, v3)
        v0 ^= word
    v2 ^= np.uint64(0xFF)
    for _ in range(4):
        _round(v0, v1, v2, v3)
    return v0 ^ v1 ^ v2 ^ v3
