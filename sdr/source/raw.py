"""Files of bare samples: the ending is all that says what they are, so it is checked against the bytes."""

from __future__ import annotations

import string
from pathlib import Path

import numpy as np

from sdr.source.base import SourceError
from sdr.source.layout import Capture, Layout
from sdr.source.naming import read_name
from sdr.source.packing import PLAIN
from sdr.types import SampleFormat

ENDINGS: dict[str, SampleFormat] = {
    **dict.fromkeys((".cu8", ".complex16u"), SampleFormat.CU8),
    **dict.fromkeys((".cs8", ".c8", ".complex16s"), SampleFormat.CS8),
    **dict.fromkeys((".cs16", ".c16", ".complex32s", ".s16iq"), SampleFormat.CS16),
    **dict.fromkeys((".cf32", ".complex", ".cfile", ".fc32"), SampleFormat.CF32),
}
"""rtl_433's, Universal Radio Hacker's, PortaPack's and GNU Radio's names, in lower case."""

READABLE = "cu8 cs8 cs16 cf32 wav sigmf-meta sigmf"
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"RIFF", "a WAV file"),
    (b"RF64", "a WAV file"),
    (b"BW64", "a WAV file"),
    (b"PK\x03\x04", "a ZIP file"),
    (b"\x1f\x8b\x08", "a gzip file"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff\xe0", "a JPEG picture"),
    (b"%PDF", "a PDF"),
    (b"OggS", "an Ogg file"),
    (b"fLaC", "a FLAC file"),
    (b"ID3", "an MP3 file"),
    (b"BZh9", "a bzip2 file"),
    (b"\xfd7zXZ", "an xz file"),
    (b"(\xb5/\xfd", "a zstd file"),
)
_TEXT = frozenset(string.printable.encode())
_N_HEAD_BYTES = 16384
_ABSURD_AMPLITUDE = 1e6
"""Floats are full scale 1, some tools' 32768; bytes of another format read as floats exceed this at once."""


def raw_layout(path: Path, format: SampleFormat) -> Layout:
    """The layout of a headerless file.

    Raises
    ------
    SourceError
        If its first bytes are plainly something else.
    """
    with path.open("rb") as file:
        head = file.read(_N_HEAD_BYTES)
    refuse_other_kinds(path, head, format)
    rate_hz, center_hz = _portapack_notes(path)
    captures = (Capture(0, center_hz=center_hz),)
    return Layout(path, PLAIN[format], 0, path.stat().st_size, rate_hz, captures)


def raw_format(path: Path) -> SampleFormat | None:
    """The format that the name of `path` stands for, if it is one of ours."""
    if path.suffix.lower() == ".raw" and read_name(path.stem).is_gqrx:
        return SampleFormat.CF32
    return ENDINGS.get(path.suffix.lower())


def refuse_other_kinds(path: Path, head: bytes, format: SampleFormat) -> None:
    """Raise SourceError if `head`, a file's first bytes, cannot be samples in `format`."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            raise SourceError(f"{path}: not {format} samples: its first bytes are those of {kind}")
    if len(head) >= 16 and _TEXT.issuperset(head):
        raise SourceError(f"{path}: not {format} samples: it holds text")
    if format is SampleFormat.CF32:
        values = np.frombuffer(head, format.dtype, count=len(head) // 4)
        if not np.isfinite(values).all() or bool((np.abs(values) > _ABSURD_AMPLITUDE).any()):
            raise SourceError(f"{path}: not cf32 samples: its bytes are no plausible 32-bit floats")


def _portapack_notes(path: Path) -> tuple[float | None, float | None]:
    """Rate and centre from the ``.TXT`` that PortaPack writes beside its captures."""
    notes = next(
        (beside for beside in (path.with_suffix(".TXT"), path.with_suffix(".txt")) if beside.is_file()), None
    )
    if notes is None:
        return None, None
    found: dict[str, float] = {}
    for line in notes.read_text(encoding="ascii", errors="replace")[:4096].splitlines():
        key, _, value = line.partition("=")
        if value.strip().isdecimal() and int(value) > 0:
            found[key.strip()] = float(value)
    return found.get("sample_rate"), found.get("center_frequency")
