"""Saved views over HTTP: one's own, shared with the department, and the one a page opens with."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor.clock import FakeClock
from monitor.people.desk import LASTS, People, Session
from monitor.people.passwords import hash_password
from monitor.people.register import Login, Register
from monitor.people.saved import MOST, SavedViews
from monitor.people.scope import Scope
from monitor.server.access import COOKIE
from monitor.server.app import make_server_app
from monitor.store import Store
from monitor.store.audit import AuditQuery
from monitor.store.book import StoreBook
from monitor.store.requests import KeptRequests
from tests.unit.monitor.server.conftest import NOON

HASHED = hash_password("correct horse battery staple")
PEOPLE = {"wang": "north", "li": "north", "chen": "south", "boss": None}
GRAVE = {"page": "review", "name": "Grave", "query": "level=critical,high"}


class House:
    def __init__(self, client, book, register, sessions) -> None:
        self.client, self.book, self.register, self.sessions = client, book, register, sessions

    async def ask(self, name, method, path, body=None, status=200, headers=None):
        session = self.sessions[name]
        sent = {"Cookie": f"{COOKIE}={session.key}", "X-CSRF-Token": session.csrf, **(headers or {})}
        async with self.client.request(method, path, json=body, headers=sent) as answer:
            told = await answer.json()
            assert answer.status == status, told
        return told.get("views", told)

    async def audit(self, action):
        return await self.book.read_audit(AuditQuery(action=action))


@pytest.fixture
async def house(world, tmp_path):
    clock = FakeClock(NOON)
    book = StoreBook(Store(f"sqlite:{tmp_path / 'v.db'}"), clock)
    register = Register(book.store)
    people = People(register, book, clock)
    sessions = {}
    for name, department in PEOPLE.items():
        register.add("test", name, "analyst", HASHED, NOON)
        register.set_scope("test", name, Scope(None, department), NOON)
        person = register.set_password("test", name, HASHED, NOON, must_change=False)
        register.begin(hashlib.sha256(name.encode()).hexdigest(), name, NOON, NOON + LASTS, "a")
        sessions[name] = Session(name, Login(person, NOON + LASTS))
    services = replace(
        world.services(), people=people, saved=SavedViews(book, clock), requests=KeptRequests(book, clock)
    )
    async with TestClient(TestServer(make_server_app(services, world.settings()))) as client:
        yield House(client, book, register, sessions)
    assert book.store.verify() > 0
    people.close()
    await book.close()


def names(views):
    return [view["name"] for view in views]


async def test_a_view_is_saved_written_over_renamed_and_dropped_and_each_is_audited(house):
    (view,) = await house.ask("wang", "POST", "/api/views", GRAVE)
    assert view == {**GRAVE, "id": view["id"], "shared": False, "owner": "wang", "mine": True,
                    "is_default": False}  # fmt: skip
    (again,) = await house.ask("wang", "POST", "/api/views", {**GRAVE, "query": "level=critical"})
    assert (again["id"], again["query"]) == (view["id"], "level=critical")
    path = f"/api/views/{view['id']}"
    (other,) = await house.ask("wang", "PATCH", path, {"name": " 紧急 "})
    assert other == {**again, "name": "紧急"}
    assert await house.ask("wang", "DELETE", path) == []
    await house.ask("wang", "DELETE", path, status=404)
    for action, n in (("view.saved", 2), ("view.changed", 1), ("view.dropped", 1)):
        entries = await house.audit(action)
        assert [one.actor for one in entries] == ["wang"] * n


async def test_the_department_sees_what_is_shared_and_changes_none_of_it(house):
    await house.ask("wang", "POST", "/api/views", {**GRAVE, "name": "Mine"})
    (_, view) = await house.ask("wang", "POST", "/api/views", {**GRAVE, "shared": True})
    (seen,) = await house.ask("li", "GET", "/api/views")
    assert (seen["name"], seen["owner"], seen["mine"]) == ("Grave", "wang", False)
    path = f"/api/views/{view['id']}"
    await house.ask("li", "PATCH", path, {"name": "Stolen"}, status=404)
    await house.ask("li", "DELETE", path, status=404)
    assert await house.ask("chen", "GET", "/api/views") == []
    assert names(await house.ask("boss", "GET", "/api/views")) == ["Grave"]
    await house.ask("boss", "POST", "/api/views", {**GRAVE, "name": "All", "shared": True})
    assert names(await house.ask("chen", "GET", "/api/views")) == ["All"]
    house.register.set_disabled("test", "wang", True, NOON)
    assert names(await house.ask("li", "GET", "/api/views")) == ["All"]


async def test_a_page_opens_with_a_view_as_long_as_the_person_sees_it(house):
    (view,) = await house.ask("wang", "POST", "/api/views", {**GRAVE, "shared": True})
    choice = {"page": "review", "view": view["id"]}
    (chosen,) = await house.ask("li", "PUT", "/api/views/default", choice)
    assert chosen["is_default"]
    assert not (await house.ask("wang", "GET", "/api/views"))[0]["is_default"]
    await house.ask("chen", "PUT", "/api/views/default", choice, status=404)
    await house.ask("li", "PUT", "/api/views/default", {**choice, "page": "cases"}, status=404)
    assert (await house.ask("li", "GET", "/api/views"))[0]["is_default"]
    await house.ask("wang", "PATCH", f"/api/views/{view['id']}", {"shared": False})
    assert await house.ask("li", "GET", "/api/views") == []
    await house.ask("wang", "PATCH", f"/api/views/{view['id']}", {"shared": True})
    (back,) = await house.ask("li", "PUT", "/api/views/default", {"page": "review", "view": None})
    assert not back["is_default"]


async def test_views_are_put_in_another_order(house):
    for name in "ABC":
        views = await house.ask("wang", "POST", "/api/views", {**GRAVE, "name": name})
    last = views[2]["id"]
    assert names(await house.ask("wang", "PATCH", f"/api/views/{last}", {"place": 0})) == ["C", "A", "B"]
    assert names(await house.ask("wang", "PATCH", f"/api/views/{last}", {"place": 10**30})) == ["A", "B", "C"]
    assert names(await house.ask("wang", "PATCH", f"/api/views/{last}", {"place": 1})) == ["A", "C", "B"]


async def test_number_and_sizes_have_bounds_and_what_is_refused_changes_nothing(house):
    for wrong in (
        {"name": "  "}, {"name": "x" * 25}, {"name": "a\u0001b"}, {"query": "q" * 501}, {"query": "q=数"},
    ):  # fmt: skip
        await house.ask("wang", "POST", "/api/views", {**GRAVE, **wrong}, status=409)
    await house.ask("wang", "POST", "/api/views", {**GRAVE, "page": "wall"}, status=400)
    await house.ask("wang", "POST", "/api/views", {**GRAVE, "name": "a\u0000b"}, status=400)
    assert await house.ask("wang", "GET", "/api/views") == []
    for n in range(MOST):
        views = await house.ask("wang", "POST", "/api/views", {**GRAVE, "name": f"v{n}"})
    await house.ask("wang", "POST", "/api/views", {**GRAVE, "name": "more"}, status=409)
    path = f"/api/views/{views[0]['id']}"
    await house.ask("wang", "PATCH", path, {"name": "v1"}, status=409)
    await house.ask("wang", "PATCH", path, {}, status=400)
    assert len(await house.ask("wang", "POST", "/api/views", {**GRAVE, "page": "cases"})) == MOST + 1


async def test_the_same_request_sent_twice_is_done_once(house):
    key = {"Idempotency-Key": "k1"}
    first = await house.ask("wang", "POST", "/api/views", GRAVE, headers=key)
    assert await house.ask("wang", "POST", "/api/views", GRAVE, headers=key) == first
    assert len(await house.audit("view.saved")) == 1
