"""Carries an edge's outbox to the hub: a row leaves it when the hub's receipt says committed.

    take ─> publish ─> [ waiting, at most WINDOW ] ──receipt──> ack
               ^              │ none for some seconds: ask a hub
               └── lost ──────┘   known: ack    still in the stream: wait on    neither: send again

What the broker loses, or forgets whole, is found by asking and goes again. Two copies of an
alert are one at the store, which knows it by its id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
import structlog
from nats.aio.msg import Msg

from monitor.alert import wire
from monitor.backoff import Backoff
from monitor.clock import Clock
from monitor.link import words
from monitor.link.bus import Bus, LinkError
from monitor.link.outbox import Outbox
from monitor.link.stamp import HubTime, Stamper
from monitor.link.words import Answer, Ask, Receipt
from monitor.queue import Queued, QueueError

WINDOW = 128
"""Alerts on the way: at a round trip of 100 ms and a commit of 100 ms, 600 a second from one edge."""
LEAST_WINDOW = 8
"""It begins with so many, grows with each receipt, and is halved when the broker does not keep up: a thousand
edges that come back at once would else send all they have, and send it again."""
FIRST_ASK_S, LONGEST_ASK_S = 4.0, 60.0
"""Without a receipt. A hub commits within a second; one that is away is asked ever more rarely."""
ANSWER_S = 5.0
PUBLISH_S = 20.0
"""For the broker's word on one alert. A busy one is slow, and to send again makes it slower."""
log = structlog.get_logger()


@dataclass(slots=True)
class _Sent:
    queued: Queued
    seq: int | None = None
    """Its number in the stream, once the broker has it."""


