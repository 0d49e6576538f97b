"""Takes files from the edges, piece by piece, and lets none in that is not what its name says.

    piece ─> .part-link-<digest> ─(whole, and its sha256 fits)─> <digest>.<ending>

An edge that asks with an empty piece learns how much is there: so it goes on after any break.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from monitor.evidence import sync_folder
from monitor.link.words import Kept

MAX_BYTES = 512_000_000
"""A clip of a minute at the widest band is 290 MB."""
_DIGEST = re.compile(r"sha256:([0-9a-f]{64})")
_NAME = re.compile(r"([0-9a-f]{64})(?:-[0-9]{1,4})?\.([a-z0-9][a-z0-9.-]{0,31})")
_DESCRIPTION = "sigmf-meta"
"""Bears the name of the samples that it describes; all else that of its own content."""


@dataclass(frozen=True, slots=True)
class Piece:
    digest: str
    """``sha256:`` and 64 hex digits, of the whole file."""
    path: str
    """The file's name in the evidence store."""
    n_bytes: int
    """Of the whole file."""
    offset: int
    content: bytes


def take(root: Path, piece: Piece) -> Kept:
    """Keep `piece` if it goes on where the last one ended. Blocking.

    Raises
    ------
    OSError
        If the disk fails; the edge sends it again.
    """
    name, digest = _NAME.fullmatch(piece.path), _DIGEST.fullmatch(piece.digest)
    if name is None or digest is None or (name[1] != digest[1] and name[2] != _DESCRIPTION):
        return Kept(0, error="this is no name of evidence")
    if not 0 <= piece.n_bytes <= MAX_BYTES:
        return Kept(0, error=f"a file of {piece.n_bytes} bytes is too large")
    place, part = root / piece.path, root / f".part-link-{digest[1]}"
    if place.exists():
        same = name[1] == digest[1] or _sha256(place) == digest[1]
        return Kept(piece.n_bytes, done=True) if same else Kept(0, error="another file has this name")
    root.mkdir(parents=True, exist_ok=True)
    n_there = part.stat().st_size if part.exists() else 0
    if piece.content and piece.offset == n_there:
        with part.open("ab") as file:
            file.write(piece.content)
        n_there += len(piece.content)
    if n_there < piece.n_bytes:
        return Kept(n_there)
    return _finish(part, place, digest[1], piece.n_bytes)


def _finish(part: Path, place: Path, digest: str, n_bytes: int) -> Kept:
    try:
        if _sha256(part) != digest:
            part.unlink()
            return Kept(0)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.chmod(0o640)
        os.replace(part, place)
    except FileNotFoundError:
        # Another hub that shares this folder was faster.
        return Kept(n_bytes, done=place.exists())
    sync_folder(place.parent)
    return Kept(n_bytes, done=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
