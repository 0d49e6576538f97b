"""Near copies: reposts with another greeting, other spaces or a changed word are one text.

    text ──letters and digits only──> runs of 4 ──64-bit hash each──> sign of the sum, bit by bit

Simhash (Charikar 2002); two texts within MAX_DISTANCE bits are near copies. Short texts have
too few runs for it and count as copies only when they are equal.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections import Counter, defaultdict

import numpy as np

MAX_DISTANCE = 7
"""Manku, Jain and Das Sarma (2007) take 3 for whole web pages. Posts are shorter: with one word of 600
characters changed, 3 bits find 73 of 100 copies, 7 find all, and unrelated texts differ in 32 +- 4."""
MIN_CHARS = 64
"""Below it one changed word moves more bits than MAX_DISTANCE."""
MAX_CHARS = 20_000
RUN_CHARS = 4
N_BITS = 64
N_BANDS = MAX_DISTANCE + 1
"""Of hashes that differ in 7 bits at least one byte is equal."""
_BAND_BITS = N_BITS // N_BANDS
MAX_BUCKET = 5_000


def plain(text: str) -> str:
    """Letters and digits of `text`, in one width and case."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum())


def simhash(text: str) -> int:
    """64 bits that near copies share but for a few."""
    letters = plain(text[:MAX_CHARS])
    if len(letters) < MIN_CHARS:
        return _hash(letters)
    runs = Counter(letters[i : i + RUN_CHARS] for i in range(len(letters) - RUN_CHARS + 1))
    hashes = np.array([_hash(run) for run in runs], dtype=">u8")
    bits = np.unpackbits(hashes.view(np.uint8).reshape(-1, 8), axis=1).astype(np.int64)
    n_times = np.fromiter(runs.values(), dtype=np.int64, count=len(runs))
    ones = n_times @ bits
    return int.from_bytes(np.packbits(2 * ones > n_times.sum()).tobytes(), "big")


def _hash(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).digest(), "big")


def distance(a: int, b: int) -> int:
    return (a ^ b).bit_count()


class Copies:
    """Texts seen lately, by their simhash."""

    def __init__(self) -> None:
        self._bands: list[dict[int, list[tuple[int, str]]]] = [defaultdict(list) for _ in range(N_BANDS)]

    def add(self, id: str, value: int) -> None:
        for band, key in enumerate(_keys(value)):
            bucket = self._bands[band][key]
            if len(bucket) < MAX_BUCKET:
                bucket.append((value, id))

    def near(self, value: int) -> list[str]:
        """Ids of near copies, in the order in which they were added."""
        found: dict[str, None] = {}
        for band, key in enumerate(_keys(value)):
            for other, id in self._bands[band].get(key, ()):
                if distance(value, other) <= MAX_DISTANCE:
                    found[id] = None
        return list(found)


def _keys(value: int) -> list[int]:
    return [value >> (_BAND_BITS * band) & ((1 << _BAND_BITS) - 1) for band in range(N_BANDS)]


def to_signed(value: int) -> int:
    """For SQLite, whose integers have a sign."""
    return value - (1 << N_BITS) if value >> (N_BITS - 1) else value


def from_signed(value: int) -> int:
    return value & ((1 << N_BITS) - 1)
