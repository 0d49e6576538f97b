"""Files that only their owner reads, and that are there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from monitor.faults import WorldError


def write_private(path: Path, content: bytes) -> None:
    """Replace `path` by `content`, mode 0600; its folder is made, mode 0700, where there is none.

    Raises
    ------
    WorldError
        If the disk does not take it.
    """
    beside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside.unlink(missing_ok=True)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        if os.geteuid() == 0:
            # A command of root beside a daemon that is not: the daemon must still read its own files.
            owner = path.parent.stat()
            os.chown(beside, owner.st_uid, owner.st_gid)
        os.replace(beside, path)
    except OSError as error:
        raise WorldError(f"{path}: cannot be written: {error.strerror or error}") from None