class Shipper:
    def __init__(
        self,
        outbox: Outbox,
        bus: Bus,
        node: str,
        hub_time: HubTime,
        stamper: Stamper,
        clock: Clock,
        window: int = WINDOW,
        first_ask_s: float = FIRST_ASK_S,
    ) -> None:
        self._outbox = outbox
        self._bus = bus
        self._node = node
        self._hub_time = hub_time
        self._stamper = stamper
        self._clock = clock
        self._most = window
        self._window = min(LEAST_WINDOW, window)
        self._first_ask_s = first_ask_s
        self._waiting: dict[str, _Sent] = {}
        self._receipts: list[Receipt] = []
        self._news = asyncio.Event()
        self._ask_s = first_ask_s
        self._ask_at_s = 0.0
        self.n_shipped = 0
        self.n_sent_again = 0

    async def run(self) -> None:
        """Ship until cancelled."""
        await self._bus.listen(words.receipts(self._node), self._heard)
        backoff = Backoff(longest_s=15.0)
        while True:
            try:
                await self._bus.client(wait_s=60.0)
                await self.step()
            except QueueError as error:
                self._window = max(LEAST_WINDOW, self._window // 2)
                log.info("the outbox waits", error=str(error), n_waiting=self._outbox.stats().n_waiting)
                await self._clock.sleep(backoff.next_s())
            else:
                backoff.reset()

    async def ask_time(self) -> None:
        """Learn what time it is at the hub. Raises `LinkError`."""
        await self._ask([])

    async def step(self, wait_s: float = 1.0) -> None:
        """Send what can be sent, then wait for news, but no longer than `wait_s`.

        Raises
        ------
        LinkError, QueueError
            If broker, hub or disk fail. All that was not confirmed is kept, here and on the disk.
        """
        if not self._hub_time.known:
            await self.ask_time()
        await self._send([sent for sent in self._waiting.values() if sent.seq is None])
        room = self._window - len(self._waiting)
        if room >= self._window // 2:
            taken = await self._outbox.take(room, 0.0 if self._waiting else wait_s)
            fresh = {queued.alert.id: _Sent(queued) for queued in taken}
            if fresh and not self._waiting:
                self._wait_anew()
            self._waiting |= fresh
            await self._send(fresh.values())
        if self._waiting:
            await self._hear(min(wait_s, max(0.0, self._ask_at_s - self._clock.monotonic())))
            if self._waiting and self._clock.monotonic() >= self._ask_at_s:
                self._ask_s = min(2 * self._ask_s, LONGEST_ASK_S)
                self._ask_at_s = self._clock.monotonic() + self._ask_s
                await self._look_for_lost()

    async def _send(self, unsent: Iterable[_Sent]) -> None:
        done = await asyncio.gather(*(self._publish(sent) for sent in unsent), return_exceptions=True)
        for failure in done:
            if failure is not None:
                raise failure

    async def _publish(self, sent: _Sent) -> None:
        alert, headers = sent.queued.alert, {"Nats-Msg-Id": sent.queued.alert.id}
        if sent.queued.stamp is not None:
            correction_s = self._hub_time.correction_s(sent.queued.stamp, self._stamper())
            headers[words.CORRECTION] = f"{correction_s:.6f}"
        answer = await self._bus.request(words.alerts(self._node), wire.encode(alert), PUBLISH_S, headers)
        sent.seq = stream_seq(answer)

    async def _hear(self, wait_s: float) -> None:
        """Let go of what receipts name."""
        if not self._receipts:
            try:
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
            except TimeoutError:
                return
        self._news.clear()
        receipts, self._receipts = self._receipts, []
        await self._settle([id for receipt in receipts for id in receipt.ids])
        for receipt in receipts:
            for id, reason in receipt.refused.items():
                sent = self._waiting.pop(id, None)
                if sent is not None:
                    log.error("the hub cannot read an alert: it is put aside", id=id, reason=reason)
                    await self._outbox.refuse(sent.queued.seq, reason)

    async def _settle(self, ids: Iterable[str]) -> None:
        gone = [id for id in dict.fromkeys(ids) if id in self._waiting]
        if gone:
            await self._outbox.ack([self._waiting[id].queued.seq for id in gone])
            for id in gone:
                del self._waiting[id]
            self.n_shipped += len(gone)
            self._window = min(self._most, self._window + len(gone))
            self._wait_anew()

    def _wait_anew(self) -> None:
        self._ask_s = self._first_ask_s
        self._ask_at_s = self._clock.monotonic() + self._ask_s

    async def _look_for_lost(self) -> None:
        answer = await self._ask(list(self._waiting))
        await self._settle(answer.known)
        lost = [
            sent
            for sent in self._waiting.values()
            if sent.seq is not None and not answer.done_seq < sent.seq <= answer.last_seq
        ]
        self.n_sent_again += len(lost)
        for sent in lost:
            sent.seq = None

    async def _ask(self, ids: list[str]) -> Answer:
        before = self._stamper()
        said = await self._bus.request(words.ask(self._node), msgspec.json.encode(Ask(ids)), ANSWER_S)
        after = self._stamper()
        try:
            answer = msgspec.json.decode(said.data, type=Answer)
        except msgspec.DecodeError as error:
            raise LinkError(f"the hub's answer cannot be read: {error}") from None
        self._hub_time.measured(before, answer.at, after)
        return answer

    async def _heard(self, said: Msg) -> None:
        try:
            self._receipts.append(msgspec.json.decode(said.data, type=Receipt))
        except msgspec.DecodeError as error:
            log.error("a receipt cannot be read", error=str(error))
        else:
            self._news.set()


class _Published(msgspec.Struct, frozen=True):
    seq: int = 0
    error: dict[str, object] | None = None


def stream_seq(answer: Msg) -> int:
    """The number that JetStream gave a message. Raises `LinkError` if it did not take it."""
    try:
        published = msgspec.json.decode(answer.data, type=_Published)
    except msgspec.DecodeError as error:
        raise LinkError(f"the broker's answer cannot be read: {error}") from None
    if published.error is not None or not published.seq:
        raise LinkError(f"the broker does not take an alert: {published.error}")
    return published.seq
