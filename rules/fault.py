"""Faults: what is wrong in a file, at which line, said so that its author can mend it.

Reading goes on after a fault, so that one run shows all of them.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault; ``str()`` is the line that a command prints."""

    file: str
    line: int
    """From 1."""
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


class RuleErrors(ValueError):  # noqa: N818 - it carries several
    """All faults of all files that were read."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = sorted(faults)
        super().__init__("\n".join(map(str, self.faults)))


class PartError(Exception):
    """One part of a rule is wrong: raised where it is found, collected where the file is read."""

    def __init__(self, message: str, line: int) -> None:
        self.message, self.line = message, line
        super().__init__(message)


@dataclass(slots=True)
class Faults:
    """The faults of one file so far."""

    file: str
    found: list[Fault] = field(default_factory=list[Fault])

    def add(self, line: int, message: str) -> None:
        self.found.append(Fault(self.file, line, message))


def did_you_mean(word: str, known: Collection[str]) -> str:
    """``; did you mean "x"?`` or, where nothing is near, what there is to choose from."""
    near = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    if near:
        return f'; did you mean "{near[0]}"?'
    if len(known) <= 16:
        return f"; known are {', '.join(known)}"
    return ""
