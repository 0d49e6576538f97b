"""Where pages and files are parsed: in processes that can be killed.

Parsers written in C hold the interpreter while they work, and there are pages on which
each of them works for minutes (half a million nested ``<div>``). So they run in child
processes with a limit on time and memory; a child over the limit is killed and replaced,
and what it was given fails alone.

    run(work, *arguments) ──pickle──> child: work(*arguments) ──pickle──> result

A child that has read hostile bytes is not trusted: its answer may only hold our own
records and plain values.
"""

from __future__ import annotations

import asyncio
import importlib
import io
import math
import os
import pickle
import struct
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol

from crawlers.errors import CrawlError

LIMIT_S = 10.0
"""For one page; a thread of 300 kB takes 0.05 s."""
MAX_ANSWER_BYTES = 64 * 2**20
_LENGTH = struct.Struct("<Q")
_PLAIN = {
    "builtins": {"set", "frozenset", "tuple", "list", "dict", "bytearray", "complex"},
    "datetime": {"datetime", "timezone", "timedelta"},
    "copyreg": {"_reconstructor"},
}


class Workshop(Protocol):
    """Runs a module's function away from the event loop."""

    async def run(self, work: Callable[..., Any], *arguments: Any, limit_s: float = LIMIT_S) -> Any:
        """What ``work(*arguments)`` returns. Raises CrawlError of kind ``parse`` when it takes too long."""
        ...


class ThreadWorkshop:
    """In a thread, without limits: for tests and for input of one's own."""

    async def run(self, work: Callable[..., Any], *arguments: Any, limit_s: float = LIMIT_S) -> Any:
        return await asyncio.to_thread(work, *arguments)


class ProcessWorkshop:
    """`n_workers` children, started when first needed; an async context manager.

    Parameters
    ----------
    longest_s : float
        What no job may exceed, whatever limit it was given.
    """

    def __init__(self, n_workers: int = 2, longest_s: float = math.inf) -> None:
        self._longest_s = longest_s
        self._idle: asyncio.LifoQueue[asyncio.subprocess.Process | None] = asyncio.LifoQueue()
        for _ in range(n_workers):
            self._idle.put_nowait(None)
        self._all: set[asyncio.subprocess.Process] = set()
        self.n_killed = 0

    async def __aenter__(self) -> ProcessWorkshop:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in list(self._all):
            await self._end(child)

    async def run(self, work: Callable[..., Any], *arguments: Any, limit_s: float = LIMIT_S) -> Any:
        limit_s = min(limit_s, self._longest_s)
        job = pickle.dumps((work.__module__, work.__qualname__, arguments))
        child = await self._idle.get()
        whole = False
        try:
            if child is None or child.returncode is not None:
                child = await self._start()
            async with asyncio.timeout(limit_s):
                answer = await _exchange(child, job)
            whole = True
        except TimeoutError:
            self.n_killed += 1
            raise CrawlError("parse", work.__name__, f"took over {limit_s:g} s") from None
        except (OSError, EOFError, asyncio.IncompleteReadError):
            self.n_killed += 1
            raise CrawlError("parse", work.__name__, "the parser crashed or ran out of memory") from None
        finally:
            # A child whose answer was not read to its end would give it to the next job.
            if child is not None and not whole:
                await self._end(child)
                child = None
            self._idle.put_nowait(child)
        good, value = _read_answer(answer)
        if not good:
            raise CrawlError(*value)
        return value

    async def _start(self) -> asyncio.subprocess.Process:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "crawlers.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**20,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        self._all.add(child)
        return child

    async def _end(self, child: asyncio.subprocess.Process) -> None:
        self._all.discard(child)
        if child.returncode is None:
            child.kill()
        await child.wait()


async def _exchange(child: asyncio.subprocess.Process, job: bytes) -> bytes:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(_LENGTH.pack(len(job)))
    child.stdin.write(job)
    await child.stdin.drain()
    (n_bytes,) = _LENGTH.unpack(await child.stdout.readexactly(_LENGTH.size))
    if n_bytes > MAX_ANSWER_BYTES:
        raise EOFError
    return await child.stdout.readexactly(n_bytes)


class _Careful(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str) -> Any:
        if global_name in _PLAIN.get(module_name, ()):
            return getattr(importlib.import_module(module_name), global_name)
        if module_name.split(".")[0] == "crawlers":
            found = getattr(importlib.import_module(module_name), global_name)
            if found is CrawlError or (isinstance(found, type) and hasattr(found, "__dataclass_fields__")):
                return found
        raise pickle.UnpicklingError(f"{module_name}.{global_name} is no record")


_NO_PICKLE = (
    pickle.UnpicklingError,
    AttributeError,
    EOFError,
    ImportError,
    LookupError,
    MemoryError,
    OverflowError,
    TypeError,
    ValueError,
)


def _read_answer(data: bytes) -> tuple[bool, Any]:
    try:
        good, value = _Careful(io.BytesIO(data)).load()
    except _NO_PICKLE as error:
        raise CrawlError("parse", "answer of the parser", str(error)) from None
    if good is not True and not (isinstance(value, tuple) and [*map(type, value)] == [str, str, str]):
        raise CrawlError("parse", "answer of the parser", "neither a result nor an error")
    return good, value
