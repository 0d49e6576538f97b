from __future__ import annotations

import pytest


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
