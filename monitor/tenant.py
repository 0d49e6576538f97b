"""One daemon a data folder: two would answer for the same alerts, and write over each other's notes.

The embedded queue locks its database too, but says no more than that, and not every role has one. This lock
is the kernel's, on an open file: it ends with its process, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from monitor.faults import WorldError

NAME = "run.lock"
PATIENCE_S = 3.0
"""What a killed daemon's children may take to notice that they are alone."""
_STEP_S = 0.1


@contextmanager
def sole_tenant(folder: Path, patience_s: float = PATIENCE_S) -> Generator[None, None, None]:
    """Inside, no other process gets `folder`, which is made if it is not there.

    Raises
    ------
    WorldError
        If another has it, with its number, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise WorldError(f"{folder}: {error.strerror or error}") from None
    try:
        _lock(file, folder, time.monotonic() + patience_s)
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(file)


def _lock(file: int, folder: Path, until: float) -> None:
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= until:
                other = os.pread(file, 32, 0).decode("ascii", "replace").strip()
                raise WorldError(
                    f"{folder}: examwatch already runs on this folder (process {other})"
                    " / 该目录已有运行中的进程"
                ) from None
        except OSError as error:
            raise WorldError(f"{folder / NAME}: cannot be locked: {error.strerror}") from None
        time.sleep(_STEP_S)
