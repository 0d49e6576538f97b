"""Where the samples of a recording lie, and what its container says of them.

Each container has a reader of its own (`raw`, `wav`, `sigmf`) that ends in a
`Layout`; `recording` plays any Layout and knows no container.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sdr.source.packing import Packing
from sdr.types import SampleFormat


@dataclass(frozen=True, slots=True)
class Capture:
    """A run of samples between two changes of the receiver."""

    first_sample: int
    """In the file."""
    center_hz: float | None = None
    started_at: datetime | None = None
    n_missing_before: int = 0
    """Samples that the recorder says it lost before this capture."""


@dataclass(frozen=True, slots=True)
class Layout:
    """None where the container is silent."""

    path: Path
    """The file that holds the samples."""
    packing: Packing
    first_byte: int
    n_bytes: int
    rate_hz: float | None = None
    """Numbers or pairs of them a second, as they lie in the file."""
    captures: tuple[Capture, ...] = (Capture(0),)
    """At least one, the first at sample 0, in order. Of a real recording: what 0 Hz in it stands for."""
    warnings: tuple[str, ...] = ()
    sha512: str | None = None
    """What the container says that the samples' bytes hash to."""

    @property
    def format(self) -> SampleFormat:
        """What a reader gets."""
        return self.packing.format

    @property
    def n_samples(self) -> int:
        """Whole samples that a reader gets."""
        return self.n_bytes // self.packing.n_pair_bytes
