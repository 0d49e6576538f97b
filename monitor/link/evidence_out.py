"""Sends an edge's files to the hub: gravest alert first, within a budget, and on from where it broke off.

One piece at a time, and before each one it is asked anew which file comes first. A file counts
as sent when the hub has checked its sha256. Spectra and clips that raised nothing stay here.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from pathlib import Path

import msgspec
import structlog

from monitor.backoff import Backoff
from monitor.clock import Clock
from monitor.link import words
from monitor.link.bus import Bus, LinkError
from monitor.link.outbox import Outbox, Parcel
from monitor.link.words import Kept
from monitor.queue import QueueError

IDLE_S = 2.0
ANSWER_S = 15.0
LARGEST_PIECE = 256 * 1024
"""Below NATS's usual limit of 1 MiB a message."""
MAX_MISFITS = 3
"""So often a file may arrive as something else before it is given up: a disk here or there is broken."""
log = structlog.get_logger()


class Budget:
    """A bucket of tokens: so many bytes a second, over any stretch longer than a piece."""

    def __init__(self, bytes_per_s: float, clock: Clock) -> None:
        self._bytes_per_s = bytes_per_s
        self._clock = clock
        self._free_at_s = clock.monotonic()

    async def spend(self, n_bytes: int) -> None:
        """Wait until `n_bytes` may go."""
        wait_s = self._free_at_s - self._clock.monotonic()
        self.charge(n_bytes)
        if wait_s > 0:
            await self._clock.sleep(wait_s)

    def charge(self, n_bytes: int) -> None:
        """What cannot wait goes now; all others wait for it."""
        now_s = self._clock.monotonic()
        self._free_at_s = max(self._free_at_s, now_s) + n_bytes / self._bytes_per_s


@dataclass(slots=True)
class EvidenceCounts:
    n_sent: int = 0
    n_bytes: int = 0
    n_gone: int = 0
    """Not here any more when their turn came."""
    n_given_up: int = 0


class EvidenceShipper:
    def __init__(
        self,
        outbox: Outbox,
        root: Path,
        bus: Bus,
        node: str,
        bytes_per_s: float,
        budget: Budget,
        clock: Clock,
    ) -> None:
        """`budget` of `bytes_per_s` may be shared with others that use the uplink."""
        self._outbox = outbox
        self._root = root
        self._bus = bus
        self._node = node
        self._clock = clock
        self._budget = budget
        self._piece_bytes = round(min(LARGEST_PIECE, max(4096, bytes_per_s)))
        self._under_way: tuple[str, int] = ("", 0)
        """Digest, and how much of it the hub has."""
        self._n_misfits = 0
        self.counts = EvidenceCounts()

    async def run(self) -> None:
        """Send until cancelled."""
        backoff = Backoff(longest_s=30.0)
        while True:
            try:
                await self._bus.client(wait_s=60.0)
                moved = await self.step()
            except (QueueError, OSError) as error:
                log.info("evidence waits for the hub", error=str(error))
                await self._clock.sleep(backoff.next_s())
                continue
            backoff.reset()
            if not moved:
                await self._clock.sleep(IDLE_S)

    async def step(self) -> bool:
        """Send one piece of the file that comes first; False if there is none.

        Raises
        ------
        LinkError, QueueError, OSError
            If hub or disk fail; the piece goes again.
        """
        parcel = await self._outbox.next_parcel()
        if parcel is None:
            return False
        try:
            n_bytes = (self._root / parcel.path).stat().st_size
        except FileNotFoundError:
            log.error("evidence is gone before the hub had it", path=parcel.path)
            self.counts.n_gone += 1
            await self._outbox.parcel_done(parcel)
            return True
        digest, n_there = self._under_way
        if digest != parcel.digest:
            self._n_misfits = 0
            kept = await self._send(parcel, n_bytes, 0, b"")
        else:
            content = await asyncio.to_thread(self._read, parcel.path, n_there)
            await self._budget.spend(len(content))
            kept = await self._send(parcel, n_bytes, n_there, content)
            self.counts.n_bytes += len(content)
            if not kept.done and n_there + len(content) >= n_bytes:
                # All of it went, and the hub has thrown it away.
                self._n_misfits += 1
        await self._answered(parcel, kept)
        return True

    async def _answered(self, parcel: Parcel, kept: Kept) -> None:
        self._under_way = (parcel.digest, kept.n_bytes)
        if kept.done:
            self.counts.n_sent += 1
            await self._outbox.parcel_done(parcel)
        elif kept.error is not None:
            await self._give_up(parcel, kept.error)
        elif self._n_misfits == MAX_MISFITS:
            await self._give_up(parcel, "it arrives as something else than its name says")

    async def _give_up(self, parcel: Parcel, reason: str) -> None:
        log.error("evidence stays at the edge", path=parcel.path, reason=reason)
        self.counts.n_given_up += 1
        await self._outbox.parcel_done(parcel)

    def _read(self, path: str, offset: int) -> bytes:
        with (self._root / path).open("rb") as file:
            file.seek(offset)
            return file.read(self._piece_bytes)

    async def _send(self, parcel: Parcel, n_bytes: int, offset: int, content: bytes) -> Kept:
        headers = {
            words.DIGEST: parcel.digest,
            words.FILE: parcel.path,
            words.FILE_BYTES: str(n_bytes),
            words.OFFSET: str(offset),
        }
        said = await self._bus.request(words.evidence(self._node), content, ANSWER_S, headers)
        try:
            return msgspec.json.decode(said.data, type=Kept)
        except msgspec.DecodeError as error:
            raise LinkError(f"the hub's answer cannot be read: {error}") from None
