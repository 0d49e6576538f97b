"""Faults of what a person wrote: collected, each with its place, reported all at once."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from monitor.plain import plain


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong in one place."""

    file: str
    line: int
    """Counts from 1; 0 means the file as a whole."""
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


class InputError(Exception):
    """The input is wrong (exit code 2): nothing was changed, every fault found is in ``faults``."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(set(faults))
        super().__init__("\n".join(plain(str(fault)) for fault in self.faults))


class WorldError(Exception):
    """The world failed (exit code 1): a port is taken, a disk is full. The message is one line."""


def cause_of(error: Exception) -> str:
    """What went wrong, for a message that has named the file already."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


class FaultList:
    """Collects faults of one file."""

    def __init__(self, path: Path) -> None:
        self.file = str(path)
        self.faults: list[Fault] = []

    def add(self, line: int, message: str) -> None:
        self.faults.append(Fault(self.file, line, message))

    def raise_any(self) -> None:
        """Raise what was collected, if anything was.

        Raises
        ------
        InputError
            With every fault that was added.
        """
        if self.faults:
            raise InputError(self.faults)


@contextmanager
def collected(faults: list[Fault]) -> Generator[None, None, None]:
    """Add the faults of what fails inside to `faults`, and go on after it."""
    try:
        yield
    except InputError as error:
        faults += error.faults
