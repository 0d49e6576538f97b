"""The one door that opens connections to the web.

Every answer is bounded before it is believed: address, headers, bytes before and after
decompression, pace and total time. A name is resolved once and the connection goes to
the address that was checked. A redirect is only reported: whoever follows it comes back
through this door, and through the same checks.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import zlib
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from crawlers import __version__
from crawlers.address import Address, Resolver, SystemResolver, addresses_of, is_public
from crawlers.clock import Clock
from crawlers.errors import CrawlError
from crawlers.lease import Lease
from crawlers.url import Url

MAX_HEADERS = 100
"""Apache and nginx send 20 and less."""
MAX_HEADER_BYTES = 8190
CONNECT_S = 10.0
READ_S = 15.0
"""Longest silence within an answer."""
GRACE_S = 8.0
MIN_BYTES_PER_S = 200.0
"""Slower than this over the whole answer after GRACE_S, a sender is a slow loris: a 2G link gives 5,000."""
BIG_BYTES = 512 * 1024
N_BIG = 2
"""Answers over BIG_BYTES that are received at a time: fifty hosts that all send bombs must not add up."""
CHUNK_BYTES = 16 * 1024
INFLATE_BYTES = 64 * 1024
REDIRECTS = frozenset((301, 302, 303, 307, 308))


@dataclass(frozen=True, slots=True)
class Request:
    url: Url
    named: frozenset[str] = frozenset()
    """``host:port`` that may be reached though not public."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    secret_headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Cookies and tokens; a redirect to another origin drops them."""
    max_bytes: int = 4 * 2**20
    timeout_s: float = 30.0
    delay_s: float = 1.0
    robots: bool = True
    lease: Lease | None = None
    """Must be held at the moment of asking, where a crew shares the hosts."""


@dataclass(frozen=True, slots=True)
class Response:
    url: Url
    """That answered: after redirects, where they were followed."""
    status: int
    headers: Mapping[str, str]
    """Names in lower case; of doubled ones the first."""
    body: bytes
    """Decompressed."""
    fetched_at: datetime
    hops: tuple[Url, ...] = ()
    """The addresses that redirected here."""


class Client(Protocol):
    """Answers a request, with any status, redirects followed, or raises CrawlError."""

    async def get(self, request: Request) -> Response: ...


class _Pinned(AbstractResolver):
    """Answers aiohttp with the addresses that were checked for this host, and nothing else."""

    def __init__(self) -> None:
        self.addresses: dict[tuple[str, int], list[Address]] = {}

    async def resolve(self, host: str, port: int = 0, family: Any = 0) -> list[ResolveResult]:
        found = self.addresses.get((host, port))
        if not found:
            raise OSError(f"{host} was not checked")
        return [_result(host, port, address) for address in found]

    async def close(self) -> None:
        self.addresses.clear()


def _result(host: str, port: int, address: Address) -> ResolveResult:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    return ResolveResult(
        hostname=host,
        host=str(address),
        port=port,
        family=family,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST,
    )


