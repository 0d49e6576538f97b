"""The link's connection while there is no broker: it ends when it is told to, whatever it is doing."""

from __future__ import annotations

import asyncio
import random

from monitor.clock import SystemClock
from monitor.link.bus import Bus, BusSettings

N = 150
"""Before the cancellation was looked for after each call of the library, one in thirty was lost."""


async def test_a_link_that_is_stopped_amid_connecting_stops():
    rng = random.Random(7)

    async def slam(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if rng.random() < 0.5:
            await asyncio.sleep(0.003 * rng.random())
        writer.transport.abort()

    door = await asyncio.start_server(slam, "127.0.0.1", 0)
    port = door.sockets[0].getsockname()[1]
    for n in range(N):
        url = f"nats://127.0.0.1:{port if n % 2 else 1}"
        bus = Bus(BusSettings(url, "no1", first_s=0.001, longest_s=0.002), SystemClock(), rng)
        keeping = asyncio.create_task(bus.run())
        await asyncio.sleep(0.02 * rng.random())
        keeping.cancel()
        done, _ = await asyncio.wait({keeping}, timeout=5)
        assert done, f"number {n} goes on"
    door.close()
