"""Wall-clock times that people write into files, as instants. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def zone_of(name: str) -> ZoneInfo:
    """Raises `ValueError` if there is no such time zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"unknown time zone '{name}' (an IANA name such as Asia/Shanghai)") from None


def instant_of(text: str, zone: ZoneInfo) -> datetime:
    """The UTC instant of a local time such as ``2026-06-07 09:00``.

    Raises
    ------
    ValueError
        If it is none, or the clocks skip it or show it twice; the message is one line.
    """
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"'{text}' is not a time such as 2026-06-07 09:00") from None
    if local.tzinfo is not None or len(text) < len("2026-06-07 09:00"):
        raise ValueError(f"'{text}': write date and local time, such as 2026-06-07 09:00")
    # Round trip through UTC: a wall-clock time that clocks skip, or show twice, is no instant.
    first, second = (local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if first.astimezone(zone).replace(tzinfo=None) != local:
        raise ValueError(f"{text} does not exist in {zone.key}: the clocks skip it")
    if first != second:
        raise ValueError(f"{text} comes twice in {zone.key}: the clocks go back")
    return first
