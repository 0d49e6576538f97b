"""What a crawler keeps beside its sources, opened as its URL says: for itself, or shared with a crew."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from crawlers.clock import Clock
from crawlers.crew import Crew
from crawlers.lease import key_of
from crawlers.memory import Memory
from crawlers.shared_hosts import SharedHosts
from crawlers.source.base import Source
from crawlers.tables import shared_worker


@dataclass(frozen=True, slots=True)
class Commons:
    memory: Memory
    hosts: SharedHosts | None = None
    """None: a worker alone knows its hosts by itself."""
    crew: Crew | None = None

    async def forget(self, before: datetime) -> int:
        """Drop what is older (`Memory.forget`), and hosts that nobody asks any more."""
        if self.hosts is not None:
            await self.hosts.forget()
        return await self.memory.forget(before)


@asynccontextmanager
async def open_commons(
    url: str,
    password_file: Path | None,
    worker: str,
    sources: Mapping[str, Source],
    clock: Clock,
    rng: random.Random,
) -> AsyncGenerator[Commons]:
    """What is kept at ``sqlite:PATH``, or shared at ``postgresql://…`` by the workers of one crew.

    Parameters
    ----------
    worker : str
        This worker's name in the crew.

    Raises
    ------
    OSError, sqlite3.Error
        If it cannot be opened.
    ValueError
        If there is nothing of that kind.
    """
    scheme, _, rest = url.partition(":")
    match scheme:
        case "sqlite":
            async with Memory(Path(rest)) as memory:
                yield Commons(memory)
        case "postgresql":
            keys = {id: key_of(source.config) for id, source in sources.items()}
            # Renewals and turns have a connection each: neither may wait for a page being remembered.
            async with (
                Memory(shared_worker(url, password_file)) as memory,
                shared_worker(url, password_file, max_batch=1) as leases,
                shared_worker(url, password_file, max_batch=1) as turns,
                Crew(leases, worker, keys) as crew,
            ):
                yield Commons(memory, SharedHosts(turns, lambda: crew.worker, clock, rng), crew)
        case _:
            raise ValueError(f"no memory of kind '{scheme}:' (sqlite: or postgresql:)")
