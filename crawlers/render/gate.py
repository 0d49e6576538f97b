"""The browser's only way out: a proxy on loopback that holds every connection to our address rules.

    chromium ──CONNECT host:443 | GET http://host/…──> Gate ──checked, pinned address──> host

A page may name any address it likes, and its scripts more: each is parsed, resolved once and
checked as `crawlers.fetch` does, and the connection goes to the address that was checked. One
gate serves one page, and its caps are that page's.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from types import TracebackType

from crawlers.address import Address, Resolver, addresses_of
from crawlers.errors import CrawlError
from crawlers.url import Url, parse

MAX_HEAD_BYTES = 64 * 1024
CONNECT_S = 10.0
CHUNK_BYTES = 64 * 1024
HOP_HEADERS = frozenset((b"connection", b"proxy-connection", b"proxy-authorization", b"keep-alive"))
_ERRORS = (OSError, EOFError, asyncio.LimitOverrunError, TimeoutError)


@dataclass(frozen=True, slots=True)
class GateLimits:
    """For everything that one page loads."""

    max_connections: int = 150
    """HTTP Archive's median page makes 70 requests; kept-alive ones share a connection."""
    max_bytes: int = 32 * 2**20


class Gate:
    """An async context manager; `port` is where the browser finds it.

    Parameters
    ----------
    named : frozenset of str
        ``host:port`` that may be reached though not public.
    """

    def __init__(self, resolver: Resolver, named: frozenset[str], limits: GateLimits | None = None) -> None:
        self._resolver = resolver
        self._named = named
        limits = limits or GateLimits()
        self._n_left = limits.max_connections
        self._n_bytes_left = limits.max_bytes
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.refused: list[CrawlError] = []
        """What the page wanted and did not get; at most one for each connection."""

    async def __aenter__(self) -> Gate:
        self._server = await asyncio.start_server(self._enter, "127.0.0.1", 0, limit=MAX_HEAD_BYTES)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _enter(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream: asyncio.StreamWriter | None = None
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            url, is_tunnel = _target(head)
            answers, upstream = await self._open(url)
            if is_tunnel:
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
            else:
                upstream.write(_onward(head, url))
            await asyncio.gather(self._pipe(reader, upstream), self._pipe(answers, writer))
        except CrawlError as error:
            self.refused.append(error)
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        except _ERRORS:
            # One end has gone; the page sees a broken connection, as from any network.
            pass
        finally:
            for end in (writer, upstream):
                if end is not None:
                    with contextlib.suppress(*_ERRORS):
                        end.close()

    async def _open(self, url: Url) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        self._n_left -= 1
        if self._n_left < 0:
            raise CrawlError("too_large", url.origin, "too many connections for one page")
        addresses: list[Address] = await addresses_of(url, self._named, self._resolver)
        last: BaseException = OSError("no address")
        for address in addresses[:2]:
            try:
                async with asyncio.timeout(CONNECT_S):
                    return await asyncio.open_connection(str(address), url.port)
            except (OSError, TimeoutError) as error:
                last = error
        raise CrawlError("connect", url.origin, str(last))

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(CHUNK_BYTES):
            self._n_bytes_left -= len(chunk)
            if self._n_bytes_left < 0:
                raise OSError("the page is over its bytes")
            writer.write(chunk)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()


def _target(head: bytes) -> tuple[Url, bool]:
    """Where a proxy request leads, and whether it asks for a tunnel. Raises CrawlError."""
    method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    target = rest.rpartition(" ")[0]
    if method == "CONNECT":
        return parse(f"https://{target}/"), True
    if not target.startswith("http://"):
        raise CrawlError("url", target[:200], f"{method[:20]} to a proxy")
    return parse(target), False


def _onward(head: bytes, url: Url) -> bytes:
    """The request as the host itself expects it, one to a connection."""
    first, *lines = head.rstrip(b"\r\n").split(b"\r\n")
    method, version = first.partition(b" ")[0], first.rpartition(b" ")[2]
    kept = [line for line in lines if line.partition(b":")[0].strip().lower() not in HOP_HEADERS]
    start = b" ".join((method, url.target.encode("ascii"), version))
    return b"\r\n".join((start, *kept, b"Connection: close", b"", b""))
