"""Puts the link together from a configuration: an edge's side, a hub's, a process's own queue."""

from __future__ import annotations

import asyncio
import random
import secrets
from contextlib import AsyncExitStack

from monitor.clock import Clock
from monitor.config import Config
from monitor.config.link import Link
from monitor.evidence import EvidenceStore
from monitor.link.bus import CONNECT_S, Bus, bus_settings
from monitor.link.edge import Edge, Identity
from monitor.link.hub import Hub
from monitor.link.outbox import Outbox
from monitor.link.stamp import machine_stamper
from monitor.queue import AlertQueue, open_queue
from monitor.queue.nats import NatsQueue
from monitor.raising import RADIO_HOLD
from monitor.roles import Role
from monitor.store.book import StoreBook


def open_edge(config: Config, role: Role, evidence: EvidenceStore, clock: Clock) -> Edge | None:
    """None where `role` is no edge. Raises `QueueError` if the outbox cannot be opened."""
    link = config.link
    if not role.is_edge or link is None:
        return None
    stamper = machine_stamper()
    outbox = Outbox.open(config.data_dir / "outbox.db", round(link.outbox_gb * 1e9), stamper)
    venues = {sensor.venue for sensor in config.sensors}
    venue = venues.pop() if len(venues) == 1 else None
    identity = Identity(config.node, role, secrets.token_hex(8), venue)
    return Edge(
        identity, _bus(config.node, link, clock), outbox, evidence.root, link.bandwidth_kbps, stamper, clock
    )


def open_hub(config: Config, book: StoreBook, evidence: EvidenceStore, clock: Clock) -> Hub | None:
    """None where the configuration has no link."""
    link = config.link
    if link is None:
        return None
    bus = _bus(config.node, link, clock)
    queue = NatsQueue(bus, link.stream, round(link.stream_gb * 1e9), config.node)
    return Hub(config.node, bus, queue, book, evidence, clock, RADIO_HOLD)


async def open_own_queue(stack: AsyncExitStack, config: Config, clock: Clock) -> AlertQueue:
    """What this process raises waits here until it is stored. Raises `QueueError`."""
    link = config.link
    if config.queue_url != "nats:" or link is None:
        return open_queue(config.queue_url)
    bus = _bus(config.node, link, clock)
    keeping = asyncio.create_task(bus.run(), name="link of the queue")
    stack.callback(keeping.cancel)
    await bus.client(CONNECT_S)
    return NatsQueue(bus, link.stream, round(link.stream_gb * 1e9), config.node)


def _bus(node: str, link: Link, clock: Clock) -> Bus:
    return Bus(bus_settings(link, node), clock, random.Random())  # noqa: S311 - jitter, not a secret
