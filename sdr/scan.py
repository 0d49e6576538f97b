"""What a scan is asked, what it says, and what it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sdr.history_feed import HISTORY_BOUNDS, HistoryBounds
from sdr.plan import Plan
from sdr.types import Emission


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """How to scan. Empty ``bands`` means: what the source hears where it is tuned."""

    sensor: str = "cli"
    bands: tuple[tuple[float, float], ...] = ()
    weights: tuple[float, ...] = ()
    """What a burst missed in each of ``bands`` weighs; where one is not given, 1.0."""
    plan: Plan | None = None
    """This receiver's part of a plan that several share (`sdr.plan.split`), in place of one for ``bands``."""
    dwell_s: float = 0.1
    gain_db: float | None = None
    ppm: int | None = None
    seconds: float | None = None
    """Stop after so many seconds of samples."""
    evidence_dir: Path | None = None
    pre_trigger_s: float = 2.0
    post_trigger_s: float = 2.0
    """How much is kept from before the first burst and from its start on."""
    tape_s: float = 4.0
    """How far back raw samples can be looked at; with evidence at least to before the trigger."""
    report_after_s: float = 1.5
    """An emission still on the air is reported after this long, and again when it ends."""
    history_dir: Path | None = None
    """Where the spectrum's past is kept (sdr/history.py)."""
    history_bounds: HistoryBounds = HISTORY_BOUNDS
    turn_to_hits: bool = True
    """A sweep comes back sooner to where something new was heard (sdr/rounds.py)."""
    probe_ghosts: bool = False
    """Move the LO and lower the gain for a moment to test what is new (sdr/probe.py)."""
    probe_every_s: float = 2.0
    """From one probe, of 0.2 s, to the next at least: nine tenths of the time are still watched."""
    with_modulation: bool = True
    decode: bool = True
    """Ask rtl_433 and multimon-ng, where they are installed, what they read (sdr/reading.py)."""
    no_decoding: tuple[tuple[float, float], ...] = ()
    """Bands of which nothing is ever decoded."""


@dataclass(frozen=True, slots=True)
class EmissionReport:
    """What the scanner says of an emission."""

    emission: Emission
    is_last: bool
    """Nothing more will be said of it: it is over, or the scan is."""
    shown_by: str | None = None
    """Of a last report: the emission that turned out to be the same one."""


@dataclass(slots=True)
class ScanStatus:
    """Counted as the scan goes on; read from other threads."""

    n_samples: int = 0
    n_dropped: int = 0
    n_gaps: int = 0
    n_emissions: int = 0
    n_evidence_failed: int = 0
    n_unfollowed: int = 0
    n_undecoded: int = 0
    """Emissions for which the decoders had no time."""
    overloaded_s: float = 0.0
    """Time in which the converter was clipped: what is heard then may be the receiver's own."""
    last_block_at: datetime | None = None
    floor_dbfs_hz: float | None = None
