"""What kind of emission: features first, then soft tests whose product is the answer.

    clip ──features──> envelope, symbols, audio ──decide──> Identification

"unknown" is an answer: short, weak or strange emissions get it rather than a guess.
"""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from sdr.clip import Clip, extract
from sdr.modulation import features
from sdr.modulation.decide import Identification, decide
from sdr.types import SampleFormat

__all__ = ["LOBES", "Identification", "identify", "identify_in"]

LOBES = 4.0
"""FSK with a wide shift shows as two humps a few of their own widths apart: look this much wider."""


def identify(clip: Clip, snr_db: float, noise_density: float | None = None) -> Identification:
    """Say what the emission in `clip` is.

    Parameters
    ----------
    clip : the emission with at least its own bandwidth around it, and as a rule some silence
    snr_db : of the emission in its own bandwidth; used where the clip shows no noise of its own
    noise_density : power per hertz with full scale 1, as the receiver's floor says, where that is known
    """
    return decide(features.extract(clip, snr_db, noise_density))


def identify_in(
    iq: NDArray[Any],
    sample_format: SampleFormat,
    rate_hz: float,
    offset_hz: float,
    bandwidth_hz: float,
    snr_db: float,
) -> tuple[Clip, Identification]:
    """Cut out an emission and identify it, and look wider where it may be one lobe of FSK.

    One lobe of wide FSK alone is on/off keying to the sample. So what looks keyed, or like nothing known,
    is looked at again with its neighbourhood; the wider clip is kept if symbols of FSK show in it.

    Parameters
    ----------
    iq : raw pairs, shape (n, 2), with some silence around the emission
    offset_hz, bandwidth_hz, snr_db : as a detector found them

    Returns
    -------
    The clip that tells the truth (to be measured), and what it holds.
    """
    clip = extract(iq, sample_format, rate_hz, offset_hz, bandwidth_hz)
    said = identify(clip, snr_db)
    if said.modulation not in ("ook", "unknown") or 2.5 * bandwidth_hz > rate_hz:
        return clip, said
    wide = extract(iq, sample_format, rate_hz, offset_hz, LOBES * bandwidth_hz)
    again = identify(wide, snr_db)
    if again.modulation in ("fsk2", "fsk4"):
        return wide, again
    return clip, said
