"""One connection to the broker, made anew whenever it breaks.

A new client each time, and none of the library's own reconnecting: nothing stale is sent after
a break, and certificates are read again, so that a renewed one is used.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import nats.errors
import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg

from monitor.clock import Clock
from monitor.config.link import Link
from monitor.faults import cause_of
from monitor.queue.base import QueueError

CONNECT_S = 5.0
PING_S, PINGS_OUT = 20, 2
"""A line that was cut without a word is noticed within a minute."""
FIRST_S, LONGEST_S = 0.5, 15.0
"""Between two attempts; the longer one is spread, so that a thousand edges do not come at once."""
log = structlog.get_logger()

Callback = Callable[[Msg], Awaitable[None]]


class LinkError(QueueError):
    """The broker or the hub cannot be reached, or does not do what was asked. Later it may."""


@dataclass(frozen=True, slots=True)
class BusSettings:
    url: str
    name: str
    """Under which the broker lists this connection; also the prefix of its inbox."""
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    credentials_file: Path | None = None
    first_s: float = FIRST_S
    longest_s: float = LONGEST_S


@dataclass(frozen=True, slots=True)
class _Ear:
    subject: str
    group: str
    call: Callback


class Bus:
    """Subscriptions are kept by it, and hold over every break."""

    def __init__(self, settings: BusSettings, clock: Clock, rng: random.Random) -> None:
        self._settings = settings
        self._clock = clock
        self._rng = rng
        self._client: Client | None = None
        self._ears: list[_Ear] = []
        self._up = asyncio.Event()
        self.error: str | None = "not connected yet"
        """Why there is no connection."""
        self.n_connects = 0
        """Grows whenever a connection was made: what was asked on an earlier one may be lost."""

    @property
    def connected(self) -> bool:
        return self._up.is_set()

    async def run(self) -> None:
        """Keep a connection up until cancelled."""
        wait_s = self._settings.first_s
        try:
            while True:
                broken = asyncio.Event()
                try:
                    self._client = await self._connect(broken)
                except LinkError as error:
                    _stop_if_cancelled()
                    self._broke(str(error))
                    await self._clock.sleep(self._rng.uniform(wait_s / 2, wait_s))
                    wait_s = min(2 * wait_s, self._settings.longest_s)
                    continue
                _stop_if_cancelled()
                if self.n_connects:
                    log.info("the link holds again", url=self._settings.url)
                self.n_connects += 1
                self.error = None
                self._up.set()
                await broken.wait()
                self._up.clear()
                self._broke(f"{self._settings.url}: the connection broke")
                wait_s = self._settings.first_s
        finally:
            self._up.clear()
            if self._client is not None:
                # Whatever was not confirmed goes again after the next start: nothing to wait for.
                await self._client.close()

    def _broke(self, message: str) -> None:
        if self.error is None:
            log.warning("the link is broken", error=message)
        self.error = message

    async def listen(self, subject: str, call: Callback, group: str = "") -> None:
        """Hear `subject` from now on, over every break, whether the broker is there yet or not.

        `group`: of all who name the same one, one hears a message.
        """
        self._ears.append(_Ear(subject, group, call))
        if self._client is not None and self.connected:
            # What breaks right now is connected again soon, and this with it.
            with contextlib.suppress(nats.errors.Error, OSError):
                await self._client.subscribe(subject, queue=group, cb=call)

    async def open_inbox(self, call: Callback) -> str:
        """A subject of one's own, heard as long as this connection holds. Raises `LinkError`."""
        client = await self.client()
        inbox = client.new_inbox()
        try:
            await client.subscribe(inbox, cb=call)
        except (nats.errors.Error, OSError) as error:
            raise LinkError(_told(error)) from None
        return inbox

    async def client(self, wait_s: float = 0.0) -> Client:
        """The client, connected.

        Raises
        ------
        LinkError
            If there is no connection, nor one within `wait_s`.
        """
        if not self._up.is_set() and wait_s > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._up.wait()
        if self._client is None or not self._client.is_connected:
            raise LinkError(self.error or "the connection broke")
        return self._client

    async def publish(
        self, subject: str, body: bytes, *, reply: str = "", headers: dict[str, str] | None = None
    ) -> None:
        """Send without an answer. Raises `LinkError`."""
        client = await self.client()
        try:
            await client.publish(subject, body, reply=reply, headers=headers)
        except (nats.errors.Error, OSError) as error:
            raise LinkError(_told(error)) from None

    async def request(
        self, subject: str, body: bytes, timeout_s: float, headers: Mapping[str, str] | None = None
    ) -> Msg:
        """Send and wait for the answer.

        Raises
        ------
        LinkError
            If there is no connection, nobody who answers, or no answer in time.
        """
        client = await self.client()
        try:
            return await client.request(
                subject, body, timeout=timeout_s, headers=dict(headers) if headers else None
            )
        except (nats.errors.Error, OSError) as error:
            raise LinkError(_told(error)) from None
        finally:
            _stop_if_cancelled()

    async def _connect(self, broken: asyncio.Event) -> Client:
        settings, client = self._settings, Client()

        async def closed() -> None:
            broken.set()

        try:
            await client.connect(
                settings.url,
                name=settings.name,
                inbox_prefix=f"_INBOX.{settings.name}",
                allow_reconnect=False,
                connect_timeout=round(CONNECT_S),
                max_reconnect_attempts=1,
                reconnect_time_wait=0,
                ping_interval=PING_S,
                max_outstanding_pings=PINGS_OUT,
                error_cb=_heard_error,
                closed_cb=closed,
                tls=await asyncio.to_thread(_tls, settings),
                user_credentials=str(settings.credentials_file) if settings.credentials_file else None,
            )
            for ear in self._ears:
                await client.subscribe(ear.subject, queue=ear.group, cb=ear.call)
        except (OSError, TimeoutError, nats.errors.Error) as error:
            await client.close()
            raise LinkError(f"{settings.url}: {_told(error)}") from None
        return client


def _stop_if_cancelled() -> None:
    # Within the library is Python 3.11's wait_for, which drops a cancellation that comes with its answer.
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _heard_error(error: Exception) -> None:
    # A break is told once, by who keeps the connection; what is left is for a person.
    if not isinstance(error, OSError | nats.errors.Error):
        log.error("the link has trouble", error=repr(error))


def _told(error: Exception) -> str:
    if isinstance(error, nats.errors.NoRespondersError):
        return "nobody answers there"
    return str(error) or type(error).__name__


def _tls(settings: BusSettings) -> ssl.SSLContext | None:
    if settings.ca_file is None and settings.cert_file is None and not settings.url.startswith("tls:"):
        return None
    try:
        context = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
        if settings.cert_file is not None:
            context.load_cert_chain(settings.cert_file, settings.key_file)
    except OSError as error:
        raise LinkError(f"{settings.cert_file or settings.ca_file}: {cause_of(error)}") from None
    return context


def bus_settings(link: Link, node: str) -> BusSettings:
    return BusSettings(link.url, node, link.ca_file, link.cert_file, link.key_file, link.credentials_file)
