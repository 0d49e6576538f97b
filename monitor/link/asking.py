"""A hub's questions to its edges: who does not answer is told as cut off, who cannot yet as too old."""

from __future__ import annotations

import zlib
from typing import Any

import msgspec

from monitor.link.bus import Bus, LinkError
from monitor.link.nodes import Nodes
from monitor.sensors import TooOldError

MOST_BYTES = 40_000_000


class Asking:
    def __init__(self, nodes: Nodes, bus: Bus) -> None:
        self._nodes = nodes
        self._bus = bus

    def need(self, node: str, what: str) -> None:
        """Raises `TooOldError` where the edge has not said that it can do `what`."""
        known = self._nodes.known.get(node)
        if known is not None and what not in known.report.can:
            version = known.report.health.version
            raise TooOldError(
                f"edge {node} runs an earlier version ({version}): upgrade it · "
                f"边缘节点 {node} 版本过旧，请升级"
            )

    async def ask(self, node: str, subject: str, ask: msgspec.Struct, timeout_s: float) -> bytes:
        """The answer, as it came. Raises `LinkError`."""
        try:
            answer = await self._bus.request(subject, msgspec.msgpack.encode(ask), timeout_s)
        except LinkError as error:
            known = self._nodes.known.get(node)
            last = f"{known.seen_at:%Y-%m-%d %H:%M:%S} UTC" if known is not None else "-"
            raise LinkError(
                f"edge {node} does not answer ({error}); last heard {last} · "
                f"边缘节点 {node} 无应答，最近一次联系 {last}"
            ) from None
        return answer.data


def read(answer: bytes, kind: type[Any], node: str) -> Any:
    """An answer in MessagePack. Raises `LinkError` if it is none."""
    try:
        return msgspec.msgpack.decode(answer, type=kind)
    except msgspec.DecodeError as error:
        raise LinkError(f"the answer of edge {node} cannot be read: {error}") from None


def unpacked(packed: bytes, kind: type[Any], node: str) -> Any:
    """An answer in MessagePack and zlib. Raises `LinkError` if it is none, or too much."""
    # So far and no further: a few bytes can unpack to all of the memory.
    unpacker = zlib.decompressobj()
    try:
        body = unpacker.decompress(packed, MOST_BYTES)
    except zlib.error as error:
        raise LinkError(f"the answer of edge {node} cannot be read: {error}") from None
    return read(body, kind, node)
