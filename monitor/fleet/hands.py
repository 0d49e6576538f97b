"""Which machines need a person, and why. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, Literal

from monitor.fleet.age import age_of
from monitor.fleet.roll import Node
from monitor.healthkinds import SILENT_AFTER
from monitor.link.nodes import MAX_OFFSET_S, NEARING, Known

Reason = Literal["cloned", "ended", "ending", "silent", "never-seen", "unwell", "refused", "clock", "outbox"]
FOLLOWER_SILENT: Final = timedelta(seconds=180)
"""Reports come each minute: two lost ones are no silence."""
NEW: Final = timedelta(minutes=10)
"""So long a machine that was just let in may take to start."""


def reasons(node: Node | None, edge: Known | None, now: datetime) -> list[Reason]:
    """Why a person must look after a machine, the gravest first; `edge` is its newest report on the link."""
    if node is not None and node.state in ("invited", "revoked"):
        return []
    found: list[Reason] = []
    if node is not None:
        found += _of_identity(node, now)
    heard_at = max((at for at in (_followed_at(node), edge.seen_at if edge else None) if at), default=None)
    if heard_at is not None and not _is_heard(node, edge, now):
        found.append("silent")
    elif heard_at is None and node is not None and _is_old(node, now):
        found.append("never-seen")
    if node is not None:
        if node.health not in (None, "ok"):
            found.append("unwell")
        if node.refused and node.refused > (node.release or 0):
            found.append("refused")
    offset_s = offset_of(node, edge)
    if offset_s is not None and abs(offset_s) > MAX_OFFSET_S:
        found.append("clock")
    if edge is not None:
        outbox = edge.report.outbox
        if outbox.n_bytes > NEARING * outbox.max_bytes or outbox.n_dropped or outbox.n_refused:
            found.append("outbox")
    return found


def offset_of(node: Node | None, edge: Known | None) -> float | None:
    """How far its clock is ahead, in seconds, as measured last on whichever way."""
    if edge is not None and edge.report.offset_s is not None:
        return edge.report.offset_s
    return node.clock_offset_s if node is not None else None


def _of_identity(node: Node, now: datetime) -> list[Reason]:
    found: list[Reason] = ["cloned"] if node.cloned_at is not None else []
    if node.certificate_ends_at is not None and node.enrolled_at is not None:
        age = age_of(node.enrolled_at, node.certificate_ends_at, now)
        if age == "ended":
            found.append("ended")
        elif age == "late":
            found.append("ending")
    return found


def _followed_at(node: Node | None) -> datetime | None:
    return node.last_seen if node is not None else None


def _is_heard(node: Node | None, edge: Known | None, now: datetime) -> bool:
    """On each way on which it ever reported: one of the two processes may have stopped."""
    followed_at = _followed_at(node)
    is_followed = followed_at is None or now - followed_at <= FOLLOWER_SILENT
    return is_followed and (edge is None or now - edge.seen_at <= SILENT_AFTER)


def _is_old(node: Node, now: datetime) -> bool:
    return node.enrolled_at is not None and now - node.enrolled_at > NEW
