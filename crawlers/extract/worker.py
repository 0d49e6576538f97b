"""The process that reads pictures: bytes in, a reading out, until its input ends.

    8 bytes length, picture ──stdin──>  read_page  ──stdout──> 8 bytes length, JSON of an Answer

Memory and time of each picture are limited by the kernel, so that it ends even when whoever
started it is gone and it is caught inside a library.
"""

from __future__ import annotations

import os
import resource
import struct
import sys
from dataclasses import dataclass

import msgspec

from crawlers.errors import CrawlError
from crawlers.extract.image.page import PageReading

MAX_MEMORY_BYTES = 1536 * 2**20
"""Measured: 0.4 GB for a photo of 50 million pixels."""
MAX_CPU_S = 60
"""For one picture; the limit on the clock, which is its reader's, comes first."""
LENGTH = struct.Struct("<Q")


@dataclass(frozen=True, slots=True)
class Answer:
    """A reading, or why there is none."""

    page: PageReading | None = None
    fault: tuple[str, str] | None = None
    """Kind and detail of a `CrawlError`."""


def main() -> None:
    _limit(resource.RLIMIT_DATA, MAX_MEMORY_BYTES)
    _limit(resource.RLIMIT_CORE, 0)
    # What a library prints must not end up between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    pictures = sys.stdin.buffer

    from crawlers.extract.image.engine import Engine
    from crawlers.extract.image.page import read_page

    engine = Engine()
    while len(head := pictures.read(LENGTH.size)) == LENGTH.size:
        data = pictures.read(LENGTH.unpack(head)[0])
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + MAX_CPU_S, keep_hard=True)
        try:
            answer = Answer(page=read_page(engine, data))
        except CrawlError as error:
            answer = Answer(fault=(error.kind, error.detail))
        except MemoryError:
            answer = Answer(fault=("too_large", "does not fit into memory"))
        except Exception as error:  # noqa: BLE001 - what a decoder makes of hostile bytes is that picture's fault
            answer = Answer(fault=("parse", f"{type(error).__name__}: {error}"))
        packed = msgspec.json.encode(answer)
        answers.write(LENGTH.pack(len(packed)) + packed)
        answers.flush()


def _limit(what: int, amount: int, *, keep_hard: bool = False) -> None:
    _, hard = resource.getrlimit(what)
    soft = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
    resource.setrlimit(what, (soft, hard if keep_hard else soft))


if __name__ == "__main__":
    main()
