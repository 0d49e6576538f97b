"""The live spectrum of a sensor over a WebSocket, and holding a sensor at one frequency.

    client <── binary: one or more rows, one after the other, each, little-endian:

        0        1        2                 4                 8
        +--------+--------+-----------------+-----------------+
        | kind 1 |   0    | n_bins      u16 | n_dropped   u32 |
        +--------+--------+-----------------+-----------------+
        | started_at, seconds since 1970 UTC              f64 |   8
        +-----------------------------------------------------+
        | low_hz, lower edge of the first bin             f64 |  16
        +-----------------------------------+-----------------+
        | bin_hz                        f32 | span_s      f32 |  24
        +-----------------------------------+-----------------+
        | n_bins codes, u8, lowest frequency first        ... |  32
        +-----------------------------------------------------+

A code is a level of -150 dBFS/Hz + (code - 1) / 2 dB; 0: not heard. ``n_dropped`` counts the rows that this
viewer was too slow for: the newest are sent, never the oldest. Rows come about 25 times a second; of a
sensor that sweeps each shows the hop that was heard; of an edge's sensor, three times a second. The stream
outlives a sensor that fails: it goes on when the sensor does. Where an edge does not answer it is closed
with 4503.

Spectra are no speech: they need ``spectrum``, which is no permission to listen.
"""

from __future__ import annotations

import asyncio
import math
import struct
from collections.abc import Generator
from contextlib import contextmanager

from aiohttp import WSCloseCode, web

from monitor.onlookers import Glance
from monitor.sensors import CutOffError, SensorError, TooOldError
from monitor.server.access import actor_of, scope_of, still_allowed
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.services import SERVICES
from monitor.server.spectrum_services import Held
from monitor.server.spectrum_views import StareBody, StaringView
from monitor.server.wire import json_body, json_response
from sdr.lookout import SpectrumRow

KIND_ROW = 1
CUT_OFF = 4503
"""Close code: the sensor's edge does not answer; the reason says more."""
HEAD = struct.Struct("<BxHIddff")
MAX_VIEWERS = 128
"""Sixteen people with eight sensors each; a viewer costs 25 kB/s."""
SEND_S = 10.0
"""A client that takes nothing for so long is cut."""
ASK_S = 5.0
"""How often it is looked whether the viewer still may."""
LONGEST_STARE_S = 1800.0
VIEWERS: web.AppKey[set[web.WebSocketResponse]] = web.AppKey("spectrum-viewers")


def frame(row: SpectrumRow, n_dropped: int) -> bytes:
    """`row` as it goes over the wire."""
    head = HEAD.pack(
        KIND_ROW,
        len(row.codes),
        min(n_dropped, 0xFFFFFFFF),
        row.started_at.timestamp(),
        row.low_hz,
        row.bin_hz,
        row.span_s,
    )
    return head + row.codes


def close_reason(told: str) -> bytes:
    """`told` as far as a close frame has room for it: 123 bytes."""
    return told.encode()[:120].decode(errors="ignore").encode()


async def close_viewers(app: web.Application) -> None:
    for socket in tuple(app[VIEWERS]):
        await socket.close(code=WSCloseCode.GOING_AWAY)


def held_sensor(request: web.Request) -> Held:
    """The sensor that is asked for, as if it were not there for who may not see its venue.

    Raises
    ------
    ProblemError
        404.
    """
    name = request.match_info["sensor"]
    sensor = request.app[SERVICES].held.get(name)
    if sensor is None or not scope_of(request).holds(sensor.venue):
        raise ProblemError(404, "no-such-sensor", f"no sensor here is called {name!r}")
    return sensor


async def look(request: web.Request) -> web.StreamResponse:
    viewers = request.app[VIEWERS]
    sensor = held_sensor(request)
    if not web.WebSocketResponse().can_prepare(request).ok:
        raise ProblemError(426, "websocket-needed", "the spectrum is a WebSocket", {"Upgrade": "websocket"})
    if len(viewers) >= MAX_VIEWERS:
        raise ProblemError(503, "too-many-viewers", f"{MAX_VIEWERS} look already", {"Retry-After": "30"})
    socket = web.WebSocketResponse(heartbeat=15.0, max_msg_size=1024, compress=False)
    viewers.add(socket)
    glance, end = sensor.look()
    try:
        await socket.prepare(request)
        gone = asyncio.create_task(_until_gone(socket))
        try:
            await _show(request, socket, gone, glance)
        finally:
            gone.cancel()
        await socket.close()
    except (TimeoutError, ConnectionError):
        await socket.close()
    finally:
        end()
        viewers.discard(socket)
    return socket


