"""A share of samples and how sure one may be of it, when neighbouring samples say the same (ITU-R SM.2256).

A channel is taken for a two-state Markov chain with the probabilities p01 and p10 of a change from one sample
to the next: n samples are worth n (p01 + p10) / (2 - p01 - p10) independent ones, and the interval is
Wilson's (1927) for that many. Before a channel has changed its state nobody knows how long it stays:
`SPELL_S` is assumed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm
from scipy.stats import t as student

CONFIDENCE = 0.95
SPELL_S = 3.5
"""How long a channel is assumed to keep its state until it has been seen to change: one short message."""


@dataclass(frozen=True, slots=True)
class Share:
    """A share of samples and the interval that holds the true one with `CONFIDENCE`."""

    value: float
    low: float
    high: float


def wilson(share: float, n: float, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's score interval for `share` of `n` independent samples; `n` need not be whole."""
    z = float(norm.ppf(0.5 + confidence / 2))
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, min(share, middle - reach)), min(1.0, max(share, middle + reach))


def effective_samples(n: int, n_occupied: int, n_changes: int, sample_s: float) -> float:
    """Independent samples that `n` correlated ones are worth (see the module's text)."""
    if n < 2:
        return 1.0
    spell_steps = max(1.0, SPELL_S / sample_s)
    if n_changes == 0:
        return max(1.0, n / (2 * spell_steps - 1) if spell_steps > 1 else float(n))
    n_free = n - n_occupied
    up = 0.5 * n_changes / max(n_free, 1)
    down = 0.5 * n_changes / max(n_occupied, 1)
    together = min(up + down, 2 - 1e-9)
    return min(float(n), max(1.0, n * together / (2 - together)))


def batch_means(shares: Sequence[Sequence[float]], weights: Sequence[float]) -> Share:
    """The mean over hops and batches, with Student's interval of some 20 batch means."""
    n = min(len(one) for one in shares)
    if n == 0:
        return Share(0.0, 0.0, 1.0)
    series = np.average([one[:n] for one in shares], axis=0, weights=weights)
    value = float(series.mean())
    n_batches = min(20, n)
    if n_batches < 3:
        return Share(value, 0.0, 1.0)
    means = np.array([float(batch.mean()) for batch in np.array_split(series, n_batches)])
    reach = float(student.ppf(0.5 + CONFIDENCE / 2, n_batches - 1) * means.std(ddof=1) / math.sqrt(n_batches))
    return Share(value, max(0.0, value - reach), min(1.0, value + reach))
