"""Listening at a hub to an edge's sensor: its sound is asked for as long as somebody here listens.

    AskListen ──> token     AskSound, AskSound … ──> frames ──unpacked──> the listener     AskQuiet at the end

What came more than 3 s after it was asked for is late: dropped and counted, as is what got lost on the way.
An edge that does not answer is asked for 6 s more, meanwhile the listener is told that nothing comes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from monitor.clock import Clock
from monitor.earphone import ListenMode, Piece
from monitor.link import words
from monitor.link.asking import Asking, read
from monitor.link.bus import LinkError
from monitor.link.orders import AskListen, AskQuiet, AskSound, ListenAsk, Sound
from monitor.link.sound import unpacked
from monitor.sensors import CutOffError, SensorError

BEGIN_S, SOUND_S = 5.0, 4.0
"""For an answer."""
LATE_S = 3.0
PATIENCE_S = 6.0
"""So long the edge keeps a listener that it does not hear."""
AGAIN_S = 0.5
"""After an answer that did not come."""
MOST_FRAMES = 16
"""Of one answer; an edge keeps six."""


class FarEars:
    """Listening to the sensors of all edges."""

    def __init__(self, hub: str, asking: Asking, clock: Clock) -> None:
        self._hub = hub
        self._asking = asking
        self._clock = clock
        self._ending: set[asyncio.Task[None]] = set()

    async def listen(
        self, node: str, sensor: str, channel_hz: float, mode: ListenMode, actor: str
    ) -> FarHearing:
        """As `Held.listen`."""
        self._asking.need(node, words.LISTEN)
        try:
            sound = await self._ask(node, AskListen(sensor, channel_hz, mode, actor, self._hub), BEGIN_S)
        except LinkError as error:
            raise CutOffError(str(error)) from None
        if sound.error is not None:
            raise SensorError(sound.error)
        token = sound.token
        return FarHearing(
            lambda: self._ask(node, AskSound(token), SOUND_S), lambda: self._quiet(node, token), self._clock
        )

    async def _ask(self, node: str, ask: ListenAsk, timeout_s: float) -> Sound:
        answer = await self._asking.ask(node, words.listen(node), ask, timeout_s)
        return read(answer, Sound, node)

    def _quiet(self, node: str, token: str) -> None:
        task = asyncio.create_task(self._say_quiet(node, token), name=f"no longer listen at {node}")
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _say_quiet(self, node: str, token: str) -> None:
        try:
            await self._ask(node, AskQuiet(token), SOUND_S)
        except LinkError:
            # It ends by itself, for want of questions.
            return


class FarHearing:
    """One listener; as `monitor.earphone.Hearing`."""

    def __init__(self, ask: Callable[[], Awaitable[Sound]], end: Callable[[], None], clock: Clock) -> None:
        self._ask = ask
        self._end = end
        self._clock = clock
        self._answered_s = clock.monotonic()
        self._next = 0
        self._n_lost = 0
        self._n_dropped_there = 0

    @property
    def n_dropped(self) -> int:
        return self._n_lost + self._n_dropped_there

    async def take(self) -> list[Piece]:
        while True:
            asked_s = self._clock.monotonic()
            try:
                sound = await self._ask()
            except LinkError as error:
                if self._clock.monotonic() - self._answered_s > PATIENCE_S:
                    raise CutOffError(str(error)) from None
                await self._clock.sleep(AGAIN_S)
                return [Piece(is_silent=True)]
            now_s = self._clock.monotonic()
            if sound.is_over or sound.error is not None:
                if asked_s - self._answered_s > AGAIN_S:
                    # It ended there because nothing of here came through.
                    raise CutOffError("the edge was not heard for some seconds · 边缘节点中断数秒")
                return []
            self._answered_s = now_s
            pieces = self._pieces(sound, is_late=now_s - asked_s > LATE_S)
            if pieces:
                return pieces

    def close(self) -> None:
        self._end()

    def _pieces(self, sound: Sound, *, is_late: bool) -> list[Piece]:
        self._n_lost += max(0, sound.first - self._next)
        self._n_dropped_there = max(self._n_dropped_there, sound.n_dropped)
        n_sounds = sum(1 for frame in sound.frames if frame.n_samples)
        self._next = sound.first + n_sounds
        if is_late:
            self._n_lost += n_sounds
            return []
        pieces: list[Piece] = []
        for frame in sound.frames[-MOST_FRAMES:]:
            if not frame.n_samples:
                pieces.append(Piece(away_hz=frame.away_hz, is_silent=frame.is_silent))
                continue
            try:
                pieces.append(Piece(unpacked(frame.content, frame.n_samples)))
            except ValueError as error:
                raise SensorError(f"the edge's sound cannot be read: {error}") from None
        return pieces
