"""Lines that come and go together: the tones of one sender, or several senders?

The two tones of FSK, and the many lines of its preamble, each look like a sender of their own to a search
that sees power only. Their sum tells: one angle-modulated sender keeps its envelope constant, while senders
that know nothing of each other beat. Two of constant envelope with shares f and 1 - f of the power give

    var(|x|²) / mean(|x|²)² = 2 f (1 - f)        0.5 for equal ones, 0.1 where one is 12 dB weaker

so a group that varies less than `STEADY` is one sender. What comes and goes with a sender more than 12 dB
stronger is counted to it as well: products of its own are far more common than such a coincidence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sdr.clip import extract
from sdr.follow import Followed
from sdr.tape import Tape
from sdr.watch import Watch

SAME_ROWS = 3
"""Starts and ends this near are the same: a row each way, and one for what a look may miss."""
WIDEST_HZ = 400_000.0
"""Wireless M-Bus, the widest FSK of the bands watched, keeps its lines within this."""
MOST_LINES = 48
AT_START_RATIO = 0.15
"""All that is on when we begin seems to begin together. There the envelope alone must tell, which two senders
8 dB apart move by twice as much as `STEADY`; what is weaker is left alone."""
LOOKED_AT_S = 0.1
STEADY = 0.1
LEAST_SNR = 1.0
"""Signal over noise in the clip under which the noise's own variation cannot be taken out any more."""


def power_of(one: Followed) -> float:
    return one.level * (one.high - one.low)


def groups(followed: Sequence[Followed], bin_hz: float, *, ended: bool) -> list[list[Followed]]:
    """Those of `followed` that began together (and ended together, if they did), two and more at a time."""
    found: list[list[Followed]] = []
    for one in sorted(followed, key=power_of, reverse=True):
        for group in found:
            head = group[0]
            together = abs(one.first_row - head.first_row) <= SAME_ROWS
            if ended:
                together = together and abs(one.last_row - head.last_row) <= SAME_ROWS
            if head.at_start and power_of(one) < power_of(head) * AT_START_RATIO:
                continue
            low, high = min(o.low for o in (one, *group)), max(o.high for o in (one, *group))
            if together and (high - low) * bin_hz <= WIDEST_HZ and len(group) < MOST_LINES:
                group.append(one)
                break
        else:
            found.append([one])
    return [group for group in found if len(group) > 1]


def is_one_sender(group: Sequence[Followed], watch: Watch, tape: Tape) -> bool:
    """Whether the envelope of all of `group` together is steadier than senders apart could make it."""
    rate = watch.rate_hz
    first = watch.sample_of(max(o.first_row for o in group)) + watch.n_fft
    last = min(watch.sample_of(min(o.last_row for o in group)), first + round(LOOKED_AT_S * rate))
    if last - first < 2 * watch.n_fft:
        first, last = first - watch.n_fft, last + watch.n_fft
    iq, _ = tape.cut(first, last)
    if iq.shape[0] < watch.n_fft:
        return False
    low, high = min(o.low for o in group), max(o.high for o in group)
    width_hz = (high - low) * watch.bin_hz
    offset_hz = watch.offset_hz(0.5 * (low + high))
    clip = extract(iq, watch.format, rate, offset_hz, width_hz)
    noise = 10 ** ((watch.floor_dbfs_hz or -120.0) / 10) * clip.noise_hz
    return steady(clip.iq, noise)


def steady(iq: NDArray[Any], noise_power: float) -> bool:
    """Whether the signal in `iq`, shape (n,), has a constant envelope, but for `STEADY`.

    The middle nine tenths count: the filter rings at both ends. Noise of power n beside a constant power s
    adds 2 s n + n² to the variance of the power.
    """
    margin = len(iq) // 20
    power = np.abs(iq[margin : len(iq) - margin]).astype(np.float64) ** 2
    mean = float(power.mean()) if power.size else 0.0
    signal = mean - noise_power
    if signal < LEAST_SNR * noise_power:
        return False
    return (float(power.var()) - 2 * signal * noise_power - noise_power**2) / signal**2 < STEADY
