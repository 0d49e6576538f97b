"""A server that breaks the rules on purpose: each path is another way to hurt a client.

Written on bare sockets, because a server library would not send most of this.
"""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator, Callable

CHUNK = 64 * 1024
ZEROS = bytes(CHUNK)


def head(*lines: str, status: str = "200 OK", kind: str = "text/html") -> bytes:
    return "\r\n".join(
        [f"HTTP/1.1 {status}", f"Content-Type: {kind}", "Connection: close", *lines, "", ""]
    ).encode()


async def once(data: bytes) -> AsyncIterator[bytes]:
    yield data


async def gzip_zeros(n_bytes: int, encoding: str = "gzip") -> AsyncIterator[bytes]:
    """`n_bytes` of zeros, compressed: one piece, flushed so that it can stand any number of times."""
    yield head(f"Content-Encoding: {encoding}")
    engine = zlib.compressobj(9, zlib.DEFLATED, 15 if encoding == "deflate" else 31)
    yield engine.compress(ZEROS) + engine.flush(zlib.Z_FULL_FLUSH)
    piece = engine.compress(ZEROS) + engine.flush(zlib.Z_FULL_FLUSH)
    for _ in range(n_bytes // CHUNK // 100):
        yield piece * 100


async def gzip_in_gzip() -> AsyncIterator[bytes]:
    yield head("Content-Encoding: gzip, gzip")
    yield gzip.compress(gzip.compress(bytes(2**20)))


async def many_members() -> AsyncIterator[bytes]:
    """One gzip file of a thousand members, each small: the cap holds over all of them."""
    yield head("Content-Encoding: gzip")
    member = gzip.compress(bytes(2**20))
    for _ in range(1000):
        yield member


async def endless(prefix: bytes = b"", chunk: bytes = b"<p>x</p>" * 8192) -> AsyncIterator[bytes]:
    yield head() + prefix
    while True:
        yield chunk


async def endless_chunked() -> AsyncIterator[bytes]:
    yield head("Transfer-Encoding: chunked")
    while True:
        yield b"10000\r\n" + ZEROS + b"\r\n"


async def many_headers() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n"
    for n in range(10_000_000):
        yield b"".join(b"X-%d-%d: y\r\n" % (n, i) for i in range(1000))


async def endless_header() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-Long: "
    while True:
        yield b"a" * CHUNK


async def endless_status() -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 "
    while True:
        yield b"O" * CHUNK


async def endless_trailers() -> AsyncIterator[bytes]:
    yield head("Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n"
    while True:
        yield b"X-Trailer: y\r\n" * 1000


async def endless_chunk_extension() -> AsyncIterator[bytes]:
    yield head("Transfer-Encoding: chunked") + b"5;"
    while True:
        yield b"e" * CHUNK


async def continues() -> AsyncIterator[bytes]:
    """Interim answers without end."""
    while True:
        yield b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 500


async def dripping(every_s: float = 0.02) -> AsyncIterator[bytes]:
    """A slow loris: a byte at a time, each soon enough for a read timeout."""
    yield head()
    while True:
        await asyncio.sleep(every_s)
        yield b"x"


async def dripping_headers(every_s: float = 0.02) -> AsyncIterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\nX-Slow: "
    while True:
        await asyncio.sleep(every_s)
        yield b"x"


async def silent() -> AsyncIterator[bytes]:
    yield b""
    await asyncio.sleep(3600)


async def long_title() -> AsyncIterator[bytes]:
    yield head() + b"<title>"
    for _ in range(100 * 2**20 // CHUNK):
        yield b"A" * CHUNK
    yield b"</title>"


def redirect(to: str) -> AsyncIterator[bytes]:
    return once(head(f"Location: {to}", "Content-Length: 0", status="302 Found"))


_ENTITIES = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "lol"}">' for n in range(12))
LAUGHS = (
    f'<?xml version="1.0"?><!DOCTYPE rss [{_ENTITIES}]><rss><channel><title>&e11;</title></channel></rss>'
)
QUADRATIC = (
    f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "{"A" * 50_000}">]>'
    f"<rss><channel><title>{'&a;' * 50_000}</title></channel></rss>"
)
EXTERNAL = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<rss><channel><item><title>&x;</title></item></channel></rss>"
)
XML = "application/xml"


def xml(text: str) -> AsyncIterator[bytes]:
    return once(head(kind=XML) + text.encode())


def nested(tag: str, n: int, kind: str = "text/html") -> AsyncIterator[bytes]:
    return once(head(kind=kind) + f"<{tag}>".encode() * n)


