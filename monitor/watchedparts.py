"""What of this process can fail, for `monitor.healthwatch`: what it tells of itself, and for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from monitor.case.reader import CaseReader
from monitor.crawling import Crawling
from monitor.doors import Doors
from monitor.drill.desk import DrillDesk
from monitor.healthpart import OF_EACH_HUB, of_hub
from monitor.healthwatch import (
    ClockWatch,
    Part,
    case_parts,
    chain_part,
    disk_part,
    duty_parts,
    heads_part,
    leases_part,
    messages_part,
    queue_part,
    receiver_part,
    sensor_part,
    source_part,
    times_part,
)
from monitor.server.views import HealthView
from monitor.store.partitions import n_strays


@dataclass(frozen=True, slots=True)
class WatchedParts:
    doors: Doors
    health: Callable[[], HealthView]
    sensors: frozenset[str]
    """Our own; the view shows those of edges too, which look after theirs."""
    crawling: Crawling
    drills: DrillDesk | None
    departments: Sequence[str]
    data_dir: Path
    clock_watch: ClockWatch

    def own(self) -> list[Part]:
        """What each of several hubs tells of itself."""
        node = self.doors.node
        return [of_hub(part, node) for part in self.all() if not self.is_shared(part.kind, part.id)]

    def shared(self) -> list[Part]:
        """What the hub that leads tells for all."""
        return [part for part in self.all() if self.is_shared(part.kind, part.id)]

    def is_shared(self, kind: str, id: str) -> bool:
        edges = () if self.doors.hub is None else self.doors.hub.nodes.known
        return kind not in OF_EACH_HUB or id.partition(":")[0] in edges

    def all(self) -> list[Part]:
        doors = self.doors
        stats = doors.queue.stats()
        sensors = [sensor for sensor in self.health().sensors if sensor.id in self.sensors]
        return [
            *map(sensor_part, sensors),
            *map(receiver_part, sensors),
            *map(source_part, self.crawling.statuses.values()),
            self.clock_watch.part(),
            # An outbox counts bytes, and tells of them in its own report.
            *(() if doors.edge is not None else (queue_part(stats.n_waiting, stats.capacity),)),
            *(() if self.drills is None else map(chain_part, self.drills.chains)),
            *(() if doors.crew is None else (leases_part(doors.crew),)),
            *(() if doors.fleet is None else doors.fleet.desk.parts()),
            disk_part(str(self.data_dir), *doors.disk(self.data_dir)),
            *(heads_part(keeper) for keeper, _ in doors.heads),
            *(() if doors.notify is None else (messages_part(*one) for one in doors.notify.receivers())),
            *(() if doors.hub is None else doors.hub.parts()),
        ]

    async def asked(self) -> list[Part]:
        """What the database must be asked about. Raises `StoreError`."""
        doors = self.doors
        reader = CaseReader(doors.book.store.reader)
        late = await doors.book.read(partial(reader.late, doors.clock.now()))
        parts = case_parts(late, self.departments)
        parts.append(times_part(await doors.book.read(partial(n_strays, doors.book.store.reader))))
        desk = doors.escalation
        if desk is not None:
            missed = [f"{one.fingerprint} ({one.n_step + 1})" for one in await desk.missed()]
            exhausted = [one.fingerprint for one in await desk.exhausted()]
            parts += duty_parts(desk.departments, desk.unmanned(), missed, exhausted)
        return parts
