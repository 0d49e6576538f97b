"""A release: files of configuration and rules, numbered and signed. Pure but for reading a folder.

    "EWR1"  signature (64 bytes, Ed25519 over all that follows)  zip: manifest.json, files/…

The signature is checked before anything is parsed. The number only grows, so an old bundle cannot be
played again; going back to older files is a new number with their content.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from monitor.alert import wire
from monitor.faults import Fault, InputError

FORMAT = 1
MAX_FILES, MAX_BYTES = 5000, 32 << 20
MAGIC, N_SIGNATURE = b"EWR1", 64
MANIFEST, FILES = "manifest.json", "files/"
_PURPOSE = b"examwatch release 1\n"
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest date a zip can hold: the same content is the same bytes."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Fields that a newer program adds are passed over; ``format`` grows where they must not be."""

    format: int = FORMAT
    serial: int
    made_at: datetime
    made_by: str
    note: str = ""
    files: dict[str, str]
    """Path to the SHA-256 of its content, 64 hex digits."""

    @property
    def content(self) -> str:
        """Digest of the files alone."""
        return wire.digest(wire.canonical(self.files))


class BundleError(Exception):
    """Not a bundle to be used; one line says why."""


@dataclass(frozen=True, slots=True)
class Bundle:
    manifest: Manifest
    files: Mapping[str, bytes]


def read_folder(folder: Path) -> dict[str, bytes]:
    """The files below `folder` by their path in it; hidden ones are left out.

    Raises
    ------
    InputError
        Naming all that is too much, a link, or cannot be read.
    """
    faults: list[Fault] = []
    files: dict[str, bytes] = {}
    n_bytes = 0
    for root, names, leaves in os.walk(folder):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for path in (Path(root) / leaf for leaf in sorted(leaves) if not leaf.startswith(".")):
            if path.is_symlink():
                faults.append(Fault(str(path), 0, "is a link: a bundle holds files alone"))
                continue
            try:
                content = path.read_bytes()
            except OSError as error:
                faults.append(Fault(str(path), 0, f"cannot be read: {error.strerror}"))
                continue
            n_bytes += len(content)
            files[path.relative_to(folder).as_posix()] = content
    if not files and not faults:
        faults.append(Fault(str(folder), 0, "holds no file"))
    if len(files) > MAX_FILES or n_bytes > MAX_BYTES:
        faults.append(Fault(str(folder), 0, f"{len(files)} files of {n_bytes} bytes are too much: "
                                            f"at most {MAX_FILES} of {MAX_BYTES}"))  # fmt: skip
    if faults:
        raise InputError(faults)
    return files


def pack(
    files: Mapping[str, bytes], serial: int, by: str, at: datetime, note: str, key: Ed25519PrivateKey
) -> bytes:
    """The bundle's bytes."""
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in sorted(files.items())}
    manifest = Manifest(serial=serial, made_at=at, made_by=by, note=note, files=digests)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(MANIFEST, _EPOCH), wire.canonical(manifest))
        for path, content in sorted(files.items()):
            info = zipfile.ZipInfo(FILES + path, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    body = out.getvalue()
    return MAGIC + key.sign(_PURPOSE + body) + body


def unpack(raw: bytes, key: Ed25519PublicKey, newer_than: int = 0) -> Bundle:
    """What `raw` holds, if `key` signed all of it and it is newer than what is there.

    Raises
    ------
    BundleError
        Otherwise.
    """
    head = len(MAGIC) + N_SIGNATURE
    if not raw.startswith(MAGIC) or len(raw) <= head:
        raise BundleError("not a bundle")
    body = raw[head:]
    try:
        key.verify(raw[len(MAGIC) : head], _PURPOSE + body)
    except InvalidSignature:
        raise BundleError("the bundle is not signed by this hub's key") from None
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            manifest = msgspec.json.decode(_read(archive, MANIFEST, MAX_BYTES), type=Manifest)
            if manifest.format != FORMAT:
                raise BundleError(f"the bundle has format {manifest.format}; this version reads {FORMAT}")
            if manifest.serial <= newer_than:
                raise BundleError(f"release {manifest.serial} is not newer than {newer_than}, which is here")
            return Bundle(manifest, _files(archive, manifest))
    except (zipfile.BadZipFile, KeyError, msgspec.DecodeError) as error:
        raise BundleError(f"signed, but not a bundle: {error}") from None


def _files(archive: zipfile.ZipFile, manifest: Manifest) -> dict[str, bytes]:
    there = {one.filename for one in archive.infolist()} - {MANIFEST}
    if there != {FILES + path for path in manifest.files} or len(there) > MAX_FILES:
        raise BundleError("the bundle holds other files than its manifest names")
    files: dict[str, bytes] = {}
    left = MAX_BYTES
    for path, digest in manifest.files.items():
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or "\\" in path or any(part in ("..", ".") for part in parts):
            raise BundleError(f"{path!r} is no path within a bundle")
        content = _read(archive, FILES + path, left)
        left -= len(content)
        if hashlib.sha256(content).hexdigest() != digest:
            raise BundleError(f"{path} is not the file of the manifest")
        files[path] = content
    return files


def _read(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """Not what the archive says of its size, which may be a lie, but at most `most` bytes."""
    with archive.open(name) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise BundleError(f"the bundle is larger than {MAX_BYTES} bytes")
    return content
