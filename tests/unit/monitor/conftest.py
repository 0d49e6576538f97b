from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog

from monitor.alert.alert import Alert, EvidenceRef
from monitor.alert.wire import digest

NOON = datetime(2026, 6, 7, 4, 0, tzinfo=UTC)


def make_alert(name: str = "a", *, channel: str = "433.925 MHz", at_s: float = 0.0, **changes: Any) -> Alert:
    """An alert that is plain, distinct by `name` and the same each time."""
    at = NOON + timedelta(seconds=at_s)
    made = Alert(
        id=f"id-{name}",
        cause=f"cause-{name}",
        kind="radio",
        level="medium",
        labels={"rule": "r1", "venue": "v1", "channel": channel},
        annotations={"title_en": f"Title {name}", "title_zh": "标题"},
        starts_at=at,
        updated_at=at,
        ends_at=at + timedelta(minutes=12),
        why=[{"selection": "s", "field": "snr_db", "expected": 10, "actual": 18.2, "spans": []}],
        event={"kind": "radio", "center_hz": 433.92e6, "at": at.isoformat()},
        evidence=[EvidenceRef(digest(name), "image/png", "spectrogram", f"{name}.png", 10, at)],
        venue="v1",
    )
    return replace(made, **changes)


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """A command that sets up logging writes to the stream of its own test, which is closed after it."""
    yield
    if structlog.is_configured():
        structlog.reset_defaults()


@pytest.fixture(name="make_alert")
def _make_alert() -> Callable[..., Alert]:
    return make_alert


@pytest.fixture
def many_alerts() -> Callable[[int], list[Alert]]:
    return lambda n: [
        make_alert(str(i), channel=str(i % 7), at_s=i) for i in itertools.islice(itertools.count(), n)
    ]
