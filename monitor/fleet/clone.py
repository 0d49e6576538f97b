"""Notices that two machines say they are the same node. Pure but for what it remembers.

    boots:      A A A A | B B B          A new start has a new instance, and the old never comes back.
    two copies: A A B A B                Two that each come back after the other are two machines.
    a snapshot: A7 A8 A8' A9'            One instance, a number said twice, but not the same words.

Each heartbeat carries an instance (random, per start of the program) and a number that grows. Heartbeats
that come late or twice from one machine must not count: a repeated one says the same, one that
overtook a restart on its way comes within `GRACE_S`, and one of a short life between two others, heard
only after it, makes the other come back but does not come back itself.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

GRACE_S = 30.0
"""Two connections of one machine, the old and the new, drain in less."""
KEPT_INSTANCES = 16
KEPT_COUNTS = 64


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a node says of its own identity."""

    node: str
    instance: str
    count: int
    """Grows by each heartbeat of an instance."""
    said: str
    """Stands for all else in it, its time among that: the same heartbeat sent twice has the same."""


@dataclass(frozen=True, slots=True)
class Finding:
    node: str
    instances: tuple[str, str]
    """The two that live at once; one and the same for a copied memory."""
    reason: str
    """``returned`` or ``said-twice``."""


@dataclass(slots=True)
class _Past:
    current: str = ""
    replaced_at: dict[str, float] = field(default_factory=dict[str, float])
    counts: OrderedDict[tuple[str, int], str] = field(default_factory=OrderedDict[tuple[str, int], str])
    highest: dict[str, int] = field(default_factory=dict[str, int])
    returned: set[str] = field(default_factory=set[str])


class CloneWatch:
    """Remembers some instances of each node; bounded by the number of nodes."""

    def __init__(self) -> None:
        self._nodes: dict[str, _Past] = {}

    def heard(self, beat: Heartbeat, now_s: float) -> Finding | None:
        """What `beat` shows; `now_s` is the hub's own monotonic time."""
        past = self._nodes.setdefault(beat.node, _Past(current=beat.instance))
        key = (beat.instance, beat.count)
        known = past.counts.get(key)
        if known == beat.said:
            return None
        past.counts[key] = beat.said
        while len(past.counts) > KEPT_COUNTS:
            past.counts.popitem(last=False)
        if known is not None:
            return Finding(beat.node, (beat.instance, beat.instance), "said-twice")
        is_news = beat.count > past.highest.get(beat.instance, -1)
        past.highest[beat.instance] = max(beat.count, past.highest.get(beat.instance, -1))
        if beat.instance == past.current:
            return None
        if beat.instance not in past.replaced_at:
            past.replaced_at[past.current] = now_s
            past.current = beat.instance
            self._let_go(past)
            return None
        if not is_news or now_s - past.replaced_at[beat.instance] <= GRACE_S:
            return None
        other, past.current = past.current, beat.instance
        del past.replaced_at[beat.instance]
        past.returned.add(beat.instance)
        is_proven = other in past.returned
        # Both live: neither is the past of the other, so each may be found again at its next word.
        past.replaced_at[other] = now_s - GRACE_S - 1 if is_proven else now_s
        return Finding(beat.node, (other, beat.instance), "returned") if is_proven else None

    def forget(self, node: str) -> None:
        """A node that was revoked or let in anew begins afresh."""
        self._nodes.pop(node, None)

    def _let_go(self, past: _Past) -> None:
        while len(past.replaced_at) > KEPT_INSTANCES:
            oldest = min(past.replaced_at, key=past.replaced_at.__getitem__)
            del past.replaced_at[oldest]
            past.highest.pop(oldest, None)
            past.returned.discard(oldest)
