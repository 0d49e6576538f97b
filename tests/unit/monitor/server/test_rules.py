"""The rules over HTTP."""

from __future__ import annotations

import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor.server.app import make_server_app
from monitor.server.services import ServerServices
from tests.unit.monitor.ruledesk.test_desk import NINE, RULE, room

__all__ = ["room"]


@pytest.fixture
async def client(world, room):
    desk = await room.open()
    services = ServerServices(world.book, world.open_evidence, world.health, lambda: NINE, rules=desk)
    async with TestClient(TestServer(make_server_app(services, world.settings()))) as client:
        yield client


async def test_rules_are_listed_changed_tried_spread_and_rolled_back(client, room):
    async with client.get("/api/rules") as answer:
        view = await answer.json()
    assert [rule["id"] for rule in view["rules"]] == ["loud"]
    assert view["rules"][0]["title_zh"] == "响"
    room.write(20)
    async with client.post("/api/rules/reload", json={"venues": ["no1"]}) as answer:
        assert answer.status == 200
        assert (await answer.json())["trial"]["venues"] == ["no1"]
    async with client.post("/api/rules/spread") as answer:
        view = await answer.json()
    assert (view["trial"], view["edition"]["number"], view["edition"]["author"]) == (None, 3, "local")
    async with client.post("/api/rules/rollback") as answer:
        assert answer.status == 200
    async with client.get("/api/rules/loud") as answer:
        assert '"snr_db|gte": 10' in (await answer.json())["text"]


async def test_what_is_refused_names_file_and_line(client, room):
    room.write(50)
    async with client.post("/api/rules/reload", json={}) as answer:
        problem = await answer.json()
    assert (answer.status, problem["code"]) == (422, "rules-refused")
    assert f"{room.file}:" in problem["detail"]
    async with client.get("/api/rules") as answer:
        assert (await answer.json())["faults"]


async def test_a_venue_that_is_none_and_a_spread_of_nothing_are_told(client):
    async with client.post("/api/rules/reload", json={"venues": ["moon"]}) as answer:
        assert answer.status == 400
    async with client.post("/api/rules/spread") as answer:
        assert answer.status == 409
    async with client.get("/api/rules/quiet") as answer:
        assert answer.status == 404


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (RULE.format(limit=10), []),
        (RULE.format(limit=50), ["snr_db"]),
        (RULE.format(limit=10).replace("snr_db", "snr"), ["did you mean"]),
        ("id: [", [":"]),
    ],
)
async def test_a_text_is_checked_with_its_samples_and_puts_nothing_in_force(client, text, told):
    async with client.post("/api/rules/check", json={"text": text}) as answer:
        faults = (await answer.json())["faults"]
    assert bool(faults) is bool(told)
    assert all(any(word in fault for fault in faults) for word in told)
    async with client.get("/api/rules") as answer:
        assert (await answer.json())["edition"]["number"] == 1
