"""The nouns of the radio room: what is tuned, what arrives, what was heard.

    Hop ──tune──> SampleSource ──read──> Block ──psd, detect──> Segment ──track──> Emission

Units are in the names: ``_hz _s _db _dbfs``; sample and row counts are ``n_`` or
plain indices; ``_at`` is an aware UTC instant.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray


class SampleFormat(StrEnum):
    """How one I/Q pair lies in memory; the names are those of recordings' endings."""

    CU8 = "cu8"
    CS8 = "cs8"
    CS16 = "cs16"
    CF32 = "cf32"

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of one component, little-endian."""
        return np.dtype({"cu8": "u1", "cs8": "i1", "cs16": "<i2", "cf32": "<f4"}[self.value])

    @property
    def offset(self) -> float:
        """The component's value that means zero volts."""
        return 127.5 if self is SampleFormat.CU8 else 0.0

    @property
    def full_scale(self) -> float:
        """The component's distance from zero that means 0 dBFS."""
        return {"cu8": 127.5, "cs8": 128.0, "cs16": 32768.0, "cf32": 1.0}[self.value]


@dataclass(frozen=True, slots=True)
class Hop:
    """One setting of the receiver: where it listens, how wide, how long, how sensitive."""

    center_hz: float
    rate_hz: float
    dwell_s: float = 0.0
    """0 means: stay until told otherwise."""
    gain_db: float | None = None
    """None leaves the receiver's automatic gain on (levels then do not compare)."""


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive samples of one hop. ``iq`` is a view that the next read may overwrite."""

    hop: Hop
    first_sample: int
    """Counts every sample since the source was opened, the dropped ones too."""
    started_at: datetime
    """When the first sample was at the antenna."""
    iq: NDArray[Any]
    """Shape (n, 2): I and Q, in the source's own format."""
    n_dropped_before: int = 0
    """Samples known to be missing between the previous block and this one."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A rectangle of time and frequency in which power was found."""

    first_row: int
    last_row: int
    low_hz: float
    high_hz: float
    snr_db: float
    scale: int
    """Rows that were added up for the test that found it."""


@dataclass(frozen=True, slots=True)
class Emission:
    """One transmission as far as it has been heard. Unknown values are None, never guessed."""

    id: str
    sensor: str
    start_s: float
    """From the first sample of the run."""
    end_s: float
    first_seen: datetime
    last_seen: datetime
    ended: bool
    center_hz: float
    bandwidth_hz: float
    snr_db: float
    """Power in ``bandwidth_hz`` over the noise in the same bandwidth."""
    peak_dbfs: float
    bursts: int
    on_time_s: float
    duty_cycle: float
    burst_period_s: float | None = None
    next_burst_at: datetime | None = None
    """When the next burst is to be expected, where a rhythm shows."""
    next_burst_within_s: float | None = None
    """Half-width of the window in which 95 % of the bursts so far fell."""
    modulation: str | None = None
    confidence: float | None = None
    symbol_rate: float | None = None
    deviation_hz: float | None = None
    content: str | None = None
    """``voice``, ``tones`` or ``data`` inside NFM, where that was told."""
    new: bool | None = None
    """Absent from the site's template; None without one."""
    service: str | None = None
    flags: tuple[str, ...] = ()
    decoded: tuple[dict[str, str], ...] = ()
    evidence: str | None = None
    extra: dict[str, Any] = field(default_factory=dict[str, Any])
