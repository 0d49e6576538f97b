from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from monitor.server.app import make_server_app
from monitor.server.problem import ProblemError


async def test_health_says_how_every_part_is(client):
    body = await (await client.get("/api/health")).json()
    assert body["status"] == "ok"
    assert body["queue"] == {"n_waiting": 0, "oldest_s": 0.0, "n_dropped": {}}


@pytest.mark.parametrize("status", ["ok", "degraded"])
async def test_a_degraded_daemon_is_alive(client, world, status):
    world.status = status
    answer = await client.get("/health")
    assert answer.status == 200
    assert await answer.json() == {"status": status}


async def test_metrics_are_those_of_the_daemon(client):
    answer = await client.get("/metrics")
    assert answer.content_type == "text/plain"
    assert "examwatch_live_clients 0.0" in await answer.text()


async def test_a_middleware_of_logins_stands_before_every_handler_and_after_the_host_guard(world):
    seen: list[str] = []

    @web.middleware
    async def nobody(request, handler):
        seen.append(request.path)
        raise ProblemError(401, "no-login", "log in first")

    app = make_server_app(world.services(), world.settings(), access=nobody)
    async with TestClient(TestServer(app)) as client:
        for path in ("/", "/api/alerts", "/api/live", "/metrics"):
            answer = await client.get(path)
            assert answer.status == 401
            assert (await answer.json())["code"] == "no-login"
        assert (await client.get("/", headers={"Host": "evil.example"})).status == 421
    assert seen == ["/", "/api/alerts", "/api/live", "/metrics"]
