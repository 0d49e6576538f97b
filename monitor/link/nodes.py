"""What a hub knows of its edges, from their reports: one more part of health, and of what may be wrong.

    report ─> the newest of each node ─┬─> sensors and sources in the health view, as NODE:ID
                                       └─> parts: the node's own, or "silent" after 90 s without one
                                                  several silent at a venue are one part, the venue's

A silent edge says nothing of its sensors: what was told of them stays as it was told. While the
hub's own link is down, nothing is said of anybody's silence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeVar

import msgspec

from monitor.healthkinds import KINDS, SILENT_AFTER
from monitor.healthpart import Part
from monitor.link.words import NodeReport
from monitor.server.views import SensorHealth, SourceHealth

MAX_OFFSET_S = 2.0
"""Phases of a session are minutes, bursts of one sender at two sensors lie seconds apart."""
NEARING = 0.8

H = TypeVar("H", SensorHealth, SourceHealth)


@dataclass(frozen=True, slots=True)
class Known:
    report: NodeReport
    seen_at: datetime


class Nodes:
    """The newest report of each edge. Pure, but that it remembers."""

    def __init__(self) -> None:
        self.known: dict[str, Known] = {}

    def heard(self, report: NodeReport, now: datetime) -> None:
        self.known[report.node] = Known(report, now)

    def sensors(self, now: datetime) -> list[SensorHealth]:
        return [
            _silenced(sensor, f"{name}:{sensor.id}", one.seen_at, now)
            for name, one in sorted(self.known.items())
            for sensor in one.report.health.sensors
        ]

    def sources(self, now: datetime) -> list[SourceHealth]:
        return [
            _silenced(source, f"{name}:{source.id}", one.seen_at, now)
            for name, one in sorted(self.known.items())
            for source in one.report.health.sources
        ]

    def parts(self, now: datetime, listening_since: datetime | None) -> list[Part]:
        """All parts of all edges.

        Parameters
        ----------
        listening_since
            From when on the hub could hear them without a break; None while it cannot.
        """
        could_hear = listening_since is not None and now - listening_since > SILENT_AFTER
        parts: list[Part] = []
        for name, one in self.known.items():
            silent = now - one.seen_at > SILENT_AFTER
            parts.append(_node_part(name, one, silent=silent and could_hear, settled=not silent))
            parts += [
                _unsettled(part) if silent else part
                for part in (*_of_node(name, one.report), *_own_parts(one.report))
            ]
        return rolled_up(parts, settled=could_hear)


def rolled_up(parts: Iterable[Part], *, settled: bool) -> list[Part]:
    """`parts` with the silent ones of each venue as one, where there are several."""
    silent: defaultdict[str, list[Part]] = defaultdict(list)
    kept: list[Part] = []
    for part in parts:
        if part.kind in ("node", "sensor") and part.venue is not None:
            silent[part.venue] += [part] if "silent" in part.problems else []
        kept.append(part)
    for venue, some in silent.items():
        several = len(some) > 1
        since = min((part.since for part in some if part.since is not None), default=None)
        named = ", ".join(sorted(part.id for part in some))
        kept.append(
            Part("venue", venue, venue, ("silent",), since, named, settled=settled)
            if several
            else Part("venue", venue, venue, (), None, None, settled=settled)
        )
    members = {part.key for some in silent.values() if len(some) > 1 for part in some}
    return [_unsettled(part) if part.key in members else part for part in kept]


def _node_part(name: str, one: Known, *, silent: bool, settled: bool) -> Part:
    report = one.report
    problems = ("silent",) if silent else ()
    return Part("node", name, report.venue, problems, one.seen_at if silent else None, None, settled=settled)


def _of_node(name: str, report: NodeReport) -> Iterable[Part]:
    for part in report.parts:
        # A newer edge may know kinds that this hub does not.
        if part.kind in KINDS:
            yield replace(part, id=f"{name}:{part.id}")


def _own_parts(report: NodeReport) -> Iterable[Part]:
    offset_s, outbox = report.offset_s, report.outbox
    off = offset_s is not None and abs(offset_s) > MAX_OFFSET_S
    yield Part(
        "offset",
        report.node,
        report.venue,
        ("off",) if off else (),
        None,
        f"{offset_s:+.1f} s" if offset_s is not None and off else None,
        settled=offset_s is not None,
    )
    n_dropped = sum(outbox.n_dropped.values())
    problems = [
        ("nearing", outbox.n_bytes > NEARING * outbox.max_bytes),
        ("dropped", n_dropped > 0),
        ("refused", outbox.n_refused > 0),
    ]
    error = f"{outbox.n_waiting} waiting, {n_dropped} dropped, {outbox.n_refused} refused"
    bad = tuple(name for name, is_so in problems if is_so)
    yield Part("outbox", report.node, report.venue, bad, None, error if bad else None, settled=True)


def _unsettled(part: Part) -> Part:
    return replace(part, problems=(), since=None, error=None, settled=False)


def _silenced(health: H, id: str, seen_at: datetime, now: datetime) -> H:
    if now - seen_at <= SILENT_AFTER:
        return msgspec.structs.replace(health, id=id)
    return msgspec.structs.replace(
        health, id=id, state="silent", error=f"its edge was last heard at {seen_at:%Y-%m-%d %H:%M:%S} UTC"
    )
