"""IQ in WAV: two channels, I left, Q right; RIFF, and RF64 or BW64 for more than 4 GiB.

    RIFF size WAVE { id size bytes }...     fmt   kind, channels, rate, bits
                                            auxi  SDR#, HDSDR, SDRuno, Spectravue: start, stop, centre;
                                                  SDR Console: the same as XML, in UTF-16
                                            ds64  RF64, BW64: the true sizes
                                            data  the samples

A header whose size does not fit the file (a recorder that was killed, one that counts in 32 bits
what is longer) is read to the file's end, with a warning.
"""

from __future__ import annotations

import re
import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from sdr.source.base import SourceError
from sdr.source.layout import Capture, Layout
from sdr.source.packing import Packing

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_PACKINGS = {
    (_PCM, 8): Packing("u", 8),
    (_PCM, 16): Packing("i", 16),
    (_PCM, 24): Packing("i", 24),
    (_PCM, 32): Packing("i", 32),
    (_FLOAT, 32): Packing("f", 32),
    (_FLOAT, 64): Packing("f", 64),
}
_LONG = (b"RF64", b"BW64")
"""EBU Tech 3306 and ITU-R BS.2088: the sizes of 32 bits are void, ``ds64`` has them."""
_UNKNOWN_SIZE = 0xFFFFFFFF
_MAX_HEADER_BYTES = 1 << 16
_XML_CENTER = re.compile(r'\bRadioCenterFreq="(\d{1,12})"')
_XML_START = re.compile(r'\bUTCSeconds="(\d{1,11})"')


def wav_layout(path: Path) -> Layout:
    """The layout of an IQ WAV file.

    Raises
    ------
    SourceError
        If it is no WAV, holds audio, or samples of a width that is not read.
    """
    n_file = path.stat().st_size
    chunks: dict[bytes, bytes] = {}
    with path.open("rb") as file:
        head = file.read(12)
        if len(head) < 12 or head[:4] not in (b"RIFF", *_LONG) or head[8:] != b"WAVE":
            raise SourceError(f"{path}: not a WAV file: it does not begin with a RIFF header")
        first_byte, n_said = _walk_to_data(path, file, chunks, is_long=head[:4] in _LONG)
    kind, n_channels, rate, bits = _format_chunk(path, chunks)
    if n_channels != 2:
        raise SourceError(
            f"{path}: a WAV file of {n_channels} channel(s) is audio; IQ has two, I left and Q right"
        )
    packing = _PACKINGS.get((kind, bits))
    if packing is None:
        raise SourceError(
            f"{path}: WAV samples of {bits} bits (kind {kind}) are not read; "
            "8, 16, 24, 32 and float 32, 64 are"
        )
    warnings: list[str] = []
    n_there = n_file - first_byte
    if n_said == 0 or n_said >= _UNKNOWN_SIZE:
        n_said = n_there
    elif n_said > n_there:
        warnings.append(f"{path}: the header promises {n_said} bytes of samples, the file holds {n_there}")
    elif n_there - n_said > _UNKNOWN_SIZE and (n_there - n_said) % (1 << 32) <= _MAX_HEADER_BYTES:
        warnings.append(f"{path}: the header counts in 32 bits; all {n_there} bytes of samples are read")
        n_said = n_there - (n_there - n_said) % (1 << 32)
    center_hz, started_at = _auxi_chunk(chunks.get(b"auxi", b""))
    return Layout(
        path,
        packing,
        first_byte,
        min(n_said, n_there),
        rate_hz=float(rate) or None,
        captures=(Capture(0, center_hz=center_hz, started_at=started_at),),
        warnings=tuple(warnings),
    )


def _walk_to_data(
    path: Path, file: BinaryIO, chunks: dict[bytes, bytes], *, is_long: bool
) -> tuple[int, int]:
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"data":
            if (size == _UNKNOWN_SIZE or is_long) and len(chunks.get(b"ds64", b"")) >= 16:
                size = struct.unpack_from("<8xQ", chunks[b"ds64"])[0]
            return file.tell(), size
        if size <= _MAX_HEADER_BYTES:
            chunks[name] = file.read(size)
            file.seek(size & 1, 1)
        else:
            file.seek(size + (size & 1), 1)
    raise SourceError(f"{path}: a WAV file without a data chunk")


def _format_chunk(path: Path, chunks: dict[bytes, bytes]) -> tuple[int, int, int, int]:
    header = chunks.get(b"fmt ", b"")
    if len(header) < 16:
        raise SourceError(f"{path}: a WAV file without a whole fmt chunk before its data")
    kind, n_channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", header)
    if kind == _EXTENSIBLE and len(header) >= 26:
        kind = struct.unpack_from("<24xH", header)[0]
    return kind, n_channels, rate, bits


def _auxi_chunk(chunk: bytes) -> tuple[float | None, datetime | None]:
    """Centre and start: two SYSTEMTIMEs of eight u16, then the centre as u32 (Spectravue's layout)."""
    if chunk.startswith("<".encode("utf-16-le")):
        return _xml_auxi(chunk.decode("utf-16-le", errors="replace"))
    if len(chunk) < 36:
        return None, None
    year, month, _, day, hour, minute, second, ms = struct.unpack_from("<8H", chunk)
    center = struct.unpack_from("<32xI", chunk)[0]
    try:
        started_at = datetime(year, month, day, hour, minute, second, ms * 1000, tzinfo=UTC)
    except ValueError:
        started_at = None
    return float(center) or None, started_at


def _xml_auxi(text: str) -> tuple[float | None, datetime | None]:
    """Two attributes are all that is wanted: no parser, and nothing for one to trip over."""
    center, start = _XML_CENTER.search(text), _XML_START.search(text)
    started_at = datetime.fromtimestamp(int(start[1]), UTC) if start and int(start[1]) else None
    return (float(center[1]) or None) if center else None, started_at
