from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.server.guard import host_name


@pytest.mark.parametrize("host", ["127.0.0.1:8440", "localhost", "LOCALHOST:1", "[::1]:8440"])
async def test_its_own_names_are_answered(client, host):
    assert (await client.get("/health", headers={"Host": host})).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "127.0.0.1.evil.example",
        "localhost.evil.example:8440",
        "evil@127.0.0.1",
        "",
        "[::1",
        "x:y",
    ],
)
@pytest.mark.parametrize("path", ["/", "/api/alerts", "/api/live", "/metrics"])
async def test_a_foreign_name_is_refused_everywhere(client, host, path):
    answer = await client.get(path, headers={"Host": host})
    assert answer.status == 421
    assert (await answer.json())["code"] == "foreign-host"


async def test_a_name_from_the_configuration_is_answered(connect):
    client = await connect(allowed_hosts=frozenset({"Console.City.example"}))
    assert (await client.get("/health", headers={"Host": "console.city.example"})).status == 200
    assert (await client.get("/health", headers={"Host": "127.0.0.1"})).status == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "file://"])
async def test_a_page_of_another_origin_is_refused(client, origin):
    answer = await client.get("/api/alerts", headers={"Host": "127.0.0.1:8440", "Origin": origin})
    assert answer.status == 403
    assert (await answer.json())["code"] == "foreign-origin"
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("origin", ["http://127.0.0.1:8440", "https://127.0.0.1:8440"])
async def test_its_own_page_may_ask(client, origin):
    answer = await client.get("/api/alerts", headers={"Host": "127.0.0.1:8440", "Origin": origin})
    assert answer.status == 200


async def test_refusals_are_counted_by_reason(client):
    await client.get("/", headers={"Host": "evil.example"})
    text = await (await client.get("/metrics")).text()
    assert 'examwatch_http_refused_total{reason="host"} 1.0' in text


@pytest.mark.parametrize("path", ["/", "/api/alerts", "/api/nothing", "/assets/index-abc.js"])
async def test_every_answer_carries_the_policy(client, path):
    headers = (await client.get(path)).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@given(st.text(max_size=40))
def test_any_host_header_gives_a_name_or_none(host):
    name = host_name(host)
    assert name is None or name == name.lower()
