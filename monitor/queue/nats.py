"""The queue in NATS JetStream: what edges published, for one hub or several at once.

    edges ──publish──> [ stream, kept until acknowledged ] ──pull──> take ─> store ─> ack
                                                                                      │
                                               JetStream lets go, the edge gets a receipt

The broker promises little here, and needs to: what it delivers twice the store knows by id,
what it loses the edge sends again. So its stream is made anew whenever it is gone.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import structlog
from nats.aio.msg import Msg

from monitor.alert import wire
from monitor.alert.alert import Alert
from monitor.link import words
from monitor.link.bus import CONNECT_S, Bus, LinkError
from monitor.link.correct import corrected
from monitor.link.ship import stream_seq
from monitor.link.words import Receipt
from monitor.queue.base import Queued, QueueStats

AHEAD = 1024
"""Alerts asked for at once."""
ENOUGH = 256
"""With so many at hand no more are asked for."""
EXPIRES_S = 5.0
ACK_WAIT_S = 15.0
"""After which the broker gives what a dead hub held to another. A commit that waits for its store may take
longer, and is then done twice, which the store knows."""
MAX_UNACKED = 16_384
API_S = 5.0
DURABLE = "hubs"
NANO = 1_000_000_000
DUPLICATES_S = 120
"""The broker's own memory of ids saves work when a publisher did not hear its answer, and no more."""
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Held:
    alert: Alert
    reply: str
    """Where JetStream is told that it is done."""
    node: str


@dataclass(frozen=True, slots=True)
class StreamState:
    done_seq: int
    """All up to here was acknowledged."""
    last_seq: int