class HttpClient:
    """One exchange at a time over aiohttp; an async context manager.

    Parameters
    ----------
    contact : str
        Stands in the User-Agent, so that a site's owner can find us.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        contact: str = "",
        n_connections: int = 50,
        resolver: Resolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._clock = clock
        self._resolver = resolver or SystemResolver()
        self._pinned = _Pinned()
        self._n_connections = n_connections
        self._tls = tls or ssl.create_default_context()
        self._user_agent = f"examwatch/{__version__}" + (f" (+{contact})" if contact else "")
        self._big = asyncio.Semaphore(N_BIG)
        self._public: aiohttp.ClientSession | None = None
        self._named: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> HttpClient:
        self._public = self._open(keep=True)
        # A connection to a private host must not outlive the request that was allowed to make it.
        self._named = self._open(keep=False)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for session in (self._public, self._named):
            if session is not None:
                await session.close()

    @property
    def user_agent(self) -> str:
        return self._user_agent

    def _open(self, *, keep: bool) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=self._pinned,
            use_dns_cache=False,
            ssl=self._tls,
            limit=self._n_connections,
            limit_per_host=1,
            force_close=not keep,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
            max_headers=MAX_HEADERS,
            read_bufsize=CHUNK_BYTES,
            headers={"User-Agent": self._user_agent, "Accept-Encoding": "gzip, deflate"},
        )

    async def get(self, request: Request) -> Response:
        """The answer to `request`, whatever its status; a redirect is an answer.

        Raises
        ------
        CrawlError
            When there is no answer within the limits.
        """
        url = request.url
        checked = await addresses_of(url, request.named, self._resolver)
        self._pinned.addresses[url.host, url.port] = checked
        session = self._public if all(map(is_public, checked)) else self._named
        assert session is not None, "HttpClient is used as a context manager"
        try:
            async with (
                asyncio.timeout(request.timeout_s),
                _translated(url),
                session.get(
                    URL(str(url), encoded=True),
                    headers={**request.headers, **request.secret_headers},
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=READ_S),
                ) as answer,
            ):
                headers: dict[str, str] = {}
                for name, value in answer.headers.items():
                    headers.setdefault(name.lower(), value)
                bodiless = answer.status == 304 or answer.status in REDIRECTS
                body = b"" if bodiless else await self._body(answer, headers, request, url)
                return Response(url, answer.status, headers, body, self._clock.now())
        except TimeoutError:
            raise CrawlError("timeout", str(url), f"over {request.timeout_s:g} s") from None
        finally:
            self._pinned.addresses.pop((url.host, url.port), None)

    async def _body(
        self, answer: aiohttp.ClientResponse, headers: Mapping[str, str], request: Request, url: Url
    ) -> bytes:
        declared = headers.get("content-length", "")
        if declared.isdigit() and int(declared) > request.max_bytes:
            raise CrawlError("too_large", str(url), f"{declared} bytes")
        inflate = _Inflate(headers.get("content-encoding", ""), request.max_bytes, url)
        async with contextlib.AsyncExitStack() as place:
            is_big = False
            started_s, n_raw = self._clock.monotonic(), 0
            async for chunk in answer.content.iter_chunked(CHUNK_BYTES):
                n_raw += len(chunk)
                elapsed_s = self._clock.monotonic() - started_s
                if elapsed_s > GRACE_S and n_raw < MIN_BYTES_PER_S * elapsed_s:
                    raise CrawlError("too_slow", str(url), f"{n_raw} bytes in {elapsed_s:.0f} s")
                inflate.feed(chunk)
                if inflate.n_bytes > BIG_BYTES and not is_big:
                    is_big = True
                    await place.enter_async_context(self._big)
            return inflate.finish()


class _Inflate:
    """Undoes one content encoding piece by piece, never holding more than the cap and one piece."""

    def __init__(self, encoding: str, max_bytes: int, url: Url) -> None:
        names = [name.strip().lower() for name in encoding.split(",")]
        names = [name for name in names if name not in ("", "identity")]
        if len(names) > 1 or (names and names[0] not in ("gzip", "x-gzip", "deflate")):
            raise CrawlError("encoding", str(url), f"Content-Encoding {encoding[:60]}")
        self._name = names[0] if names else ""
        self._engine = zlib.decompressobj(zlib.MAX_WBITS | 32) if names else None
        self._max_bytes = max_bytes
        self._url = url
        self._out = bytearray()
        self._first = True

    @property
    def n_bytes(self) -> int:
        return len(self._out)

    def feed(self, chunk: bytes) -> None:
        if self._engine is None:
            self._take(chunk)
            return
        if self._first and self._name == "deflate" and chunk and chunk[0] & 0x0F != 8:
            self._engine = zlib.decompressobj(-zlib.MAX_WBITS)  # raw deflate, as some servers send it
        self._first = False
        try:
            while chunk:
                if self._engine.eof:
                    # A gzip answer may consist of several members (RFC 1952 2.2); other tails are padding.
                    if self._name == "deflate" or not chunk.startswith(b"\x1f\x8b"):
                        return
                    self._engine = zlib.decompressobj(zlib.MAX_WBITS | 32)
                self._take(self._engine.decompress(chunk, INFLATE_BYTES))
                chunk = self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail
        except zlib.error as error:
            raise CrawlError("encoding", str(self._url), str(error)) from None

    def _take(self, data: bytes) -> None:
        self._out += data
        if len(self._out) > self._max_bytes:
            self._out.clear()
            raise CrawlError("too_large", str(self._url), f"over {self._max_bytes} bytes unpacked")

    def finish(self) -> bytes:
        if self._engine is not None:
            self._take(self._engine.flush())
        return bytes(self._out)


@contextlib.asynccontextmanager
async def _translated(url: Url) -> AsyncGenerator[None]:
    """aiohttp's errors as ours."""
    where = str(url)
    try:
        yield
    except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientSSLError, ssl.SSLError) as error:
        raise CrawlError("tls", where, str(error)) from None
    except (aiohttp.ServerTimeoutError, TimeoutError) as error:
        raise CrawlError("timeout", where, str(error)) from None
    except aiohttp.ClientConnectorError as error:
        raise CrawlError("connect", where, error.strerror or str(error)) from None
    except aiohttp.ClientResponseError as error:
        kind = "headers" if "more than" in error.message or "Too many" in error.message else "http"
        raise CrawlError(kind, where, error.message) from None
    except aiohttp.ClientPayloadError as error:
        raise CrawlError("http", where, str(error)) from None
    except (aiohttp.ClientError, OSError) as error:
        raise CrawlError("connect", where, str(error)) from None
