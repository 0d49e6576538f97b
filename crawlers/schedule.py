"""When a source is polled next.

A source that posts often is asked often (Miniflux's rule: a week over the entries of a
week), between five minutes and a day. A site may ask for more patience. The calendar of
exams may ask for less, as far as the site allows.
"""

from __future__ import annotations

WEEK_S = 7 * 86_400.0
MIN_S = 300.0
MAX_S = 86_400.0
"""Miniflux's defaults: SCHEDULER_ENTRY_FREQUENCY_MIN_INTERVAL and _MAX_INTERVAL."""
JITTER = 0.05
"""Share of the interval by which polls spread, so that sources of one interval do not march in step."""
FAILURE_FIRST_S = 60.0
FAILURE_MAX_S = 3600.0


def next_interval_s(
    *,
    n_week: int,
    fixed_s: float | None = None,
    ttl_s: float | None = None,
    wait_s: float | None = None,
    at_most_s: float | None = None,
    n_failures: int = 0,
    chance: float = 0.5,
) -> float:
    """Seconds until the next poll.

    Parameters
    ----------
    n_week : int
        Documents of the last seven days.
    fixed_s : float, optional
        The interval that the configuration sets, which replaces the source's own rhythm.
    ttl_s : float, optional
        How long the site says its answer stays good (RSS ttl, Cache-Control). A wish: the
        configuration and an exam go before it.
    wait_s : float, optional
        How long the site told us to stay away (Retry-After, back-off). A command.
    at_most_s : float, optional
        The longest interval that the exam calendar allows now.
    n_failures : int
        Polls that failed in a row; each doubles the wait, up to an hour.
    chance : float
        In [0, 1), for the jitter.
    """
    if fixed_s is not None:
        interval_s = fixed_s
    else:
        interval_s = min(MAX_S, max(MIN_S, WEEK_S / max(1, n_week), min(ttl_s or 0.0, MAX_S)))
    if n_failures:
        interval_s = max(interval_s, min(FAILURE_MAX_S, FAILURE_FIRST_S * 2.0 ** min(n_failures - 1, 10)))
    if at_most_s is not None:
        interval_s = min(interval_s, at_most_s)
    # Only downwards: a promised interval is not exceeded.
    interval_s *= 1.0 - JITTER * chance
    return max(interval_s, wait_s or 0.0)
