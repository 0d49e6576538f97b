"""ZIP and 7z: every member read as a file of its own, inside caps on count, depth and bytes.

What a header says of a member's size is only believed when it is already too much;
members are unpacked a piece at a time and counted. Nothing is ever written to disk, so
names like ``../../x`` are only names.
"""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from typing import Any

import py7zr
from py7zr.exceptions import ArchiveError
from py7zr.io import Py7zIO, WriterFactory

from crawlers.errors import CrawlError
from crawlers.extract.file import Extracted, Reading
from crawlers.extract.html import tidy

PIECE_BYTES = 256 * 1024
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, OSError, EOFError, ValueError, RuntimeError)
_UTF8_FLAG = 0x800
_ENCRYPTED_FLAG = 0x1


def open_zip(data: bytes, name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, RuntimeError) as error:
        raise CrawlError("parse", name, f"ZIP: {error}") from None


def member_name(info: zipfile.ZipInfo) -> str:
    """The member's name; Chinese Windows writes GBK unsaid, which zipfile takes for code page 437."""
    if info.flag_bits & _UTF8_FLAG:
        return info.filename
    raw = info.filename.encode("cp437", "replace")
    for charset in ("utf-8", "gb18030"):
        try:
            return raw.decode(charset)
        except UnicodeDecodeError:
            continue
    return info.filename


def read_member(package: zipfile.ZipFile, info: zipfile.ZipInfo, where: str, reading: Reading) -> bytes:
    """The member's bytes, counted while they are unpacked."""
    if info.flag_bits & _ENCRYPTED_FLAG:
        raise CrawlError("parse", where, "encrypted")
    if info.file_size > reading.n_bytes_left:
        raise CrawlError("too_large", where, f"{info.file_size} bytes unpacked")
    pieces: list[bytes] = []
    try:
        with package.open(info) as member:
            while piece := member.read(PIECE_BYTES):
                reading.spend(len(piece), where)
                pieces.append(piece)
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        OSError,
        EOFError,
        ValueError,
        RuntimeError,
    ) as error:
        raise CrawlError("parse", where, f"ZIP: {error}") from None
    return b"".join(pieces)


def read_zip(data: bytes, name: str, reading: Reading, depth: int) -> Extracted:
    gathered = _Gathered("application/zip", name, reading, depth)
    with open_zip(data, name) as package:
        for info in package.infolist():
            if info.is_dir():
                continue
            if not gathered.next_member():
                break
            where = f"{name}/{member_name(info)}"
            gathered.add(where, lambda info=info, where=where: read_member(package, info, where, reading))
    return gathered.result()


class _CountedMember(Py7zIO):
    """A 7z member in memory that stops at the caps."""

    def __init__(self, where: str, reading: Reading) -> None:
        self._where = where
        self._reading = reading
        self._data = bytearray()

    def write(self, s: bytes | bytearray) -> int:
        self._reading.spend(len(s), self._where)
        self._data += s
        return len(s)

    def read(self, size: int | None = None) -> bytes:
        return bytes(self._data if size is None or size < 0 else self._data[:size])

    def seek(self, offset: int, whence: int = 0) -> int:
        return 0

    def flush(self) -> None:
        return

    def size(self) -> int:
        return len(self._data)


class _Members(WriterFactory):
    def __init__(self, name: str, reading: Reading) -> None:
        self._name = name
        self._reading = reading
        self.made: dict[str, _CountedMember] = {}

    def create(self, filename: str) -> Py7zIO:
        member = _CountedMember(f"{self._name}/{filename}", self._reading)
        self.made[filename] = member
        return member


def read_7z(data: bytes, name: str, reading: Reading, depth: int) -> Extracted:
    gathered = _Gathered("application/x-7z-compressed", name, reading, depth)
    try:
        with py7zr.SevenZipFile(io.BytesIO(data)) as package:
            if package.needs_password():
                raise CrawlError("parse", name, "encrypted")
            listed: list[Any] = [info for info in package.list() if not info.is_directory]
            if sum(int(info.uncompressed or 0) for info in listed) > reading.n_bytes_left:
                raise CrawlError("too_large", name, f"over {reading.caps.max_bytes} bytes unpacked")
            members = _Members(name, reading)
            wanted = [info.filename for info in listed[: max(0, reading.n_members_left)]]
            package.extract(targets=wanted, factory=members)
    except (ArchiveError, lzma.LZMAError, OSError, EOFError, ValueError, RuntimeError, MemoryError) as error:
        raise CrawlError("parse", name, f"7z: {type(error).__name__} {error}") from None
    for filename, member in members.made.items():
        if not gathered.next_member():
            break
        gathered.add(f"{name}/{filename}", member.read)
    if len(listed) > len(wanted):
        gathered.too_many()
    return gathered.result()


class _Gathered:
    """The texts of an archive's members, each under its name."""

    def __init__(self, kind: str, name: str, reading: Reading, depth: int) -> None:
        if depth >= reading.caps.max_depth:
            raise CrawlError("too_large", name, f"archives nested {depth + 1} deep")
        self._result = Extracted(kind)
        self._name = name
        self._reading = reading
        self._depth = depth
        self._texts: list[str] = []

    def next_member(self) -> bool:
        """Room for one more; told once when there is none."""
        if self._reading.n_bytes_left < 0:
            return False
        if self._reading.n_members_left <= 0:
            self.too_many()
            return False
        self._reading.n_members_left -= 1
        return True

    def too_many(self) -> None:
        fault = f"{self._name}: more members than {self._reading.caps.max_members}"
        if fault not in self._result.faults:
            self._result.faults.append(fault)

    def add(self, where: str, unpack: Any) -> None:
        self._texts.append(where.removeprefix(self._name + "/"))
        try:
            part = self._reading.again(unpack(), where, self._reading, self._depth + 1)
        except CrawlError as error:
            self._result.faults.append(str(error))
            return
        self._texts.append(part.text)
        self._result.qr += part.qr
        self._result.personal += part.personal
        self._result.n_pages += part.n_pages
        self._result.pdq = self._result.pdq or part.pdq
        self._result.faults += part.faults

    def result(self) -> Extracted:
        self._result.text = tidy("\n".join(self._texts))
        return self._result
