"""The door to reading pictures: each in a process of its own kind, with a limit on time.

    OcrReader.read ──> the worker of this process ──pipe──> crawlers.extract.worker

A worker over the limit is killed and replaced, and the picture it had fails alone. A reader is a
plain value that can be pickled; the worker, with its models, belongs to the process and is kept
for the next picture.
"""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from functools import cache
from typing import IO

import msgspec

from crawlers.errors import ERROR_KINDS, CrawlError
from crawlers.extract.file import ImageText
from crawlers.extract.image.page import PageReading
from crawlers.extract.worker import LENGTH, Answer

PAGE_LIMIT_S = 20.0
"""For one picture, models loaded; a page takes 2.5 s of a core, which it may have to share."""
START_LIMIT_S = 30.0
"""Added for a worker's first picture: loading takes 1.5 s of a core."""
MAX_ANSWER_BYTES = 8 * 2**20
_PIECE_BYTES = 256 * 1024


class PageWorker:
    """One worker process, started when first needed; usable from several threads, one at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()
        self.n_killed = 0

    def read(self, data: bytes, limit_s: float = PAGE_LIMIT_S) -> PageReading:
        """Read a picture.

        Raises
        ------
        CrawlError
            ``parse`` or ``too_large`` for the picture's faults; ``timeout`` past the limit.
        """
        with self._turn:
            whole = False
            try:
                answer = self._exchange(data, limit_s)
                whole = True
            except TimeoutError:
                raise CrawlError("timeout", "picture", f"took over {limit_s:g} s") from None
            except (OSError, EOFError):
                raise CrawlError("parse", "picture", "the reader crashed or ran out of memory") from None
            except (msgspec.DecodeError, UnicodeDecodeError) as error:
                raise CrawlError("parse", "picture", f"answer of the reader: {error}") from None
            finally:
                # A worker whose answer was not read to its end would give it to the next picture.
                if not whole:
                    self.n_killed += 1
                    self._kill()
        if answer.fault is not None:
            kind, detail = answer.fault
            raise CrawlError(kind if kind in ERROR_KINDS else "parse", "picture", detail)
        return answer.page or PageReading()

    def close(self) -> None:
        with self._turn:
            self._kill()

    def _exchange(self, data: bytes, limit_s: float) -> Answer:
        process = self._process
        if process is None or process.poll() is not None:
            self._kill()
            process = self._process = _start()
            limit_s += START_LIMIT_S
        assert process.stdin is not None
        assert process.stdout is not None
        until = time.monotonic() + limit_s
        _send(process.stdin, LENGTH.pack(len(data)) + data, until)
        (n_bytes,) = LENGTH.unpack(_receive(process.stdout, LENGTH.size, until))
        if n_bytes > MAX_ANSWER_BYTES:
            raise EOFError
        return msgspec.json.decode(_receive(process.stdout, n_bytes, until), type=Answer)

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def _start() -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "crawlers.extract.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        bufsize=0,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    for pipe in (process.stdin, process.stdout):
        assert pipe is not None
        os.set_blocking(pipe.fileno(), False)
    return process


def _wait(pipe: IO[bytes], event: int, until: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, event)
        if not selector.select(max(0.0, until - time.monotonic())):
            raise TimeoutError


def _send(pipe: IO[bytes], data: bytes, until: float) -> None:
    rest = memoryview(data)
    while rest:
        _wait(pipe, selectors.EVENT_WRITE, until)
        rest = rest[os.write(pipe.fileno(), rest[:_PIECE_BYTES]) :]


def _receive(pipe: IO[bytes], n_bytes: int, until: float) -> bytes:
    data = bytearray()
    while len(data) < n_bytes:
        _wait(pipe, selectors.EVENT_READ, until)
        piece = os.read(pipe.fileno(), min(_PIECE_BYTES, n_bytes - len(data)))
        if not piece:
            raise EOFError
        data += piece
    return bytes(data)


@cache
def worker() -> PageWorker:
    """This process's worker. It ends when its input does, at the latest with this process."""
    return PageWorker()


@dataclass(frozen=True, slots=True)
class OcrReader:
    """An `ImageReader`: text, codes and PDQ of a picture."""

    limit_s: float = PAGE_LIMIT_S

    def read(self, data: bytes) -> ImageText:
        page = self.read_page(data)
        return ImageText(page.text, page.codes, page.pdq, page.personal, page.picture)

    def read_page(self, data: bytes) -> PageReading:
        """Everything that was read, names and seats included."""
        return worker().read(data, self.limit_s)
