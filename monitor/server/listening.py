"""Live listening to one channel of a sensor, over a WebSocket.

    client <── binary: sound, signed 16 bit little-endian, 16 kHz, half a second each
           <── text: {"away_hz": 433000000.0} while the receiver listens elsewhere,
                     {"away_hz": null} while it gives nothing

Listening to others is intrusive: it needs a permission of its own, it begins and ends with an
entry in the audit, it lasts half an hour at most, and bands that must not be decoded are closed.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from aiohttp import WSCloseCode, web

from monitor.sensors import PCM_RATE_HZ, Ear, ListenMode, Piece, SensorError
from monitor.server.access import actor_of, scope_of, still_allowed
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route, one_of
from monitor.server.services import SERVICES

MODES: dict[str, ListenMode] = {"nfm": "nfm", "am": "am"}
MAX_LISTENERS = 8
"""Each costs about a quarter of a core at 2.4 MS/s."""
LONGEST_S = 1800.0
SEND_S = 10.0
"""A client that takes nothing for so long is cut."""
SAMPLE_BYTES = 2
POOL: web.AppKey[ListenPool] = web.AppKey("listen-pool")


class ListenPool:
    """Threads that listeners wait in; as many as may listen."""

    def __init__(self) -> None:
        self.threads = ThreadPoolExecutor(MAX_LISTENERS, thread_name_prefix="listen")
        self.open: set[web.WebSocketResponse] = set()

    async def close(self, _app: web.Application) -> None:
        for socket in tuple(self.open):
            await socket.close(code=WSCloseCode.GOING_AWAY)
        self.threads.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class _Played:
    n_bytes: int = 0


def _asked(request: web.Request) -> tuple[float, ListenMode]:
    try:
        channel_hz = float(request.query.get("hz", ""))
    except ValueError:
        channel_hz = math.nan
    if not 0 < channel_hz < 1e11:
        raise ProblemError(400, "bad-parameter", "hz: the channel's centre in hertz is needed")
    named = request.query.get("mode", "nfm")
    mode = MODES.get(named)
    if mode is None:
        raise ProblemError(400, "bad-parameter", f"mode: {named!r} is none of {', '.join(MODES)}")
    closed = request.app[SERVICES].plan.no_decoding
    if any(low_hz <= channel_hz <= high_hz for low_hz, high_hz in closed):
        raise ProblemError(403, "closed-band", "the band plan forbids listening to this band")
    return channel_hz, mode


def _open(request: web.Request, sensor: str, channel_hz: float, mode: ListenMode) -> Ear:
    listen = request.app[SERVICES].listen
    try:
        if listen is None:
            raise KeyError(sensor)
        return listen(sensor, channel_hz, mode)
    except KeyError:
        raise ProblemError(404, "no-such-sensor", f"no sensor is called {sensor!r}") from None
    except SensorError as error:
        raise ProblemError(409, "sensor-silent", f"{sensor}: {error}") from None


async def listen(request: web.Request) -> web.StreamResponse:
    pool, record = request.app[POOL], request.app[SERVICES].record
    sensor = request.match_info["sensor"]
    held = request.app[SERVICES].held.get(sensor)
    # Of another venue's sensor not even that it exists is told.
    if held is not None and not scope_of(request).holds(held.venue):
        raise ProblemError(404, "no-such-sensor", f"no sensor is called {sensor!r}")
    channel_hz, mode = _asked(request)
    if not web.WebSocketResponse().can_prepare(request).ok:
        raise ProblemError(426, "websocket-needed", "listening is a WebSocket", {"Upgrade": "websocket"})
    if len(pool.open) >= MAX_LISTENERS:
        told = f"{MAX_LISTENERS} listen already"
        raise ProblemError(503, "too-many-listeners", told, {"Retry-After": "30"})
    ear = _open(request, sensor, channel_hz, mode)
    loop, played = asyncio.get_running_loop(), _Played()
    socket = web.WebSocketResponse(heartbeat=15.0, max_msg_size=1024)
    pool.open.add(socket)
    actor, what = actor_of(request), {"channel_hz": channel_hz, "mode": mode}
    try:
        await record(actor, "listening.began", sensor, what)
        try:
            await socket.prepare(request)
            gone = loop.create_task(_until_gone(socket))
            try:
                async with asyncio.timeout(LONGEST_S):
                    await _play(request, socket, gone, ear.pieces(), pool, played)
            finally:
                gone.cancel()
            await socket.close()
        finally:
            seconds = round(played.n_bytes / SAMPLE_BYTES / PCM_RATE_HZ, 1)
            await asyncio.shield(record(actor, "listening.ended", sensor, {**what, "sound_s": seconds}))
    except (TimeoutError, ConnectionError):
        await socket.close()
    finally:
        pool.open.discard(socket)
        ear.close()
    return socket


async def _play(
    request: web.Request,
    socket: web.WebSocketResponse,
    gone: asyncio.Task[None],
    pieces: Iterator[Piece],
    pool: ListenPool,
    played: _Played,
) -> None:
    """Send until the listener goes, may not any more, or the sensor's listening ends."""
    loop = asyncio.get_running_loop()
    while not gone.done() and await still_allowed(request):
        coming = loop.run_in_executor(pool.threads, next, pieces, None)
        await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not coming.done():
            break
        piece = coming.result()
        if piece is None:
            break
        async with asyncio.timeout(SEND_S):
            if piece.pcm:
                await socket.send_bytes(piece.pcm)
            elif piece.is_silent or piece.away_hz is not None:
                await socket.send_json({"away_hz": piece.away_hz})
        played.n_bytes += len(piece.pcm)


async def _until_gone(socket: web.WebSocketResponse) -> None:
    """What a listener says is nothing to us; that it goes is."""
    async for _ in socket:
        continue


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/sensors/{sensor}/listen",
        listen,
        "listen",
        "A WebSocket: sound of one channel, signed 16 bit at 16 kHz, while the receiver stands on it",
        ("application/octet-stream",),
        (
            Param("sensor", "path", {"type": "string"}, "its id"),
            Param("hz", "query", {"type": "number", "exclusiveMinimum": 0}, "centre of the channel in hertz"),
            Param("mode", "query", {**one_of(*MODES), "default": "nfm"}, "how it is demodulated"),
        ),
        (400, 404, 409, 426),
        needs="listen",
    ),
)
