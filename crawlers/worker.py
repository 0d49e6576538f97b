"""The child process of `crawlers.workshop`: reads a job, does it, writes the answer, until its input ends."""

from __future__ import annotations

import importlib
import os
import pickle
import resource
import struct
import sys

from crawlers.errors import CrawlError

MAX_MEMORY_BYTES = 1024 * 2**20
"""Of the child's heap; a PDF of 50 pages is read in 200 MB."""
_LENGTH = struct.Struct("<Q")


def main() -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # What a parser prints must not end up between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    jobs = sys.stdin.buffer
    while len(head := jobs.read(_LENGTH.size)) == _LENGTH.size:
        module, name, arguments = pickle.loads(jobs.read(_LENGTH.unpack(head)[0]))  # noqa: S301 - from our parent
        try:
            answer = (True, getattr(importlib.import_module(module), name)(*arguments))
        except CrawlError as error:
            answer = (False, (error.kind, error.where, error.detail))
        except (RecursionError, MemoryError) as error:
            answer = (False, ("parse", name, f"{type(error).__name__}: nested too deeply or too large"))
        except Exception as error:  # noqa: BLE001 - what a parser makes of hostile bytes is that file's fault
            answer = (False, ("parse", name, f"{type(error).__name__}: {error}"))
        data = pickle.dumps(answer)
        answers.write(_LENGTH.pack(len(data)) + data)
        answers.flush()


if __name__ == "__main__":
    main()
