"""What a sender may make the server hold: bytes, memory, places."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc

import pytest

from monitor.clock import FakeClock
from monitor.people.desk import People
from monitor.people.register import Register
from monitor.server import app as server_app
from monitor.server import wire
from monitor.server.app import serving
from monitor.server.services import ServerServices
from monitor.store import Store
from monitor.store.book import StoreBook
from tests.unit.monitor.server.conftest import NOON

HEAD = "POST /api/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


@pytest.fixture
async def raw(world, tmp_path):
    """A connection to a server with logins, as bytes."""
    writers: list[asyncio.StreamWriter] = []
    clock = FakeClock(NOON)
    book = StoreBook(Store(f"sqlite:{tmp_path / 'p.db'}"), clock)
    people = People(Register(book.store), book, clock)
    services = ServerServices(world.book, world.open_evidence, world.health, lambda: NOON, people)
    app = server_app.make_server_app(services, world.settings())
    async with serving(app, port=0) as address:

        async def connect():
            reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
            writers.append(writer)
            return reader, writer

        yield connect
        for writer in writers:
            writer.close()
    people.close()
    await book.close()


async def test_a_body_that_does_not_come_is_not_waited_for(raw, monkeypatch):
    monkeypatch.setattr(wire, "BODY_S", 0.2)
    reader, writer = await raw()
    writer.write(f"{HEAD}Content-Length: 100\r\n\r\n{{".encode())
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"Connection: close" in head


async def test_a_connection_that_asks_nothing_whole_is_closed(raw, monkeypatch, world):
    monkeypatch.setattr(server_app, "IDLE_S", 0.3)
    app = server_app.make_server_app(world.services(), world.settings())
    async with serving(app, port=0) as address:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(address.rpartition(":")[2]))
        writer.write(b"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_a_body_that_unpacks_to_more_than_is_taken_is_refused_unread(raw):
    bomb = gzip.compress(bytes(300 * 2**20), 9)
    reader, writer = await raw()
    head = f"{HEAD}Content-Encoding: gzip\r\nContent-Length: {len(bomb)}\r\n\r\n"
    tracemalloc.start()
    try:
        writer.write(head.encode() + bomb)
        status = (await asyncio.wait_for(reader.readline(), 20)).split()[1]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert status == b"413"
    assert peak < 40 * 2**20


@pytest.mark.parametrize("line", ["X: " + "a" * 9000, "\r\n".join(f"X-{n}: 1" for n in range(3000))])
async def test_a_head_without_end_is_refused(raw, line):
    reader, writer = await raw()
    writer.write(f"GET /api/health HTTP/1.1\r\nHost: 127.0.0.1\r\n{line}\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.readline(), 5)
    assert answer.split()[1] in (b"400", b"431")


async def test_no_text_that_the_store_cannot_hold_comes_in(raw):
    for path, body, status in (
        ("/api/alerts?venue=%00", b"", b"400"),
        ("/api/cases/%00", b"", b"400"),
        ("/api/session", b'{"name":"a\\u0000","password":"x"}', b"400"),
        ("/api/session", b'{"name":"a\\\\u0000","password":"x"}', b"401"),
    ):
        reader, writer = await raw()
        head = f"{'POST' if body else 'GET'} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
        assert (await asyncio.wait_for(reader.readline(), 20)).split()[1] == status, (path, body)
