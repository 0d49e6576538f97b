"""Running somebody else's decoder: bounded in time, in input and in output, and never trusted."""

from __future__ import annotations

import os
import selectors
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

TIMEOUT_S = 10.0
"""A decoder reads a clip of seconds in a fraction of them."""

MAX_OUTPUT_BYTES = 1 << 16
MAX_SECONDS = 20.0
"""Of an emission that is given to a decoder; a message is shorter, and memory is bounded."""


class Rejection(StrEnum):
    MISSING = "missing"
    """Not installed."""
    FAILED = "failed"
    """Could not be started, or ended with an error."""
    TIMEOUT = "timeout"
    OVERFLOW = "overflow"
    """Said more than anyone can mean."""
    MALFORMED = "malformed"
    """A line that is not what the program is documented to print."""
    EMPTY = "empty"
    """Understood nothing."""


@dataclass(frozen=True, slots=True)
class Output:
    text: str
    rejection: Rejection | None


Runner = Callable[[Sequence[str], bytes], Output]


def run(argv: Sequence[str], given: bytes, *, timeout_s: float = TIMEOUT_S) -> Output:
    """Give `given` to the program's standard input and return what it says, up to the limits."""
    with tempfile.TemporaryFile() as file:
        file.write(given)
        file.seek(0)
        try:
            process = subprocess.Popen(
                list(argv), stdin=file, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/"
            )
        except OSError:
            return Output("", Rejection.FAILED)
    with process:
        chunks, rejection = _read(process, time.monotonic() + timeout_s)
        if rejection is not None:
            process.kill()
    text = b"".join(chunks)[:MAX_OUTPUT_BYTES].decode("utf-8", "replace")
    if rejection is None and process.returncode != 0:
        rejection = Rejection.FAILED
    return Output(text, rejection)


def _read(process: subprocess.Popen[bytes], deadline: float) -> tuple[list[bytes], Rejection | None]:
    chunks: list[bytes] = []
    size = 0
    pipe = process.stdout
    if pipe is None:
        return chunks, Rejection.FAILED
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not selector.select(left):
                return chunks, Rejection.TIMEOUT
            chunk = os.read(pipe.fileno(), 1 << 14)
            if not chunk:
                return chunks, None
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_OUTPUT_BYTES:
                return chunks, Rejection.OVERFLOW
