"""The gate lets a browser reach what the fetcher itself could reach, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
from ipaddress import ip_address

import aiohttp
import pytest

from crawlers.address import SystemResolver
from crawlers.render.gate import Gate, GateLimits

INSIDE = """
    http://127.0.0.1:{port}/ http://localhost:{port}/ http://0x7f.1:{port}/ http://2130706433:{port}/
    http://[::1]:{port}/ http://[::ffff:127.0.0.1]:{port}/ http://10.0.0.1/ http://192.168.1.1/
    http://169.254.169.254/latest/meta-data/ http://100.64.0.1/ http://0.0.0.0:{port}/ ftp://127.0.0.1:{port}/
    file:///etc/passwd //127.0.0.1/ http://name.inside.example:{port}/
"""


class Names:
    """Every name is at loopback: what a hostile name server would answer."""

    def __init__(self) -> None:
        self.n_asked = 0

    async def resolve(self, host, port):
        self.n_asked += 1
        return [ip_address("127.0.0.1")]


async def ask(gate: Gate, head: str, body: str = "") -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.port)
    writer.write(f"{head}\r\n\r\n{body}".encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


@pytest.mark.parametrize("target", INSIDE.split())
async def test_no_spelling_of_an_inside_address_is_reached_by_request_or_tunnel(site, target):
    target = target.format(port=site.port)
    host = target.partition("//")[2].partition("/")[0]
    async with Gate(Names(), frozenset()) as gate:
        assert (await ask(gate, f"GET {target} HTTP/1.1")).startswith(b"HTTP/1.1 403")
        assert (await ask(gate, f"CONNECT {host} HTTP/1.1")).startswith(b"HTTP/1.1 403")
        assert len(gate.refused) == 2
    assert site.requests == []


async def test_a_host_that_the_configuration_names_is_reached_as_the_page_asked(site):
    site.pages["/a?b=1"] = "hello"
    async with Gate(SystemResolver(), frozenset({f"127.0.0.1:{site.port}"})) as gate:
        proxy = f"http://127.0.0.1:{gate.port}"
        async with aiohttp.ClientSession() as session:
            for _ in range(3):
                async with session.get(f"{site.url}/a?b=1", proxy=proxy) as answer:
                    assert await answer.text() == "hello"
    assert site.asked() == ["/a?b=1"] * 3
    assert "Proxy-Connection" not in site.requests[0].headers


async def test_a_tunnel_carries_both_ways(site):
    site.pages["/x"] = "through"
    named = frozenset({f"127.0.0.1:{site.port}"})
    async with Gate(SystemResolver(), named) as gate:
        inner = "GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        answer = await ask(gate, f"CONNECT 127.0.0.1:{site.port} HTTP/1.1", inner)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200")
    assert answer.endswith(b"through")


async def test_a_name_is_resolved_once_for_the_connection_that_it_is_checked_for(site):
    site.pages["/x"] = "ok"
    names = Names()
    async with Gate(names, frozenset({f"forum.example:{site.port}"})) as gate:
        assert b"200 OK" in await ask(gate, f"GET http://forum.example:{site.port}/x HTTP/1.1\r\nHost: x")
    assert names.n_asked == 1


async def test_one_page_gets_no_more_connections_and_bytes_than_its_caps(site):
    site.pages["/big"] = b"x" * 200_000
    named = frozenset({f"127.0.0.1:{site.port}"})
    head = f"GET {site.url}/big HTTP/1.1\r\nHost: x"
    async with Gate(SystemResolver(), named, GateLimits(max_connections=2, max_bytes=300_000)) as gate:
        assert len(await ask(gate, head)) > 200_000
        assert len(await ask(gate, head)) < 200_000
        assert b"403" in await ask(gate, head)


@pytest.mark.parametrize("head", ["", "GET", "\x00\xff", "GET / HTTP/1.1", "CONNECT", "X" * 100_000])
async def test_what_is_no_proxy_request_is_answered_or_dropped_and_the_gate_goes_on(site, head):
    site.pages["/x"] = "ok"
    async with Gate(SystemResolver(), frozenset({f"127.0.0.1:{site.port}"})) as gate:
        with contextlib.suppress(ConnectionError):
            assert not (await ask(gate, head)).startswith(b"HTTP/1.1 200")
        assert b"200 OK" in await ask(gate, f"GET {site.url}/x HTTP/1.1\r\nHost: x")
