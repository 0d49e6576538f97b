"""What Debian's decoders read in an emission, when they are installed.

    raw clip ──cu8 at 250 kS/s──> rtl_433       remotes, weather and tyre sensors
             ──flat audio, 22050 Hz──> multimon-ng   pagers, DTMF, AFSK

They are given a copy and a deadline; what they say is data, not trusted.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from sdr.decoders import multimon, rtl_433
from sdr.decoders.program import Rejection, Runner, run
from sdr.types import SampleFormat

__all__ = ["Decoded", "Rejection", "decode", "installed"]

Which = Callable[[str], str | None]

AUDIBLE = frozenset({"nfm", "fsk2", "unknown"})
"""Pagers are FSK, tones and AFSK are FM: what multimon-ng can hear. It gets no OOK and no wideband."""

SHORT_RANGE = frozenset({"ook", "fsk2", "unknown"})
"""What rtl_433's devices send."""


@dataclass(frozen=True, slots=True)
class Decoded:
    messages: tuple[dict[str, str], ...]
    """``by``, ``text``, and ``device`` where it is a known harmless one; more where it is told."""
    rejections: Mapping[str, int]
    """``program/reason`` to how often."""

    @property
    def known_device(self) -> bool:
        """Every message comes from a device of daily life."""
        return bool(self.messages) and all("device" in message for message in self.messages)


def installed(which: Which = shutil.which) -> bool:
    """Whether any of the programs is there."""
    return which("rtl_433") is not None or which("multimon-ng") is not None


def decode(
    iq: NDArray[Any],
    sample_format: SampleFormat,
    rate_hz: float,
    offset_hz: float,
    modulation: str,
    *,
    runner: Runner = run,
    which: Which = shutil.which,
) -> Decoded:
    """Ask the decoders that fit `modulation` about the emission at `offset_hz` of the raw pairs `iq`."""
    messages: list[dict[str, str]] = []
    rejections: Counter[str] = Counter()
    for name, module, fits in (("rtl_433", rtl_433, SHORT_RANGE), ("multimon-ng", multimon, AUDIBLE)):
        if modulation not in fits:
            continue
        path = which(name)
        if path is None:
            rejections[f"{name}/{Rejection.MISSING}"] += 1
            continue
        found, refused = module.decode(path, iq, sample_format, rate_hz, offset_hz, runner)
        messages += found
        rejections.update({f"{name}/{reason}": count for reason, count in refused.items()})
    return Decoded(tuple(messages), dict(rejections))
