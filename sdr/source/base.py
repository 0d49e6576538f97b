"""The one door through which samples come, whatever they come from.

A source is read by one thread of ours. It never waits for its reader: what the
reader is too slow for is dropped, counted, and told in the next block.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sdr.types import Block, Hop, SampleFormat


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before its first sample."""

    name: str
    """As the user wrote it: ``rtl:0``, a path, ``synth:world.yml``."""
    format: SampleFormat
    rate_hz: float
    center_hz: float
    started_at: datetime
    """When the first sample was, or is going to be, at the antenna."""
    n_samples: int | None
    """None for a source without an end."""
    tunable: bool
    live: bool
    """Samples come at the speed of the world, and can be lost."""
    rate_known: bool = True
    """False: `rate_hz` is a convention, and everything measured in hertz or seconds hangs on it."""
    center_known: bool = True
    """False: `center_hz` is a convention, or 0 so that frequencies read as offsets."""
    time_known: bool = True
    """False: `started_at` was not recorded and is taken from the file's own date."""
    warnings: tuple[str, ...] = ()
    """One line each, for a person: what was wrong and what was done about it."""


class SourceError(Exception):
    """The source cannot be opened or has ended in an error. The message is one line for a person.

    ``retry`` says whether the same call may work later (unplugged, refused),
    or not before somebody changes something (no such file, not a recording).
    """

    def __init__(self, message: str, *, retry: bool = False) -> None:
        super().__init__(message)
        self.retry = retry


class SampleSource(Protocol):
    """Blocking; called from one thread. ``close`` may be called from any and ends a pending read."""

    @property
    def info(self) -> SourceInfo: ...

    def tune(self, hop: Hop) -> None:
        """Set the receiver to `hop`; no sample from before it is delivered afterwards.

        Raises
        ------
        SourceError
            If the source is not tunable or the receiver refuses.
        """
        ...

    def read(self, n_samples: int) -> Block | None:
        """The next block, `n_samples` long or shorter; None at the end.

        Raises
        ------
        SourceError
            If the source failed. It may be read again if ``retry`` is set.
        """
        ...

    def close(self) -> None: ...
