"""Silences over HTTP: tried first, made with reason and end, ended; and what was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor.clock import FakeClock
from monitor.notify.ledger import Ledger
from monitor.notify.service import TellingService
from monitor.server.app import make_server_app
from monitor.store import Store
from monitor.store.book import StoreBook
from tests.unit.monitor.conftest import make_alert
from tests.unit.monitor.server.conftest import NOON

END = (NOON + timedelta(hours=2)).isoformat()
GOOD = {"matchers": ["venue=v1"], "reason": "works on the roof", "ends_at": END}


@pytest.fixture
async def desk(world, tmp_path):
    book = StoreBook(Store(f"sqlite:{tmp_path / 's.db'}"), FakeClock(NOON))
    await book.merge([make_alert("a"), make_alert("b", channel="b", venue="v2")])
    telling = TellingService(Ledger(book.store), book, FakeClock(NOON))
    services = replace(world.services(), telling=telling)
    async with TestClient(TestServer(make_server_app(services, world.settings()))) as client:
        yield client
    assert book.store.verify() > 0
    await book.close()


async def test_a_silence_is_tried_made_shown_and_ended(desk):
    tried = await (await desk.post("/api/silences", json={"matchers": ["venue=v1"], "try_only": True})).json()
    assert tried == {"silence": None, "n_hidden": 1}
    assert (await (await desk.get("/api/silences")).json())["silences"] == []
    made = await (await desk.post("/api/silences", json=GOOD)).json()
    assert made["n_hidden"] == 1
    (shown,) = (await (await desk.get("/api/silences")).json())["silences"]
    assert shown == made["silence"]
    assert (shown["matchers"], shown["author"]) == (['venue="v1"'], "local")
    ended = await desk.delete(f"/api/silences/{shown['id']}")
    assert (await ended.json())["silences"] == []
    assert (await desk.delete(f"/api/silences/{shown['id']}")).status == 404


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"matchers": []}, "matchers: 1 to 20"),
        ({"matchers": ["venue"]}, "is no matcher"),
        ({"matchers": ["venue=~("]}, "not an expression"),
        ({"reason": "  "}, "reason"),
        ({"ends_at": None}, "ends_at"),
        ({"ends_at": (NOON - timedelta(minutes=1)).isoformat()}, "ends_at"),
        ({"ends_at": (NOON + timedelta(days=40)).isoformat()}, "ends_at"),
        ({"ends_at": "2026-06-07T15:00:00"}, "ends_at"),
    ],
)
async def test_a_silence_without_scope_reason_or_end_is_refused(desk, change, told):
    answer = await desk.post("/api/silences", json={**GOOD, **change})
    assert answer.status == 400
    assert told in (await answer.json())["detail"]
    assert (await (await desk.get("/api/silences")).json())["silences"] == []


async def test_where_nobody_is_told_there_is_nothing_to_silence(client):
    for path in ("/api/silences", "/api/notices"):
        assert (await client.get(path)).status == 409


async def test_notices_are_listed(desk):
    assert await (await desk.get("/api/notices")).json() == {"notices": []}