class NatsQueue:
    def __init__(
        self, bus: Bus, stream: str, max_bytes: int, node: str, ack_wait_s: float = ACK_WAIT_S
    ) -> None:
        self._bus = bus
        self._stream = stream
        self._max_bytes = max_bytes
        self._node = node
        self._ack_wait_s = ack_wait_s
        self._prepared_at = 0
        """The bus's number of the connection on which stream and consumer were seen to be there."""
        self._preparing = asyncio.Lock()
        self._inbox = ""
        self._asked = 0
        self._asked_until_s = 0.0
        self._fresh: deque[Msg] = deque()
        self._returned: deque[int] = deque()
        self._held: dict[int, _Held] = {}
        self._came = asyncio.Event()
        self._seq = self._n_put = self._n_acked = self._n_pending = 0
        self.n_refused = 0

    async def put(self, alerts: Sequence[Alert]) -> None:
        """As `AlertQueue.put`, as far as the broker's disk is to be trusted (its ``sync_interval``)."""
        await self._prepare()
        for alert in alerts:
            answer = await self._bus.request(
                words.alerts(self._node), wire.encode(alert), API_S, {"Nats-Msg-Id": alert.id}
            )
            stream_seq(answer)
            self._n_put += 1

    async def take(self, n: int, wait_s: float) -> list[Queued]:
        """As `AlertQueue.take`. Raises `LinkError` without a broker."""
        again = [self._returned.popleft() for _ in range(min(n, len(self._returned)))]
        taken = [Queued(seq, self._held[seq].alert) for seq in again]
        if len(taken) < n and not (taken and not self._fresh):
            await self._prepare()
            await self._pull()
            if not self._fresh and not taken and wait_s > 0:
                self._came.clear()
                try:
                    async with asyncio.timeout(wait_s):
                        await self._came.wait()
                except TimeoutError:
                    return []
            while self._fresh and len(taken) < n:
                queued = await self._open(self._fresh.popleft())
                taken += [queued] if queued is not None else []
        return taken

    async def _open(self, said: Msg) -> Queued | None:
        node, headers = words.node_of(said.subject), said.headers or {}
        try:
            alert = wire.decode(said.data)
            alert = corrected(alert, float(headers.get(words.CORRECTION, 0.0)))
            alert = replace(alert, event={**alert.event, words.NODE: node})
        except (msgspec.DecodeError, ValueError, OverflowError) as error:
            await self._refuse(said, node, headers.get("Nats-Msg-Id", ""), str(error))
            return None
        self._seq += 1
        self._held[self._seq] = _Held(alert, said.reply, node)
        return Queued(self._seq, alert)

    async def _refuse(self, said: Msg, node: str, id: str, reason: str) -> None:
        self.n_refused += 1
        log.error("an edge's alert cannot be read: its edge keeps it aside", node=node, id=id, error=reason)
        await self._tell(said.reply, b"+TERM")
        await self._receipt(node, Receipt(refused={id: reason}, hub=self._node))

    async def ack(self, seqs: Sequence[int]) -> None:
        """Tell broker and edges what is stored. Where they cannot be told, they ask or send again."""
        by_node: defaultdict[str, list[str]] = defaultdict(list)
        for seq in seqs:
            held = self._held.pop(seq)
            by_node[held.node].append(held.alert.id)
            await self._tell(held.reply, b"+ACK")
        for node, ids in by_node.items():
            await self._receipt(node, Receipt(ids, hub=self._node))
        self._n_acked += len(seqs)

    async def give_back(self, seqs: Sequence[int]) -> None:
        self._returned.extend(seqs)

    async def _tell(self, reply: str, word: bytes) -> None:
        try:
            await self._bus.publish(reply, word)
        except LinkError:
            log.debug("the broker was not told that an alert is done; it will deliver it again")

    async def _receipt(self, node: str, receipt: Receipt) -> None:
        try:
            await self._bus.publish(words.receipts(node), msgspec.json.encode(receipt))
        except LinkError:
            log.debug("an edge was not told what is stored; it will ask", node=node)

    async def _pull(self) -> None:
        now_s = asyncio.get_running_loop().time()
        if self._asked and now_s > self._asked_until_s:
            # Not even told that the time is up: stream, consumer or broker are not what they were.
            self._asked = 0
            self._prepared_at = 0
            await self._prepare()
        if not self._asked and len(self._fresh) < ENOUGH:
            self._asked = AHEAD
            self._asked_until_s = now_s + EXPIRES_S + API_S
            wish = {"batch": AHEAD, "expires": round(EXPIRES_S * NANO)}
            await self._bus.publish(
                f"$JS.API.CONSUMER.MSG.NEXT.{self._stream}.{DURABLE}",
                json.dumps(wish).encode(),
                reply=self._inbox,
            )

    async def _arrived(self, said: Msg) -> None:
        status = (said.headers or {}).get("Status")
        if status is None:
            self._asked = max(0, self._asked - 1)
            self._fresh.append(said)
            self._n_pending = said.metadata.num_pending
        elif status != "100":
            self._asked = 0
            if status not in ("404", "408"):
                # The consumer was deleted, or nobody knows it.
                self._prepared_at = 0
        self._came.set()

    async def _prepare(self) -> None:
        """Have stream, consumer and an inbox, on this connection."""
        await self._bus.client(CONNECT_S)
        async with self._preparing:
            if self._prepared_at == self._bus.n_connects:
                return
            at = self._bus.n_connects
            await self._api(f"STREAM.CREATE.{self._stream}", _stream(self._stream, self._max_bytes))
            await self._api(
                f"CONSUMER.DURABLE.CREATE.{self._stream}.{DURABLE}", _consumer(self._stream, self._ack_wait_s)
            )
            self._asked = 0
            # Of an earlier connection: the broker delivers it again.
            self._fresh.clear()
            self._inbox = await self._bus.open_inbox(self._arrived)
            self._prepared_at = at

    async def _api(self, subject: str, wish: dict[str, Any] | None = None) -> dict[str, Any]:
        body = json.dumps(wish).encode() if wish is not None else b""
        said = await self._bus.request(f"$JS.API.{subject}", body, API_S)
        answer: dict[str, Any] = json.loads(said.data)
        error = answer.get("error")
        # Two hubs may make the same thing at once, or an older version made it a little different.
        if error is not None and error.get("err_code") not in (10058, 10148):
            raise LinkError(f"JetStream refuses {subject.split('.')[0].lower()}: {error.get('description')}")
        return answer

    async def state(self) -> StreamState:
        """How far the stream has been stored. Raises `LinkError`."""
        consumer = await self._api(f"CONSUMER.INFO.{self._stream}.{DURABLE}")
        stream = await self._api(f"STREAM.INFO.{self._stream}")
        last_seq = int(stream["state"]["last_seq"])
        if not consumer["num_pending"] and not consumer["num_ack_pending"]:
            return StreamState(last_seq, last_seq)
        return StreamState(int(consumer["ack_floor"]["stream_seq"]), last_seq)

    def stats(self) -> QueueStats:
        n_waiting = len(self._held) + len(self._fresh) + self._n_pending
        return QueueStats("nats", n_waiting, MAX_UNACKED, self._n_put, self._n_acked, 0)

    async def close(self) -> None:
        """Nothing to do: the bus is closed by who runs it."""


def _stream(name: str, max_bytes: int) -> dict[str, Any]:
    return {
        "name": name,
        "subjects": [words.alerts("*")],
        "retention": "workqueue",
        "storage": "file",
        # The edge is told and keeps it: better than to lose the oldest unseen.
        "discard": "new",
        "max_bytes": max_bytes,
        "max_consumers": -1,
        "num_replicas": 1,
        "duplicate_window": DUPLICATES_S * NANO,
    }


def _consumer(stream: str, ack_wait_s: float) -> dict[str, Any]:
    return {
        "stream_name": stream,
        "config": {
            "durable_name": DURABLE,
            "ack_policy": "explicit",
            "deliver_policy": "all",
            "ack_wait": round(ack_wait_s * NANO),
            "max_ack_pending": MAX_UNACKED,
            "max_deliver": -1,
        },
    }
