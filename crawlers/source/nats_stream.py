"""A subject of NATS JetStream to which another crawler publishes: one JSON object a message.

    stream ──durable consumer──> record (`crawlers.source.record`) ──delivered──> ack

A message is acknowledged once its document was taken, and comes again when it was not. One that can
never be read is told and ended. Workers that name the same ``durable`` share the messages.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoServersError
from nats.errors import TimeoutError as NatsTimeoutError
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig
from nats.js.errors import NotFoundError
from pydantic import Field, ValidationInfo, field_validator

from crawlers.errors import CrawlError
from crawlers.secrets import read_line
from crawlers.source.base import Found, SourceConfig, Visit, under
from crawlers.source.record import RecordFields, read_records

N_FETCHED = 100
WAIT_S = 1.0
"""For the first message of a batch; then the poll is over."""
CONNECT_S = 5.0
ACK_WAIT_S = 300.0
"""Until a message that nobody acknowledged comes again: OCR of a batch's pictures takes a minute or two."""


class NatsConfig(SourceConfig):
    servers: tuple[str, ...] = Field(min_length=1)
    """``nats://host:4222`` or ``tls://…``."""
    subject: str = Field(min_length=1, max_length=256)
    stream: str | None = None
    """Unset: the one that keeps the subject."""
    durable: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    """The consumer's name; unset, it follows from the source's id."""
    credentials_file: Path | None = None
    """Of NATS (a JWT and its seed)."""
    token_file: Path | None = None
    ca_file: Path | None = None
    """Certificates that the server's may be signed by, beside the system's."""
    fields: RecordFields = RecordFields()
    every_s: float | None = Field(default=5.0, ge=1, le=86_400)
    max_documents: int = Field(default=5_000, ge=1)
    """Of one poll; the next goes on."""

    @field_validator("servers", mode="after")
    @classmethod
    def _are_servers(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for server in value:
            if not server.startswith(("nats://", "tls://")) or "@" in server:
                raise ValueError(f"{server}: nats://host:port or tls://host:port, secrets in files")
        return value

    @field_validator("credentials_file", "token_file", "ca_file", mode="after")
    @classmethod
    def _under_base(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        return value and under(value, info)


class NatsStream:
    def __init__(self, config: NatsConfig) -> None:
        self.config = config

    async def read(self, visit: Visit) -> AsyncIterator[Found]:
        config, n_left = self.config, self.config.max_documents
        try:
            client = await self._connect()
            try:
                pull = await self._subscribe(client)
                while n_left > 0 and (messages := await _fetch(pull, min(N_FETCHED, n_left))):
                    n_left -= len(messages)
                    visit.found_by(f"messages {config.subject}", len(messages))
                    lines = [(_place(message), message.data[: config.max_bytes + 1]) for message in messages]
                    reads = await visit.run(read_records, lines, config.fields, visit.now)
                    for message, read in zip(messages, reads, strict=True):
                        if isinstance(read, CrawlError):
                            visit.fault(_told(message, read, config.max_bytes))
                            await message.term()
                            continue
                        yield read
                        await message.ack()
            finally:
                await client.close()
        except NotFoundError:
            raise CrawlError("connect", config.subject, "no stream keeps this subject") from None
        except (NatsError, OSError) as error:
            where = ", ".join(config.servers)
            raise CrawlError("connect", where, str(error) or type(error).__name__) from None

    async def _connect(self) -> Client:
        config = self.config
        options: dict[str, Any] = {}
        if config.credentials_file is not None:
            options["user_credentials"] = str(config.credentials_file)
        if config.token_file is not None:
            options["token"] = await asyncio.to_thread(read_line, config.token_file)
        if config.ca_file is not None:
            options["tls"] = await asyncio.to_thread(ssl.create_default_context, cafile=str(config.ca_file))
        refusals: list[Exception] = []

        async def note(error: Exception) -> None:
            refusals.append(error)

        try:
            return await nats.connect(
                list(config.servers),
                name=f"examwatch {config.id}",
                allow_reconnect=False,
                max_reconnect_attempts=1,
                reconnect_time_wait=0.1,
                connect_timeout=CONNECT_S,
                error_cb=note,
                **options,
            )
        except NoServersError:
            # What was wrong with each server was told to the callback alone.
            raise OSError(str(refusals[-1]) if refusals else "no server answers") from None

    async def _subscribe(self, client: Client) -> JetStreamContext.PullSubscription:
        config = self.config
        consumer = ConsumerConfig(ack_policy=AckPolicy.EXPLICIT, ack_wait=ACK_WAIT_S)
        return await client.jetstream(timeout=CONNECT_S).pull_subscribe(
            config.subject,
            config.durable or f"examwatch-{config.id}".replace(".", "_"),
            config.stream,
            consumer,
        )


async def _fetch(pull: JetStreamContext.PullSubscription, n_messages: int) -> list[Msg]:
    try:
        return await pull.fetch(n_messages, timeout=WAIT_S)
    except NatsTimeoutError:
        return []


def _place(message: Msg) -> str:
    return f"nats:{message.subject}#{message.metadata.sequence.stream}"


def _told(message: Msg, error: CrawlError, max_bytes: int) -> CrawlError:
    if len(message.data) > max_bytes:
        return CrawlError("too_large", _place(message), f"over {max_bytes} bytes")
    return error
