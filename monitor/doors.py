"""What the daemon reaches the world through: handed in, so that a test hands in its own."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crawlers.crew import Crew
from crawlers.render.chromium import Renderer
from monitor.clock import Clock
from monitor.config import Sensor
from monitor.crawling import Poller
from monitor.deadman import Ping
from monitor.duty.desk import EscalationDesk
from monitor.evidence import EvidenceStore
from monitor.fleet.service import FleetDesks
from monitor.heads import HeadKeeper
from monitor.leading import Leading
from monitor.link.edge import Edge
from monitor.link.hub import Hub
from monitor.notify.desk import NotifyDesk
from monitor.queue import AlertQueue
from monitor.schedule import Schedule
from monitor.sensors import Open
from monitor.sourcedesk import SourceDesk
from monitor.store.book import StoreBook


def disk_space(folder: Path) -> tuple[int, int]:
    space = shutil.disk_usage(folder)
    return space.total, space.free


@dataclass(frozen=True, slots=True)
class Doors:
    clock: Clock
    schedule: Schedule
    queue: AlertQueue
    book: StoreBook
    evidence: EvidenceStore
    poller: Poller
    open_sensor: Callable[[Sensor], Open]
    forget: Callable[[datetime], Awaitable[int]]
    """Lets the crawler's memory go of what is older."""
    crew: Crew | None = None
    """Tells which sources are ours to poll, where several crawlers share them."""
    notify: NotifyDesk | None = None
    """Tells people, where the configuration says whom."""
    escalation: EscalationDesk | None = None
    """Tells the next, where nobody has seen an alert."""
    open_drill: Callable[[str, str | None, Path], Open] | None = None
    """A sensor of a drill's own: its name, venue, world. None: no drills here."""
    heads: Sequence[tuple[HeadKeeper, float]] = ()
    """Keep heads of the audit chain elsewhere, each so often, in seconds."""
    fleet: FleetDesks | None = None
    """Looks after the nodes that belong to this installation."""
    ping: Ping | None = None
    """Tells somebody outside that all goes well."""
    ping_s: float = 60.0
    disk: Callable[[Path], tuple[int, int]] = disk_space
    """Bytes in all, and free, where a folder lies."""
    sources: SourceDesk | None = None
    """What the console asks about sources."""
    renderer: Renderer | None = None
    """Pictures the pages of posts that raised an alert, where there is a browser."""
    edge: Edge | None = None
    """Carries what is raised to a hub, which stores and tells it; then `queue` is its outbox."""
    hub: Hub | None = None
    """Takes what edges raise."""
    leading: Leading | None = None
    """Where there may be several hubs: what one of them does alone. `notify`, `escalation` and `heads` write
    to its book."""
    node: str = ""
    """Which of several hubs this is."""
