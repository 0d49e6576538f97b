"""An alert's times by the hub's clock. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from monitor.alert.alert import Alert


def corrected(alert: Alert, correction_s: float) -> Alert:
    """`alert` with its times moved; what its edge's clock showed stays in its event, with the move."""
    if not correction_s:
        return alert
    move = timedelta(seconds=correction_s)
    return replace(
        alert,
        starts_at=alert.starts_at + move,
        updated_at=alert.updated_at + move,
        ends_at=alert.ends_at + move if alert.ends_at is not None else None,
        rules=[replace(hit, at=hit.at + move) for hit in alert.rules],
        event={
            **alert.event,
            "clock_correction_s": round(correction_s, 3),
            "own_starts_at": alert.starts_at.isoformat(),
            "own_updated_at": alert.updated_at.isoformat(),
        },
    )
