"""An edge's answers to what hubs ask: each in a task of its own, so many at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import nats.errors
import structlog
from nats.aio.msg import Msg

MOST_AT_ONCE = 16
"""Questions that wait for an answer; what is more is refused at once."""
log = structlog.get_logger()


class Answering:
    """`heard` hears the questions of one subject."""

    def __init__(
        self, answer: Callable[[bytes], Awaitable[bytes]], too_many: bytes, most: int = MOST_AT_ONCE
    ) -> None:
        """`too_many` is what is said when `most` are answered already."""
        self._answer = answer
        self._too_many = too_many
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()

    async def heard(self, said: Msg) -> None:
        """A question; a long one holds no other up."""
        if len(self._tasks) >= self._most:
            await said.respond(self._too_many)
            return
        task = asyncio.create_task(self._respond(said), name=f"answer {said.subject}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _respond(self, said: Msg) -> None:
        try:
            await said.respond(await self._answer(said.data))
        except (nats.errors.Error, OSError) as error:
            log.info("a hub is not answered", subject=said.subject, error=str(error) or type(error).__name__)
