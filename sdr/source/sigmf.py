"""SigMF: a JSON of metadata with its samples beside it, or both in one tar (``.sigmf``).

    x.sigmf-meta   global: core:datatype, core:sample_rate
                   captures: core:sample_start, core:frequency, core:datetime, core:global_index
    x.sigmf-data   the samples

A tar is not unpacked: its samples lie in it uncompressed and are read there. A hash that does not
fit (`check_hash`) is told and no reason to refuse: the samples are what there is, and whether they
were changed, cut or hashed wrongly nobody can tell from here.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast

from sdr.source.base import SourceError
from sdr.source.layout import Capture, Layout
from sdr.source.packing import Packing

_DATATYPE = re.compile(
    r"(?P<of>[cr])(?:(?P<byte>[iu]8)(?:_[lb]e)?|(?P<wide>[iu](?:16|32)|f(?:32|64))_(?P<order>[lb])e)"
)
"""SigMF 1.2, `core:datatype`: complex or real, kind and width, byte order where there is one."""
_SHA512 = re.compile(r"[0-9a-f]{128}", re.IGNORECASE)
_MAX_META_BYTES = 64 << 20
_N_HASH_BYTES = 1 << 20


def sigmf_layout(path: Path) -> Layout:
    """The layout of a SigMF recording, given its ``.sigmf-meta`` or ``.sigmf-data``.

    Raises
    ------
    SourceError
        Naming the file and the field that is wrong or missing.
    """
    meta = path.with_suffix(".sigmf-meta")
    if not meta.is_file():
        raise SourceError(f"{path}: SigMF without metadata: {meta.name} is not beside it")
    if meta.stat().st_size > _MAX_META_BYTES:
        raise SourceError(f"{meta}: more than {_MAX_META_BYTES >> 20} MiB is no SigMF metadata")
    fields = _parse(meta, meta.read_bytes())
    dataset = _object(meta, fields, "global").get("core:dataset")
    data = meta.with_name(Path(dataset).name) if isinstance(dataset, str) else meta.with_suffix(".sigmf-data")
    if not data.is_file():
        raise SourceError(f"{meta}: SigMF without data: {data.name} is not beside it")
    return _layout(meta, fields, data, 0, data.stat().st_size)


def archive_layout(path: Path) -> Layout:
    """The layout of the first recording in a ``.sigmf`` archive.

    Raises
    ------
    SourceError
        Naming the file and the field that is wrong or missing.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            members = [member for member in tar.getmembers() if member.isfile()]
            metas = [member for member in members if member.name.endswith(".sigmf-meta")]
            if not metas:
                raise SourceError(f"{path}: a SigMF archive without metadata")
            stored = tar.extractfile(metas[0]) if metas[0].size <= _MAX_META_BYTES else None
            text = stored.read() if stored else b""
    except (tarfile.TarError, EOFError) as fault:
        raise SourceError(f"{path}: not a SigMF archive: {fault}") from fault
    data_name = metas[0].name.removesuffix("-meta") + "-data"
    data = next((member for member in members if member.name == data_name), None)
    if data is None:
        raise SourceError(f"{path}: SigMF without data: {data_name} is not in the archive")
    n_there = min(data.size, path.stat().st_size - data.offset_data)
    return _layout(path, _parse(path, text), path, data.offset_data, n_there)


def _parse(path: Path, text: bytes) -> dict[str, object]:
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as fault:
        raise SourceError(f"{path}:{fault.lineno}: not JSON: {fault.msg}") from fault
    except (UnicodeDecodeError, RecursionError) as fault:
        raise SourceError(f"{path}: not JSON") from fault
    if not isinstance(fields, dict):
        raise SourceError(f"{path}: not SigMF metadata: an object with global and captures is expected")
    return cast("dict[str, object]", fields)


