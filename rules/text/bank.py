"""The bank: keyed fingerprints of secret items, matched against posts without holding the items.

A file holds, beside a header with item names, only keyed values, the item each belongs to and
its place there. Parts of the file, little-endian:

    magic 8 | header length u32 | header JSON | value u64[n] ascending | item u32[n] | place u16[n]
    | rank u16[n] | half u8[n] | kept u16[items] | letters u16[m] | first letter u32[items + 1]
    | HMAC-SHA256 of all before, under the key

A post's hits (value found in the bank) count for an item only in line with each other: same
order, near the same distance. What counts is the part of the post that they cover, so that one
phrase in common stays one phrase; Latin letters are looked at again (``rules.text.letters``).
Boilerplate was never stored. What the file tells whom: docs/leaks.md.
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

from rules.text.bank_key import BankError as BankError
from rules.text.bank_key import derive
from rules.text.bank_key import new_key as new_key
from rules.text.bank_key import read_key as read_key
from rules.text.bank_key import write_key as write_key
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
from rules.text.letters import enough, in_line, sealed, short_values, tweaks
from rules.text.quote import LATIN_COVER, Hits
from rules.text.siphash import KEY_BYTES, U64

MAGIC: Final = b"EXWBANK2"
_TAG_BYTES: Final = 32

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


MAX_LOOKS: Final = 400
"""Places of one post that are looked at again for letters: bounds the time in a bank of much English."""


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
    letters: NDArray[np.uint16]
    """All items' sealed letters in a row."""
    first_letter: NDArray[np.uint32]
    """Where those of each item begin."""
    tweak: U64
    """A number for each item that its letters are sealed with."""
    gram_key: bytes
    short_key: bytes
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
        gram_key, short_key = derive(key, "gram")[:KEY_BYTES], derive(key, "letters")[:KEY_BYTES]
        held = list(items)
        tweak = tweaks(len(held), short_key)
        letters: list[NDArray[np.uint16]] = []
        names: list[str] = []
        kept_values: list[U64] = []
        kept_places: list[NDArray[np.intp]] = []
        kept_half: list[NDArray[np.uint8]] = []
        for index, item in enumerate(held):
            codes = squeeze(item.text)[:MAX_PLACE]
            values, _ = gram_values(codes, gram_key)
            weights = known.weights(codes)
            idle = weights == 0.0
            latin = np.flatnonzero((codes[: len(values)] < 0x2E80) & ~idle)
            kept = np.union1d(winnow(values, idle), latin)
            sealed_letters = sealed(short_values(codes, short_key), tweak[index], idle)
            letters.append(sealed_letters if sealed_letters.any() else sealed_letters[:0])
            names.append(item.name)
            kept_values.append(values[kept])
            kept_places.append(kept)
            kept_half.append((weights[kept] < 1.0).astype(np.uint8))
        return cls._assemble(names, kept_values, kept_places, kept_half, letters, key)

    @classmethod
    def _assemble(
        cls,
        names: list[str],
        values: list[U64],
        places: list[NDArray[np.intp]],
        halves: list[NDArray[np.uint8]],
        letters: list[NDArray[np.uint16]],
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
            np.minimum(n_kept, MAX_PLACE).astype(np.uint16),
            np.concatenate(letters) if letters else np.empty(0, dtype=np.uint16),
            np.cumsum([0, *map(len, letters)], dtype=np.uint32),
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
        letters: NDArray[np.uint16],
        first_letter: NDArray[np.uint32],
        key: bytes,
    ) -> Bank:
        bits = max(10, min(27, (16 * len(values)).bit_length()))
        presence = np.zeros(1 << (bits - 3), dtype=np.uint8)
        slots = values >> np.uint64(64 - bits)
        np.bitwise_or.at(presence, slots >> np.uint64(3), (1 << (slots & np.uint64(7))).astype(np.uint8))
        gram_key, short_key = derive(key, "gram")[:KEY_BYTES], derive(key, "letters")[:KEY_BYTES]
        return cls(
            items,
            values,
            item_of,
            place,
            rank,
            half,
            n_kept,
            letters,
            first_letter,
            tweaks(len(items), short_key),
            gram_key,
            short_key,
            key,
            presence,
            64 - bits,
        )

    def match(self, text: str) -> list[BankMatch]:
        """Items that a post quotes, the surest first; empty for ordinary posts."""
        codes = squeeze(text)
        values, lengths = gram_values(codes, self.gram_key)
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
        at = np.repeat(candidates, n_hits)
        if not len(at):
            return []
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
        lettered = self._lettered(at, entry, codes)
        matches: list[tuple[float, BankMatch]] = []
        for low, high in zip((0, *edges.tolist()), (*edges.tolist(), len(owner)), strict=True):
            item = int(owner[low])
            letters = lettered.get(item, 0)
            if high - low < MIN_KEPT and not letters:
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
            n_found = max(n_found, 1)
            share = n_found / int(self.n_kept[item])
            covers = line.cover >= (MIN_COVER if line.n_runs > 1 else MIN_COVER_ONE_RUN)
            if covers or letters or (n_found >= MIN_KEPT and share >= SHORT_SHARE):
                found = BankMatch(self.items[item], round(share, 4), hits.longest_run(lengths))
                matches.append((max(line.cover, LATIN_COVER * letters), found))
        matches.sort(key=lambda pair: -pair[0])
        return [match for _, match in matches]

    def _lettered(
        self, at: NDArray[np.intp], entry: NDArray[np.intp], codes: NDArray[np.uint32]
    ) -> dict[int, int]:
        """Items of which enough letters stand in line around a hit, and how many."""
        owner = self.item_of[entry].astype(np.int64)
        sized = self.first_letter[owner + 1] > self.first_letter[owner]
        owner, at, shift = owner[sized], at[sized], self.place[entry[sized]].astype(np.int64) - at[sized]
        if not len(owner):
            return {}
        # Hits close together in one line are one place to look at; the places with most hits first.
        spots = (owner << 44) | ((shift >> 2) + (1 << 22) << 20) | (at >> 5)
        _, first, n_there = np.unique(spots, return_index=True, return_counts=True)
        post = short_values(codes, self.short_key)
        found: dict[int, int] = {}
        for index in first[np.argsort(-n_there, kind="stable")][:MAX_LOOKS].tolist():
            item = int(owner[index])
            own = self.letters[int(self.first_letter[item]) : int(self.first_letter[item + 1])]
            most, n_runs = in_line(post, own, self.tweak[item], int(at[index]), int(shift[index]))
            if enough(most, n_runs):
                found[item] = max(most, found.get(item, 0))
        return found

    def save(self, path: Path) -> None:
        """Write all or nothing: a temporary file beside the target, then renamed over it."""
        header = json.dumps(
            {
                "version": 2,
                "gram_worth": [GRAM_WORTH, CJK_WORTH, LATIN_WORTH],
                "window": WINDOW,
                "n_values": len(self.values),
                "n_letters": len(self.letters),
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
                self.letters.astype("<u2").tobytes(),
                self.first_letter.astype("<u4").tobytes(),
            )
        )
        tag = hmac.new(derive(self.key, "file"), body, hashlib.sha256).digest()
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
        if not hmac.compare_digest(tag, hmac.new(derive(key, "file"), body, hashlib.sha256).digest()):
            raise BankError(
                f"{path}:1: the key is another one than the bank was made with, or the file is damaged"
            )
        start = len(MAGIC) + 4 + int.from_bytes(raw[len(MAGIC) : len(MAGIC) + 4], "little")
        header: dict[str, Any] = json.loads(raw[len(MAGIC) + 4 : start])
        if header["gram_worth"] != [GRAM_WORTH, CJK_WORTH, LATIN_WORTH] or header["window"] != WINDOW:
            raise BankError(f"{path}:1: the bank was made by another version; build it again")
        n, items = int(header["n_values"]), tuple(str(name) for name in header["items"])
        layout = (
            *(("<u8", n), ("<u4", n), ("<u2", n), ("<u2", n), ("<u1", n), ("<u2", len(items))),
            *(("<u2", int(header["n_letters"])), ("<u4", len(items) + 1)),
        )
        parts: list[NDArray[Any]] = []
        for kind, count in layout:
            parts.append(np.frombuffer(body, dtype=kind, count=count, offset=start))
            start += parts[-1].nbytes
        values, item_of, place, rank, half, n_kept, letters, first_letter = parts
        return cls._with_presence(
            items, values, item_of, place, rank, half, n_kept, letters, first_letter, key
        )


def _held_by_few(values: U64, item_of: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """False for values that more than COMMON items hold."""
    if not len(values):
        return np.empty(0, dtype=np.bool_)
    pairs = np.unique(np.stack((values, item_of.astype(np.uint64))), axis=1)
    distinct, counts = np.unique(pairs[0], return_counts=True)
    return counts[np.searchsorted(distinct, values)] <= COMMON