ATTACKS: dict[str, Callable[[], AsyncIterator[bytes]]] = {
    "gzip-1g": lambda: gzip_zeros(2**30),
    "x-gzip-1g": lambda: gzip_zeros(2**30, "x-gzip"),
    "deflate-1g": lambda: gzip_zeros(2**30, "deflate"),
    "gzip-in-gzip": gzip_in_gzip,
    "many-members": many_members,
    "gzip-cut": lambda: once(head("Content-Encoding: gzip") + gzip.compress(bytes(2**20))[:200]),
    "gzip-broken": lambda: once(
        head("Content-Encoding: gzip") + b"\x1f\x8b\x08\x00garbage that is no deflate" * 9
    ),
    "gzip-not": lambda: once(head("Content-Encoding: gzip") + b"<p>plain</p>"),
    "brotli": lambda: once(head("Content-Encoding: br") + b"\x8b\x02\x80"),
    "zstd": lambda: once(head("Content-Encoding: zstd") + b"\x28\xb5\x2f\xfd"),
    "six-encodings": lambda: once(head("Content-Encoding: gzip, deflate, gzip, deflate, gzip, gzip") + b"x"),
    "declared-100g": lambda: once(head("Content-Length: 107374182400") + b"x"),
    "endless": endless,
    "endless-chunked": endless_chunked,
    "endless-tags": lambda: endless(chunk=b"<div>" * 10_000),
    "endless-attributes": lambda: endless(b"<p ", b"a=b " * 10_000),
    "endless-comment": lambda: endless(b"<!--", b"-" * CHUNK),
    "endless-entities": lambda: endless(chunk=b"&lt;" * 10_000),
    "endless-meta": lambda: endless(b"<meta ", b" charset" * 8000),
    "endless-feed": lambda: endless(b"<rss><channel>", b"<item><title>x</title></item>" * 1000),
    "many-headers": many_headers,
    "endless-header": endless_header,
    "endless-status": endless_status,
    "endless-trailers": endless_trailers,
    "endless-chunk-extension": endless_chunk_extension,
    "interim-answers": continues,
    "dripping": dripping,
    "dripping-headers": dripping_headers,
    "silent": silent,
    "title-100m": long_title,
    "redirect-self": lambda: redirect("/redirect-self"),
    "redirect-a": lambda: redirect("/redirect-b"),
    "redirect-b": lambda: redirect("/redirect-a"),
    "redirect-metadata": lambda: redirect("http://169.254.169.254/latest/meta-data/"),
    "redirect-loopback": lambda: redirect("http://127.0.0.2:1/"),
    "redirect-mapped": lambda: redirect("http://[::ffff:127.0.0.1]/"),
    "redirect-decimal": lambda: redirect("http://2130706433/"),
    "redirect-file": lambda: redirect("file:///etc/passwd"),
    "redirect-gopher": lambda: redirect("gopher://127.0.0.1:6379/_FLUSHALL"),
    "redirect-user": lambda: redirect("http://user@example.com/"),
    "redirect-long": lambda: redirect("/" + "a" * 7000),
    "chunk-size-bad": lambda: once(head("Transfer-Encoding: chunked") + b"zz\r\nhello\r\n"),
    "chunk-size-huge": lambda: once(head("Transfer-Encoding: chunked") + b"ffffffffffffffffff\r\nhello\r\n"),
    "chunk-negative": lambda: once(head("Transfer-Encoding: chunked") + b"-5\r\nhello\r\n"),
    "two-lengths": lambda: once(head("Content-Length: 5", "Content-Length: 50") + b"hello"),
    "length-and-chunks": lambda: once(head("Content-Length: 5", "Transfer-Encoding: chunked") + b"0\r\n\r\n"),
    "length-short": lambda: once(head("Content-Length: 500") + b"hello"),
    "not-http": lambda: once(b"SSH-2.0-OpenSSH_9.2\r\n"),
    "http-0.9": lambda: once(b"<html>hello</html>"),
    "nothing": lambda: once(b""),
    "nul-header": lambda: once(b"HTTP/1.1 200 OK\r\nX-Nul: a\x00b\r\n\r\nhello"),
    "laughs": lambda: xml(LAUGHS),
    "quadratic": lambda: xml(QUADRATIC),
    "external-entity": lambda: xml(EXTERNAL),
    "external-dtd": lambda: xml('<!DOCTYPE rss SYSTEM "http://169.254.169.254/x.dtd"><rss></rss>'),
    "nested-xml": lambda: nested("item", 200_000, XML),
    "nested-html": lambda: nested("div", 500_000),
    "nested-json": lambda: once(head(kind="application/json") + b"[" * 1_000_000),
    "nested-json-feed": lambda: once(head(kind="application/json") + b'{"a":' * 200_000),
    "html-for-feed": lambda: once(head() + b"<html><title>login</title><body>please log in</body></html>"),
    "empty-feed": lambda: once(head(kind=XML)),
    "binary-feed": lambda: once(head(kind=XML) + bytes(range(256)) * 1000),
}


CONTENT = frozenset(name for name in ATTACKS if list(ATTACKS).index(name) >= list(ATTACKS).index("laughs"))
"""Attacks on parsers, whatever they expect; the others are attacks on the client."""


class RawServer:
    """Serves `ATTACKS` on loopback; a healthy feed stands at ``/good``."""

    def __init__(self) -> None:
        self.port = 0
        self._server: asyncio.Server | None = None
        self.n_by_path: dict[str, int] = {}

    async def __aenter__(self) -> RawServer:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            path = request.split(b" ", 2)[1].decode().lstrip("/")
            self.n_by_path[path] = self.n_by_path.get(path, 0) + 1
            async for data in self._answer(path):
                writer.write(data)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def _answer(self, path: str) -> AsyncIterator[bytes]:
        if path in ATTACKS:
            return ATTACKS[path]()
        if path.startswith("good"):
            body = f"<rss><channel><item><guid>{path}</guid><title>好</title></item></channel></rss>".encode()
            return once(head(f"Content-Length: {len(body)}", kind=XML) + body)
        return once(head("Content-Length: 0", status="404 Not Found"))
