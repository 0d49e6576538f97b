"""Silences over HTTP: tried first, made with reason and end, ended; and what was told."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor.clock import FakeClock
from monitor.notify.ledger import Ledger
from monitor.notify.service import TellingService
from monitor.people.desk import LASTS, People, Session
from monitor.people.register import Login, Register
from monitor.people.scope import Scope
from monitor.server.access import COOKIE
from monitor.server.app import make_server_app
from monitor.store import Store
from monitor.store.audit import AuditQuery, read_entries
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


@pytest.fixture
async def house(world, tmp_path):
    """Ask as somebody: operators li (of v1) and wang, an auditor, supervisors of v1 and of v2."""
    clock = FakeClock(NOON)
    book = StoreBook(Store(f"sqlite:{tmp_path / 's.db'}"), clock)
    register = Register(book.store)
    people = People(register, book, clock)
    services = replace(
        world.services(), telling=TellingService(Ledger(book.store), book, clock), people=people
    )
    csrf = {}
    for name, role, venues in (
        ("li", "operator", ["v1"]), ("wang", "operator", None), ("rev", "auditor", None),
        ("near", "supervisor", ["v1"]), ("far", "supervisor", ["v2"]),
    ):  # fmt: skip
        register.add("test", name, role, "x", NOON)
        scope = Scope(None if venues is None else frozenset(venues))
        register.set_scope("test", name, scope, NOON)
        person = register.set_password("test", name, "x", NOON, must_change=False)
        register.begin(hashlib.sha256(name.encode()).hexdigest(), name, NOON, NOON + LASTS, "a")
        csrf[name] = Session(name, Login(person, NOON + LASTS)).csrf
    async with TestClient(TestServer(make_server_app(services, world.settings()))) as client:

        async def ask(who, method, path, body=None):
            headers = {"Cookie": f"{COOKIE}={who}", "X-CSRF-Token": csrf[who]}
            async with client.request(method, path, json=body, headers=headers) as answer:
                return answer.status, await answer.json()

        yield ask, book.store
    people.close()
    book.store.verify()
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


async def test_ending_anothers_silence_is_refused_by_name_and_both_stand_in_the_audit(house):
    ask, store = house
    made = (await ask("li", "POST", "/api/silences", GOOD))[1]["silence"]
    path = f"/api/silences/{made['id']}"
    assert made["barred"] is None
    for who, status, why in (("wang", 403, "author"), ("rev", 403, "role"), ("far", 403, "venues")):
        shown = (await ask(who, "GET", "/api/silences"))[1]["silences"]
        assert [one["barred"] for one in shown] == [why]
        code, problem = await ask(who, "DELETE", path)
        assert code == status
        assert problem["code"] == ("not-allowed" if why == "role" else "not-yours")
        assert why == "role" or "li's" in problem["detail"]
    assert await ask("near", "DELETE", path) == (200, {"silences": []})
    assert (await ask("near", "DELETE", path))[0] == 404
    with store.reader.connect() as db:
        told = [(one.actor, one.action, one.body) for one in read_entries(db, AuditQuery(action="silence."))]
    assert told[:3] == [
        ("near", "silence.ended", {"author": "li"}),
        ("far", "silence.not-ended", {"author": "li", "why": "venues"}),
        ("wang", "silence.not-ended", {"author": "li", "why": "author"}),
    ]


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
