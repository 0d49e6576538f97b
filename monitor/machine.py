"""The machine a sensor runs on: its clock, its disk, its way to the hub. Each answers, or says why not."""

from __future__ import annotations

import ctypes
import shutil
import socket
from pathlib import Path

_TIMEX_BYTES = 512
"""struct timex has 208 bytes on 64-bit Linux; room to spare."""
_TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronised."""
UPLINK_TIMEOUT_S = 3.0


def clock_synchronised() -> bool | None:
    """Whether the kernel's clock is kept by NTP, PTP or GPS; None where the system does not say."""
    try:
        adjtimex = ctypes.CDLL(None, use_errno=True).adjtimex
    except (OSError, AttributeError):
        return None
    state = int(adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES)))
    return None if state < 0 else state != _TIME_ERROR


def free_bytes(folder: Path) -> int | None:
    """Room on the disk of `folder`, or of the nearest folder above it that exists."""
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return None


def uplink_fault(host: str, port: int, timeout_s: float = UPLINK_TIMEOUT_S) -> str | None:
    """Why `host` cannot be reached at `port`; None if it can."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s):
            return None
    except OSError as error:
        return error.strerror or str(error)
