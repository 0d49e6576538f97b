"""The bank: keyed fingerprints of secret items, matched against posts without holding the items.

A file holds, beside a header with item names, only keyed values, the item each belongs to and
its place there. Parts of the file, little-endian:

    magic 8 | header length u32 | header JSON | value u64[n] ascending | item u32[n] | place u16[n]
    | rank u16[n] | half u8[n] | kept u16[items] | HMAC-SHA256 of all before, under the key

A post's hits (value found in the bank) count for an item only in line with each other: same
order, near the same distance. What counts is the part of the post that they cover, so that one
phrase in common stays one phrase. Boilerplate was never stored. What the file tells whom: docs/leaks.md.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rules.text.boilerplate import Boilerplate, shipped_boilerplate
from rules.text.fingerprint import (
    CJK_WORTH,
    GRAM_WORTH,
    LATIN_WORTH,
    WINDOW,
    gram_values,
    squeeze,
    winnow,
)
from rules.text.quote import Hits
from rules.text.siphash import KEY_BYTES, U64

MAGIC: Final = b"EXWBANK1"
_TAG_BYTES: Final = 32
_KEY_LINE: Final = "examwatch-bank-key-1 "

MAX_PLACE: Final = 0xFFFF
COMMON: Final = 64
"""A value in more items than this is dropped: it tells of the subject, not of the item."""
MIN_COVER: Final = 10.5
"""CJK characters, or their worth, that hits in line must cover in at least two runs. Chance reached
9 in 15,000 real posts against 2,250 items of real papers (docs/leaks.md)."""
MIN_COVER_ONE_RUN: Final = 16.0
"""The same where all hits form one run: names and slogans of twelve characters are shared."""
SHORT_SHARE: Final = 0.75
"""Share of an item that must be found when the item is too short for MIN_COVER."""
MIN_KEPT: Final = 4
"""Fewer kept values than this cannot tell an item from chance; such items are named at build."""


class BankError(ValueError):
    """A key or bank file that cannot be used; says which file and why."""


@dataclass(frozen=True, slots=True)
class Item:
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class BankMatch:
    item: str
    containment: float
    """Share of the item's kept values that the post holds, 0 to 1."""
    longest_run: int
    """Squeezed characters of the longest part found without a gap."""


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
    except (OSError, UnicodeDecodeError) as error:
        raise BankError(f"{path}:1: the key cannot be read: {error}") from error
    try:
        key = bytes.fromhex(line.removeprefix(_KEY_LINE))
    except ValueError as error:
        raise BankError(f"{path}:1: this is no bank key") from error
    if not line.startswith(_KEY_LINE) or len(key) != 32:
        raise BankError(f"{path}:1: this is no bank key")
    return key


def _derive(key: bytes, purpose: str) -> bytes:
    return hmac.new(key, f"examwatch bank 1 {purpose}".encode(), hashlib.sha256).digest()


