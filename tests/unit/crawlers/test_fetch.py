"""The client against servers that mean well and against TLS that does not hold."""

from __future__ import annotations

import gzip
import shutil
import ssl
import subprocess
import zlib

import pytest
from aiohttp import web

from crawlers.clock import SystemClock
from crawlers.errors import CrawlError
from crawlers.fetch import HttpClient, Request
from crawlers.url import parse

TEXT = "一".encode() * 1000


def ask(url: str) -> Request:
    parsed = parse(url)
    return Request(parsed, named=frozenset({f"{parsed.host}:{parsed.port}"}))


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(TEXT, mtime=0)),
        ("x-gzip", gzip.compress(TEXT[:1500], mtime=0) + gzip.compress(TEXT[1500:], mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", zlib.compress(TEXT)[2:-4]),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"\x00padding"),
    ],
)
async def test_every_common_encoding_is_undone(site, encoding, body):
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Encoding": encoding})

    site.pages["/x"] = answer
    async with HttpClient(SystemClock()) as http:
        assert (await http.get(ask(f"{site.url}/x"))).body == TEXT


async def test_the_user_agent_names_us_and_where_to_complain(site):
    site.pages["/x"] = "ok"
    async with HttpClient(SystemClock(), contact="https://exam.example/bot") as http:
        await http.get(ask(f"{site.url}/x"))
    assert site.requests[0].headers["User-Agent"].startswith("examwatch/")
    assert "(+https://exam.example/bot)" in site.requests[0].headers["User-Agent"]


async def test_a_name_is_resolved_once_and_the_connection_goes_to_that_address(site):
    class Counting:
        n = 0

        async def resolve(self, host, port):
            from ipaddress import ip_address

            self.n += 1
            return [ip_address("127.0.0.1")]

    site.pages["/x"] = "ok"
    resolver = Counting()
    async with HttpClient(SystemClock(), resolver=resolver) as http:
        await http.get(ask(f"http://forum.example:{site.port}/x"))
    assert resolver.n == 1
    assert site.requests[0].headers["Host"] == f"forum.example:{site.port}"


async def test_a_redirect_is_reported_and_not_followed(site):
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": "http://169.254.169.254/"})

    site.pages["/x"] = answer
    async with HttpClient(SystemClock()) as http:
        response = await http.get(ask(f"{site.url}/x"))
    assert (response.status, response.headers["location"]) == (302, "http://169.254.169.254/")


async def test_unchanged_feeds_are_answered_by_304_in_more_than_eight_of_ten_polls(site, bench):
    body = b"<rss><channel><item><guid>1</guid><title>t</title></item></channel></rss>"

    async def conditional(request: web.Request) -> web.Response:
        if request.headers.get("If-None-Match") == '"v"':
            return web.Response(status=304)
        return web.Response(body=body, headers={"ETag": '"v"'})

    for n in range(5):
        site.pages[f"/{n}"] = conditional
    sources = [{"kind": "feed", "id": f"f{n}", "url": f"{site.url}/{n}"} for n in range(5)]
    await bench.poll(*sources, times=10)
    n_not_modified = sum(report.n_not_modified for report in bench.reports)
    assert n_not_modified / sum(report.n_requests for report in bench.reports) >= 0.8


@pytest.fixture
def certificate(tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    key, path = tmp_path / "k.pem", tmp_path / "c.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=x"]
    subprocess.run([*command, "-keyout", key, "-out", path], check=True, capture_output=True)
    return path, key


@pytest.mark.tools
async def test_a_certificate_that_nobody_vouches_for_is_refused(certificate):
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate)
    runner = web.AppRunner(web.Application(), access_log=None)
    await runner.setup()
    tcp = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await tcp.start()
    try:
        async with HttpClient(SystemClock()) as http:
            with pytest.raises(CrawlError) as told:
                await http.get(ask(f"https://127.0.0.1:{runner.addresses[0][1]}/"))
        assert told.value.kind == "tls"
    finally:
        await runner.cleanup()
