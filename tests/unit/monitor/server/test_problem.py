from __future__ import annotations

import pytest
from aiohttp import ClientPayloadError, web
from aiohttp.test_utils import TestClient, TestServer

from monitor.server.problem import problems


async def mistake(_request: web.Request) -> web.StreamResponse:
    raise ZeroDivisionError("the secret of the trace")


async def mistake_amid_a_stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"one")
    raise ZeroDivisionError


async def too_large(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPRequestEntityTooLarge(10, 20)


@pytest.fixture
async def client():
    app = web.Application(middlewares=[problems])
    app.router.add_get("/mistake", mistake)
    app.router.add_get("/stream", mistake_amid_a_stream)
    app.router.add_get("/large", too_large)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_mistake_of_ours_is_a_problem_that_does_not_tell_its_trace(client):
    answer = await client.get("/mistake")
    assert (answer.status, answer.content_type) == (500, "application/problem+json")
    body = await answer.text()
    assert '"code":"internal"' in body
    assert "secret" not in body


async def test_every_refusal_of_the_framework_is_a_problem(client):
    answer = await client.get("/large")
    assert (answer.status, answer.content_type) == (413, "application/problem+json")


async def test_a_mistake_amid_a_stream_ends_the_stream_and_adds_nothing_to_it(client):
    answer = await client.get("/stream")
    assert await answer.content.readexactly(3) == b"one"
    with pytest.raises(ClientPayloadError):
        await answer.content.read()