@dataclass(frozen=True, slots=True)
class Bank:
    """All arrays are aligned: one entry a kept value, ascending by value."""

    items: tuple[str, ...]
    values: U64
    item_of: NDArray[np.uint32]
    place: NDArray[np.uint16]
    rank: NDArray[np.uint16]
    """Index of the value among the item's kept values."""
    half: NDArray[np.uint8]
    """1 where the gram is also seen in public papers and tells half."""
    n_kept: NDArray[np.uint16]
    key: bytes
    presence: NDArray[np.uint8]
    """Bitmap over the values' top bits: most grams of a post are refused by one look."""
    shift: int

    @classmethod
    def build(
        cls, items: Iterable[Item], key: bytes, boilerplate: Boilerplate | None = None
    ) -> tuple[Bank, list[str]]:
        """Fingerprint items.

        Returns
        -------
        The bank, and the names of items too short or too common to be told from chance.
        """
        known = shipped_boilerplate() if boilerplate is None else boilerplate
        gram_key = _derive(key, "gram")[:KEY_BYTES]
        names: list[str] = []
        kept_values: list[U64] = []
        kept_places: list[NDArray[np.intp]] = []
        kept_half: list[NDArray[np.uint8]] = []
        for item in items:
            codes = squeeze(item.text)[:MAX_PLACE]
            values, _ = gram_values(codes, gram_key)
            weights = known.weights(codes)
            kept = winnow(values, weights == 0.0)
            names.append(item.name)
            kept_values.append(values[kept])
            kept_places.append(kept)
            kept_half.append((weights[kept] < 1.0).astype(np.uint8))
        return cls._assemble(names, kept_values, kept_places, kept_half, key)

    @classmethod
    def _assemble(
        cls,
        names: list[str],
        values: list[U64],
        places: list[NDArray[np.intp]],
        halves: list[NDArray[np.uint8]],
        key: bytes,
    ) -> tuple[Bank, list[str]]:
        counts = [len(part) for part in values]
        item_of = np.repeat(np.arange(len(names), dtype=np.uint32), counts)
        flat = np.concatenate(values) if values else np.empty(0, dtype=np.uint64)
        place = np.concatenate(places) if places else np.empty(0, dtype=np.intp)
        half = np.concatenate(halves) if halves else np.empty(0, dtype=np.uint8)
        usable = _held_by_few(flat, item_of)
        flat, place, half, item_of = flat[usable], place[usable], half[usable], item_of[usable]
        n_kept = np.bincount(item_of, minlength=len(names))
        first = np.concatenate(([0], np.cumsum(n_kept)))[:-1]
        rank = np.arange(len(flat)) - first[item_of] if len(flat) else np.empty(0, dtype=np.intp)
        order = np.argsort(flat, kind="stable")
        weak = [name for name, n in zip(names, n_kept, strict=True) if n < MIN_KEPT]
        bank = cls._with_presence(
            tuple(names),
            flat[order],
            item_of[order],
            place[order].astype(np.uint16),
            rank[order].astype(np.uint16),
            half[order],
            n_kept.astype(np.uint16),
            key,
        )
        return bank, weak

    @classmethod
    def _with_presence(
        cls,
        items: tuple[str, ...],
        values: U64,
        item_of: NDArray[np.uint32],
        place: NDArray[np.uint16],
        rank: NDArray[np.uint16],
        half: NDArray[np.uint8],
        n_kept: NDArray[np.uint16],
        key: bytes,
    ) -> Bank:
        bits = max(10, min(27, (16 * len(values)).bit_length()))
        presence = np.zeros(1 << (bits - 3), dtype=np.uint8)
        slots = values >> np.uint64(64 - bits)
        np.bitwise_or.at(presence, slots >> np.uint64(3), (1 << (slots & np.uint64(7))).astype(np.uint8))
        return cls(items, values, item_of, place, rank, half, n_kept, key, presence, 64 - bits)

    def match(self, text: str) -> list[BankMatch]:
        """Items that a post quotes, the surest first; empty for ordinary posts."""
        codes = squeeze(text)
        values, lengths = gram_values(codes, _derive(self.key, "gram")[:KEY_BYTES])
        if not len(values) or not len(self.values):
            return []
        slots = values >> np.uint64(self.shift)
        seen = self.presence[slots >> np.uint64(3)] >> (slots & np.uint64(7)).astype(np.uint8) & 1
        candidates = np.flatnonzero(seen)
        if not len(candidates):
            return []
        low = np.searchsorted(self.values, values[candidates], side="left")
        high = np.searchsorted(self.values, values[candidates], side="right")
        n_hits = high - low
        if int(n_hits.sum()) < MIN_KEPT:
            return []
        at = np.repeat(candidates, n_hits)
        entry = np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True) if b > a])
        return self._judge(at, entry, codes, lengths)

    def _judge(
        self,
        at: NDArray[np.intp],
        entry: NDArray[np.intp],
        codes: NDArray[np.uint32],
        lengths: NDArray[np.intp],
    ) -> list[BankMatch]:
        order = np.lexsort((at, self.item_of[entry]))
        at, entry = at[order], entry[order]
        owner = self.item_of[entry]
        edges = np.flatnonzero(np.diff(owner)) + 1
        matches: list[tuple[float, BankMatch]] = []
        for low, high in zip((0, *edges.tolist()), (*edges.tolist(), len(owner)), strict=True):
            item = int(owner[low])
            if high - low < MIN_KEPT:
                continue
            mine = entry[low:high]
            hits = Hits(
                at[low:high].tolist(),
                self.place[mine].tolist(),
                self.rank[mine].tolist(),
                self.values[mine].tolist(),
                [0.5 if half else 1.0 for half in self.half[mine].tolist()],
            )
            line = hits.best_line(codes, lengths)
            n_found = len({hits.rank[index] for index in hits.in_company()})
            share = n_found / int(self.n_kept[item])
            enough = line.cover >= (MIN_COVER if line.n_runs > 1 else MIN_COVER_ONE_RUN)
            if enough or (n_found >= MIN_KEPT and share >= SHORT_SHARE):
                found = BankMatch(self.items[item], round(share, 4), hits.longest_run(lengths))
                matches.append((line.cover, found))
        matches.sort(key=lambda pair: -pair[0])
        return [match for _, match in matches]

    def save(self, path: Path) -> None:
        """Write all or nothing: a temporary file beside the target, then renamed over it."""
        header = json.dumps(
            {
                "version": 1,
                "gram_worth": [GRAM_WORTH, CJK_WORTH, LATIN_WORTH],
                "window": WINDOW,
                "n_values": len(self.values),
                "items": list(self.items),
            },
            ensure_ascii=False,
        ).encode()
        body = b"".join(
            (
                MAGIC,
                len(header).to_bytes(4, "little"),
                header,
                self.values.astype("<u8").tobytes(),
                self.item_of.astype("<u4").tobytes(),
                self.place.astype("<u2").tobytes(),
                self.rank.astype("<u2").tobytes(),
                self.half.astype("<u1").tobytes(),
                self.n_kept.astype("<u2").tobytes(),
            )
        )
        tag = hmac.new(_derive(self.key, "file"), body, hashlib.sha256).digest()
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(body + tag)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    @classmethod
    def load(cls, path: Path, key: bytes) -> Bank:
        """Read and verify.

        Raises
        ------
        BankError
            Not a bank, cut short, changed, made with another key or by another version.
        """
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise BankError(f"{path}:1: the bank cannot be read: {error.strerror}") from error
        if raw[: len(MAGIC)] != MAGIC or len(raw) < len(MAGIC) + 4 + _TAG_BYTES:
            raise BankError(f"{path}:1: this is no bank of fingerprints")
        body, tag = raw[:-_TAG_BYTES], raw[-_TAG_BYTES:]
        if not hmac.compare_digest(tag, hmac.new(_derive(key, "file"), body, hashlib.sha256).digest()):
            raise BankError(
                f"{path}:1: the key is another one than the bank was made with, or the file is damaged"
            )
        start = len(MAGIC) + 4 + int.from_bytes(raw[len(MAGIC) : len(MAGIC) + 4], "little")
        header: dict[str, Any] = json.loads(raw[len(MAGIC) + 4 : start])
        if header["gram_worth"] != [GRAM_WORTH, CJK_WORTH, LATIN_WORTH] or header["window"] != WINDOW:
            raise BankError(f"{path}:1: the bank was made by another version; build it again")
        n, items = int(header["n_values"]), tuple(str(name) for name in header["items"])
        parts: list[NDArray[Any]] = []
        for kind, count in (("<u8", n), ("<u4", n), ("<u2", n), ("<u2", n), ("<u1", n), ("<u2", len(items))):
            parts.append(np.frombuffer(body, dtype=kind, count=count, offset=start))
            start += parts[-1].nbytes
        values, item_of, place, rank, half, n_kept = parts
        return cls._with_presence(items, values, item_of, place, rank, half, n_kept, key)


def _held_by_few(values: U64, item_of: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """False for values that more than COMMON items hold."""
    if not len(values):
        return np.empty(0, dtype=np.bool_)
    pairs = np.unique(np.stack((values, item_of.astype(np.uint64))), axis=1)
    distinct, counts = np.unique(pairs[0], return_counts=True)
    return counts[np.searchsorted(distinct, values)] <= COMMON
