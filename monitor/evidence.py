"""Evidence: files named by their content, written whole or not at all, never changed.

    data_dir/evidence/<sha256 in hex>.<ending>

The radio room writes into the same folder in the same way, so one digest finds any file.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from datetime import datetime
from pathlib import Path

from monitor.alert.alert import EvidenceRef


class EvidenceStore:
    """One folder. Blocking."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def keep(self, content: bytes, media_type: str, role: str, ending: str, at: datetime) -> EvidenceRef:
        """Keep `content`; keeping it again changes nothing.

        Raises
        ------
        OSError
            If it could not be written; then nothing of it is there.
        """
        name = hashlib.sha256(content).hexdigest()
        path = f"{name}.{ending}"
        place = self.root / path
        if not place.exists():
            self._write(place, content)
        return EvidenceRef(f"sha256:{name}", media_type, role, path, len(content), at)

    def find(self, path: str) -> Path | None:
        """The file that an evidence reference names, if it lies in the folder and is there."""
        place = self.root / path
        if place.resolve().parent != self.root.resolve() or not place.is_file():
            return None
        return place

    def _write(self, place: Path, content: bytes) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.root, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o640)
            os.replace(name, place)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise
        sync_folder(self.root)


def sync_folder(folder: Path) -> None:
    """A new name is only on the disk once its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