def _layout(path: Path, fields: dict[str, object], data: Path, first_byte: int, n_bytes: int) -> Layout:
    top = _object(path, fields, "global")
    datatype = top.get("core:datatype")
    packing = _packing(datatype) if isinstance(datatype, str) else None
    if packing is None:
        raise SourceError(f"{path}: core:datatype {datatype!r} is not read; SigMF's own are, such as ci16_le")
    if top.get("core:num_channels", 1) != 1:
        raise SourceError(f"{path}: core:num_channels: recordings of several channels are not read")
    rate_hz = _number(path, "core:sample_rate", top.get("core:sample_rate"))
    if rate_hz is not None and rate_hz <= 0:
        raise SourceError(f"{path}: core:sample_rate must be above 0")
    sha512 = top.get("core:sha512")
    return Layout(
        data,
        packing,
        first_byte,
        n_bytes,
        rate_hz,
        _captures(path, fields, top),
        sha512=None if sha512 is None else str(sha512),
    )


def _packing(datatype: str) -> Packing | None:
    found = _DATATYPE.fullmatch(datatype)
    if found is None:
        return None
    kind = cast("Literal['u', 'i', 'f']", (found["byte"] or found["wide"])[0])
    n_bits = int((found["byte"] or found["wide"])[1:])
    return Packing(kind, n_bits, big_endian=found["order"] == "b", is_real=found["of"] == "r")


def check_hash(layout: Layout) -> str | None:
    """What a person must be told of the samples' hash: a line, or None where it fits or none is given.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    if layout.sha512 is None:
        return None
    if not _SHA512.fullmatch(layout.sha512):
        return f"{layout.path}: core:sha512 is no SHA-512, the samples are unchecked"
    found = hashlib.sha512()
    n_left = layout.n_bytes
    with layout.path.open("rb") as file:
        file.seek(layout.first_byte)
        while n_left > 0 and (piece := file.read(min(n_left, _N_HASH_BYTES))):
            found.update(piece)
            n_left -= len(piece)
    if found.hexdigest() == layout.sha512.lower():
        return None
    return f"{layout.path}: the samples are not those that core:sha512 was made of; read all the same"


def _captures(path: Path, fields: dict[str, object], top: dict[str, object]) -> tuple[Capture, ...]:
    listed = fields.get("captures", [])
    if not isinstance(listed, list):
        raise SourceError(f"{path}: captures must be a list")
    captures: list[Capture] = []
    n_missing = 0
    base = top.get("core:offset", 0)
    base = base if isinstance(base, int) else 0
    for number, entry in enumerate(cast("list[object]", listed)):
        if not isinstance(entry, dict):
            raise SourceError(f"{path}: captures[{number}] must be an object")
        capture = cast("dict[str, object]", entry)
        start = capture.get("core:sample_start")
        if not isinstance(start, int) or isinstance(start, bool) or start < base:
            raise SourceError(
                f"{path}: captures[{number}]: core:sample_start must be a whole number of samples"
            )
        if captures and start - base < captures[-1].first_sample:
            raise SourceError(f"{path}: captures[{number}]: core:sample_start goes backwards")
        if capture.get("core:header_bytes"):
            raise SourceError(f"{path}: captures[{number}]: core:header_bytes is not read")
        index = capture.get("core:global_index")
        missing_here = 0
        if isinstance(index, int) and captures:
            missing_here = max(0, index - start - n_missing)
        elif isinstance(index, int):
            n_missing = index - start
        n_missing += missing_here
        captures.append(
            Capture(
                start - base,
                _number(path, f"captures[{number}]: core:frequency", capture.get("core:frequency")),
                _instant(path, number, capture.get("core:datetime")),
                missing_here,
            )
        )
    if not captures or captures[0].first_sample > 0:
        captures.insert(0, Capture(0))
    return tuple(captures)


def _object(path: Path, fields: dict[str, object], name: str) -> dict[str, object]:
    value = fields.get(name)
    if not isinstance(value, dict):
        raise SourceError(f"{path}: not SigMF metadata: {name} is missing or no object")
    return cast("dict[str, object]", value)


def _number(path: Path, name: str, value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise SourceError(f"{path}: {name} must be a number")
    return float(value)


def _instant(path: Path, number: int, value: object) -> datetime | None:
    if value is None:
        return None
    try:
        instant = datetime.fromisoformat(str(value))
    except ValueError as fault:
        raise SourceError(
            f"{path}: captures[{number}]: core:datetime {value!r} is no ISO 8601 time"
        ) from fault
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
