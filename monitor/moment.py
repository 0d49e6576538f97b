"""An emission's moment beside what its site sounded like at the survey: how much more there is.

A survey's bins are 12.5 kHz wide and hold the power of all that is in them. So the moment is brought to the
same bins before it is compared: a carrier narrower than a bin would else seem stronger than it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.faults import WorldError
from monitor.server.spectrum_views import TemplateView

if TYPE_CHECKING:
    from sdr.moment import Moment


@dataclass(frozen=True, slots=True)
class Excess:
    """Of the mean over the emission, in the bin of the survey where it is largest."""

    over_median_db: float
    over_max_db: float
    at_hz: float


@dataclass(frozen=True, slots=True)
class Window:
    """What of a recording is looked at: seconds from its first sample, absolute frequencies."""

    t0_s: float
    t1_s: float
    low_hz: float
    high_hz: float


def read(samples: Path, window: Window) -> Moment:
    """The moment in a recording with its SigMF description beside it. Blocking.

    Raises
    ------
    WorldError
        If the recording cannot be read, or holds nothing of it.
    """
    from sdr.moment import read_moment
    from sdr.source.base import SourceError
    from sdr.source.sigmf import sigmf_layout

    try:
        layout = sigmf_layout(samples)
        return read_moment(layout, window.t0_s, window.t1_s, window.low_hz, window.high_hz)
    except (SourceError, ValueError, OSError) as error:
        raise WorldError(str(error)) from None


def excess(
    low_hz: float, bin_hz: float, mean: Sequence[float], template: TemplateView, span_hz: tuple[float, float]
) -> Excess | None:
    """How far the moment stands over the survey within `span_hz`; None where nothing of it was surveyed.

    Parameters
    ----------
    mean
        dBFS/Hz, bins of `bin_hz` from `low_hz` up.
    """
    found: list[Excess] = []
    for number, (median, loudest) in enumerate(zip(template.p50, template.max, strict=True)):
        bottom = template.low_hz + number * template.bin_hz
        top = bottom + template.bin_hz
        if median is None or loudest is None or top <= span_hz[0] or bottom >= span_hz[1]:
            continue
        first = max(0, math.floor((bottom - low_hz) / bin_hz + 0.5))
        last = min(len(mean), max(first + 1, math.floor((top - low_hz) / bin_hz + 0.5)))
        inside = mean[first:last]
        if not inside or top <= low_hz or (top - bottom) * 0.5 > (last - first) * bin_hz:
            # The bin reaches out of what was recorded: half of it says nothing of the whole.
            continue
        level = 10 * math.log10(sum(10 ** (db / 10) for db in inside) / len(inside))
        found.append(Excess(level - median, level - loudest, (bottom + top) / 2))
    return max(found, key=lambda one: one.over_median_db, default=None)
