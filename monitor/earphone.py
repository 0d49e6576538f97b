"""Sound of one channel for somebody in the loop: newest pieces, and none that nobody took in time.

sensor's tap ──blocks──> a thread ──piece──> Earphone [ newest 3 s ] ──> the listener's task
                                             late ones are dropped and counted
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, Protocol

PCM_RATE_HZ = 16_000
MOST_PIECES = 6
"""Of half a second: who is further behind hears the present, not the past."""

ListenMode = Literal["nfm", "am"]


@dataclass(frozen=True, slots=True)
class Piece:
    """What one moment of listening gives: sound, or the reason why there is none."""

    pcm: bytes = b""
    """Signed 16 bit, little-endian, `PCM_RATE_HZ`."""
    away_hz: float | None = None
    """Where the receiver listens instead."""
    is_silent: bool = False
    """No samples come at all."""


class Ear(Protocol):
    """Somebody listening to one channel."""

    def pieces(self) -> Iterator[Piece]:
        """Blocks; for a thread of the listener's own. Ends after `close`."""
        ...

    def close(self) -> None:
        """From any thread, at any time."""
        ...


class Hearing(Protocol):
    """As `Earphone`; of an edge's sensor its sound comes over the link."""

    @property
    def n_dropped(self) -> int:
        """Pieces of sound that came too late."""
        ...

    async def take(self) -> list[Piece]:
        """What has come since the last call, waited for; nothing when no more will come.

        Raises
        ------
        CutOffError
            If the sensor's edge does not answer any more.
        """
        ...

    def close(self) -> None: ...


class Earphone:
    """One listener, with a thread that lives until `close`. All methods belong to the loop."""

    def __init__(self, ear: Ear, most_pieces: int = MOST_PIECES) -> None:
        self._ear = ear
        self._most_pieces = most_pieces
        self._pieces: deque[Piece] = deque()
        self._loop = asyncio.get_running_loop()
        self._came = asyncio.Event()
        self._is_over = False
        self._failure: BaseException | None = None
        self.n_dropped = 0
        """Pieces of sound that this listener was too slow for."""
        threading.Thread(target=self._listen, name="listen", daemon=True).start()

    async def take(self) -> list[Piece]:
        """As `Hearing.take`."""
        while not self._pieces and not self._is_over:
            self._came.clear()
            await self._came.wait()
        taken = list(self._pieces)
        self._pieces.clear()
        if not taken and self._failure is not None:
            raise self._failure
        return taken

    def close(self) -> None:
        self._ear.close()

    def _listen(self) -> None:
        failure: BaseException | None = None
        try:
            for piece in self._ear.pieces():
                if self._loop.is_closed():
                    return
                self._loop.call_soon_threadsafe(self._put, piece)
        except BaseException as error:  # noqa: BLE001 - carried to the loop, where it is raised
            failure = error
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._end, failure)

    def _put(self, piece: Piece) -> None:
        last = self._pieces[-1] if self._pieces else None
        if last is not None and not last.pcm and not piece.pcm:
            # Of several reasons for silence the newest holds; a sweep gives one each block.
            self._pieces.pop()
        elif len(self._pieces) >= self._most_pieces:
            self.n_dropped += bool(self._pieces.popleft().pcm)
        self._pieces.append(piece)
        self._came.set()

    def _end(self, failure: BaseException | None) -> None:
        self._is_over, self._failure = True, failure
        self._came.set()
