"""Every kind of source behind one function: the part before the colon says which.

rtl:0   rtl:serial=00000001     a dongle on this machine         usb
tcp://host:port                 a dongle served by rtl_tcp       rtl_tcp
synth:WORLD.yml                 a synthetic world                synth
cs16:FILE                       bare samples in that format      recording
FILE                            a recording                      recording
"""

from __future__ import annotations

from pathlib import Path

from sdr.source.base import SampleSource, SourceError, SourceInfo
from sdr.source.clock import SYSTEM_CLOCK, Clock
from sdr.source.recording import open_recording
from sdr.source.rtl_tcp import open_rtl_tcp
from sdr.source.synth import open_synth
from sdr.source.usb import open_usb
from sdr.types import Hop, SampleFormat

__all__ = ["SampleSource", "SourceError", "SourceInfo", "open_source"]

_LIVE_RATE_HZ = 2.4e6
"""The widest that a dongle samples without loss and that its tuner's filter fits (2.43 MHz)."""
_FIRST_CENTER_HZ = 100e6


def open_source(
    spec: str,
    *,
    rate_hz: float | None = None,
    center_hz: float | None = None,
    gain_db: float | None = None,
    ppm: int | None = None,
    check: bool = False,
    clock: Clock = SYSTEM_CLOCK,
) -> SampleSource:
    """Open what `spec` names.

    Parameters
    ----------
    rate_hz, center_hz
        What the caller knows; it outweighs what the source says of itself.
    gain_db, ppm
        For receivers only. No gain means the receiver's automatic one.
    check
        Hash a recording's samples before the first, where its container says to what, and warn.

    Raises
    ------
    SourceError
        One line for a person, with ``retry`` set if the same call may work later.
    """
    kind, colon, rest = spec.partition(":")
    if colon and kind in ("rtl", "tcp"):
        hop = Hop(center_hz or _FIRST_CENTER_HZ, rate_hz or _LIVE_RATE_HZ, gain_db=gain_db)
        if kind == "tcp":
            return open_rtl_tcp(spec, hop=hop, clock=clock, ppm=ppm)
        return open_usb(spec, hop=hop, clock=clock, ppm=ppm)
    if colon and kind == "synth":
        return open_synth(
            spec, Path(rest), rate_hz=rate_hz, center_hz=center_hz, gain_db=gain_db, clock=clock
        )
    if colon and kind in set(SampleFormat):
        return open_recording(
            spec,
            Path(rest),
            rate_hz=rate_hz,
            center_hz=center_hz,
            format=SampleFormat(kind),
            check=check,
        )
    return open_recording(spec, Path(spec), rate_hz=rate_hz, center_hz=center_hz, check=check)
