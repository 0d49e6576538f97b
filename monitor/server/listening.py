"""Live listening to one channel of a sensor, over a WebSocket.

    client <── binary: sound, signed 16 bit little-endian, 16 kHz, half a second each
           <── text: {"away_hz": 433000000.0} while the receiver listens elsewhere,
                     {"away_hz": null} while it gives nothing,
                     {"n_dropped": 3} so many pieces of sound came too late so far

What the sensor says to it comes as the close code, with the reason: 4409 it cannot be listened to now, 4503
its edge does not answer, 4505 its edge is of an earlier version. A browser reads no answer to a WebSocket
that is refused, so what it shows is told after the door is open.

Listening to others is intrusive: it needs a permission of its own, it begins and ends with an
entry in the audit, it lasts half an hour at most, and bands that must not be decoded are closed.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass

from aiohttp import WSCloseCode, web

from monitor.earphone import PCM_RATE_HZ, Hearing, ListenMode, Piece
from monitor.faults import WorldError
from monitor.sensors import CutOffError, SensorError, TooOldError
from monitor.server.access import actor_of, still_allowed
from monitor.server.looking import CUT_OFF, close_reason, held_sensor
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route, one_of
from monitor.server.services import SERVICES

MODES: dict[str, ListenMode] = {"nfm": "nfm", "am": "am"}
MAX_LISTENERS = 8
"""Each costs about a quarter of a core at 2.4 MS/s, where the sensor is."""
LONGEST_S = 1800.0
SEND_S = 10.0
"""A client that takes nothing for so long is cut."""
SAMPLE_BYTES = 2
REFUSED, TOO_OLD = 4409, 4505
LISTENERS: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("listeners")


async def close_listeners(app: web.Application) -> None:
    for socket in tuple(app[LISTENERS]):
        await socket.close(code=WSCloseCode.GOING_AWAY)


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


async def listen(request: web.Request) -> web.StreamResponse:
    listeners = request.app[LISTENERS]
    channel_hz, mode = _asked(request)
    if not web.WebSocketResponse().can_prepare(request).ok:
        raise ProblemError(426, "websocket-needed", "listening is a WebSocket", {"Upgrade": "websocket"})
    sensor = held_sensor(request)
    if len(listeners) >= MAX_LISTENERS:
        told = f"{MAX_LISTENERS} listen already"
        raise ProblemError(503, "too-many-listeners", told, {"Retry-After": "30"})
    socket = web.WebSocketResponse(heartbeat=15.0, max_msg_size=1024)
    listeners.add(socket)
    try:
        await socket.prepare(request)
        hearing = await sensor.listen(channel_hz, mode, actor_of(request))
        try:
            await _listen(request, socket, hearing, {"channel_hz": channel_hz, "mode": mode})
        finally:
            hearing.close()
        await socket.close()
    except SensorError as error:
        await socket.close(code=_code_of(error), message=close_reason(str(error)))
    except WorldError as error:
        await socket.close(code=WSCloseCode.INTERNAL_ERROR, message=close_reason(str(error)))
    except (TimeoutError, ConnectionError):
        await socket.close()
    finally:
        listeners.discard(socket)
    return socket


def _code_of(error: SensorError) -> int:
    if isinstance(error, TooOldError):
        return TOO_OLD
    return CUT_OFF if isinstance(error, CutOffError) else REFUSED


async def _listen(
    request: web.Request, socket: web.WebSocketResponse, hearing: Hearing, what: dict[str, object]
) -> None:
    """Nothing is heard before its beginning is in the audit."""
    record, actor, name = request.app[SERVICES].record, actor_of(request), request.match_info["sensor"]
    played = _Played()
    await record(actor, "listening.began", name, what)
    try:
        gone = asyncio.create_task(_until_gone(socket))
        try:
            async with asyncio.timeout(LONGEST_S):
                await _play(request, socket, gone, hearing, played)
        finally:
            gone.cancel()
    finally:
        seconds = round(played.n_bytes / SAMPLE_BYTES / PCM_RATE_HZ, 1)
        about = {**what, "sound_s": seconds, "n_dropped": hearing.n_dropped}
        await asyncio.shield(record(actor, "listening.ended", name, about))


async def _play(
    request: web.Request,
    socket: web.WebSocketResponse,
    gone: asyncio.Task[None],
    hearing: Hearing,
    played: _Played,
) -> None:
    """Send until the listener goes, may not any more, or the sensor's listening ends."""
    n_told = 0
    while not gone.done() and await still_allowed(request):
        coming = asyncio.create_task(hearing.take())
        await asyncio.wait({coming, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not coming.done():
            coming.cancel()
            break
        pieces = coming.result()
        if not pieces:
            break
        async with asyncio.timeout(SEND_S):
            for piece in pieces:
                await _send(socket, piece)
                played.n_bytes += len(piece.pcm)
            if hearing.n_dropped != n_told:
                n_told = hearing.n_dropped
                await socket.send_json({"n_dropped": n_told})


async def _send(socket: web.WebSocketResponse, piece: Piece) -> None:
    if piece.pcm:
        await socket.send_bytes(piece.pcm)
    elif piece.is_silent or piece.away_hz is not None:
        await socket.send_json({"away_hz": piece.away_hz})


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
            Param("sensor", "path", {"type": "string"}, "its id; of an edge's sensor NODE:SENSOR"),
            Param("hz", "query", {"type": "number", "exclusiveMinimum": 0}, "centre of the channel in hertz"),
            Param("mode", "query", {**one_of(*MODES), "default": "nfm"}, "how it is demodulated"),
        ),
        (400, 404, 426, 503),
        needs="listen",
    ),
)