async def _show(
    request: web.Request, socket: web.WebSocketResponse, gone: asyncio.Task[None], glance: Glance
) -> None:
    loop = asyncio.get_running_loop()
    ask_at = loop.time() + ASK_S
    while not gone.done():
        coming = loop.create_task(glance.take())
        await asyncio.wait({coming, gone}, timeout=ASK_S, return_when=asyncio.FIRST_COMPLETED)
        if loop.time() >= ask_at:
            if not await still_allowed(request):
                coming.cancel()
                return
            ask_at = loop.time() + ASK_S
        if not coming.done():
            coming.cancel()
            continue
        rows = coming.result()
        if rows:
            async with asyncio.timeout(SEND_S):
                await socket.send_bytes(b"".join(frame(row, glance.n_dropped) for row in rows))
        if glance.over is not None:
            await socket.close(code=CUT_OFF, message=close_reason(glance.over))
            return


async def _until_gone(socket: web.WebSocketResponse) -> None:
    """What a viewer says is nothing to us; that it goes is."""
    async for _ in socket:
        continue


@contextmanager
def said_by(name: str, refused: str) -> Generator[None]:
    """What a sensor, or its edge, says to a wish, as a problem; `refused`: code of the sensor's own no."""
    try:
        yield
    except TooOldError as error:
        raise ProblemError(409, "edge-too-old", f"{name}: {error}") from None
    except CutOffError as error:
        raise ProblemError(503, "cut-off", str(error), {"Retry-After": "15"}) from None
    except SensorError as error:
        raise ProblemError(409, refused, f"{name}: {error}") from None


async def stare(request: web.Request) -> web.StreamResponse:
    sensor, body = held_sensor(request), await json_body(request, StareBody)
    name = request.match_info["sensor"]
    if not math.isfinite(body.center_hz) or not 0 < body.center_hz < 1e11:
        raise ProblemError(400, "bad-parameter", "center_hz: a frequency in hertz is needed")
    if not 1 <= body.seconds <= LONGEST_STARE_S:
        raise ProblemError(400, "bad-parameter", f"seconds: 1 to {LONGEST_STARE_S:.0f}")
    reason = body.reason.strip()
    if not reason or len(reason) > 500:
        raise ProblemError(400, "bad-parameter", "reason: say why, in at most 500 characters")
    actor = actor_of(request)
    with said_by(name, "cannot-stare"):
        held = await sensor.stare(body.center_hz, body.seconds, actor, reason)
    what = {"center_hz": body.center_hz, "until": held.until.isoformat(), "reason": reason}
    await request.app[SERVICES].record(actor, "stare.began", name, what)
    return json_response(StaringView(stare=held))


async def end_stare(request: web.Request) -> web.StreamResponse:
    name, actor = request.match_info["sensor"], actor_of(request)
    with said_by(name, "cannot-stare"):
        was_held = await held_sensor(request).end_stare(actor)
    if not was_held:
        raise ProblemError(409, "not-staring", f"{name} goes by its plan already")
    await request.app[SERVICES].record(actor, "stare.ended", name, {})
    return json_response(StaringView(stare=None))


SENSOR = Param("sensor", "path", {"type": "string"}, "its id")

ROUTES: tuple[Route, ...] = (
    Route(
        "/api/sensors/{sensor}/spectrum",
        look,
        "look",
        "A WebSocket: rows of the live spectrum, 25 a second, as monitor/server/looking.py draws them",
        ("application/octet-stream",),
        (SENSOR,),
        (404, 426, 503),
        needs="spectrum",
    ),
    Route(
        "/api/sensors/{sensor}/stare",
        stare,
        "stare",
        "Hold a sensor at one frequency for at most half an hour, away from its plan; audited",
        StaringView,
        (SENSOR,),
        (400, 404, 409, 415, 503),
        method="POST",
        body=StareBody,
        needs="stare",
    ),
    Route(
        "/api/sensors/{sensor}/stare",
        end_stare,
        "endStare",
        "Let a sensor that is held go on as planned; audited",
        StaringView,
        (SENSOR,),
        (404, 409, 503),
        method="DELETE",
        needs="stare",
    ),
)
