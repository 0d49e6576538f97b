"""Every route of the API, tried by nobody, by each role, and by who has not yet chosen a password."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor.clock import FakeClock
from monitor.people.desk import LASTS, People, Session
from monitor.people.passwords import hash_password
from monitor.people.register import Login, Register
from monitor.people.roles import GRANTED, ROLES
from monitor.server.access import COOKIE, NEEDS
from monitor.server.app import make_server_app
from monitor.server.routes import ROUTES
from monitor.server.services import ServerServices
from monitor.store import Store
from monitor.store.book import StoreBook
from tests.unit.monitor.server.conftest import NOON

OWN = "correct horse battery staple"
HASHED = hash_password(OWN)
REFUSED = {401, 403}


class House:
    """The server with logins, and one person of each role, logged in."""

    def __init__(self, people, client, sessions) -> None:
        self.people, self.client, self.sessions = people, client, sessions

    async def ask(self, role, route, *, csrf=True, **more):
        headers = dict(more.pop("headers", {}))
        if role is not None:
            headers["Cookie"] = f"{COOKIE}={self.sessions[role].key}"
            if csrf:
                headers["X-CSRF-Token"] = self.sessions[role].csrf
        path = route.path.replace("{fingerprint}", "f" * 16).replace("{digest}", "sha256:" + "0" * 64)
        path = path.replace("{name}", "nobody").replace("{sensor}", "roof").replace("{rule}", "loud")
        path = path.replace("{silence}", "quiet").replace("{case}", "C0607-ABCDEF").replace("{token}", "t")
        path = path.replace("{source}", "forum").replace("{tip}", "20260607T013210-0a1b2c3d4e")
        path = path.replace("{node}", "roof").replace("{serial}", "1")
        path = path.replace("{view}", "0" * 12)
        if route.path == "/api/live":
            more["timeout"] = 0.3
        try:
            async with self.client.request(route.method, path, headers=headers, **more) as answer:
                return answer.status
        except TimeoutError:
            return 200


@pytest.fixture
async def house(world, tmp_path):
    clock = FakeClock(NOON)
    book = StoreBook(Store(f"sqlite:{tmp_path / 'p.db'}"), clock)
    register = Register(book.store)
    people = People(register, book, clock)
    services = ServerServices(world.book, world.open_evidence, world.health, lambda: NOON, people)
    sessions = {}
    for role in (*ROLES, "fresh"):
        # Without the hashing of passwords, which takes its time.
        register.add("test", role, "administrator" if role == "fresh" else role, HASHED, NOON)
        person = register.find(role)[0]
        if role != "fresh":
            person = register.set_password("test", role, HASHED, NOON, must_change=False)
        register.begin(hashlib.sha256(role.encode()).hexdigest(), role, NOON, NOON + LASTS, "a")
        sessions[role] = Session(role, Login(person, NOON + LASTS))
    async with TestClient(TestServer(make_server_app(services, world.settings()))) as client:
        yield House(people, client, sessions)
    people.close()
    await book.close()


GUARDED = [route for route in ROUTES if route.needs is not None]


async def test_nobody_gets_anything_that_was_watched(house):
    public = {(route.method, route.path) for route in ROUTES if route.needs is None}
    assert public == {
        ("GET", "/health"),
        ("GET", "/api/session"),
        ("POST", "/api/session"),
        ("DELETE", "/api/session"),
        ("POST", "/api/session/password"),
        ("GET", "/api/login"),
        ("POST", "/api/login/oidc"),
        ("GET", "/api/login/oidc/callback"),
        ("GET", "/api/login/oidc/left"),
        # Signed by the key of a code, and by that of a node.
        ("POST", "/api/enrol"),
        ("POST", "/api/fleet/reports"),
        ("POST", "/api/fleet/certificates"),
    }
    for route in GUARDED:
        assert await house.ask(None, route) == 401, route.path
    assert await house.ask(None, next(r for r in ROUTES if r.name == "getSession")) == 401


async def test_each_role_reaches_what_it_was_given_and_nothing_else(house):
    for role in ROLES:
        for route in GUARDED:
            status = await house.ask(role, route)
            allowed = route.needs in GRANTED[role]
            assert (status in REFUSED) is not allowed, (role, route.method, route.path, status)
            assert status < 500


async def test_who_has_not_chosen_a_password_reaches_only_the_own_session(house):
    for route in GUARDED:
        assert await house.ask("fresh", route) == 403
    assert await house.ask("fresh", next(r for r in ROUTES if r.name == "getSession")) == 200


async def test_nothing_is_changed_without_the_token_of_the_session(house):
    for route in ROUTES:
        if route.method == "GET" or route.name in ("logIn", "beginOidcLogin"):
            continue
        assert await house.ask("administrator", route, csrf=False) == 403, route.path
        stolen = {"X-CSRF-Token": house.sessions["analyst"].csrf}
        assert await house.ask("administrator", route, csrf=False, headers=stolen) == 403


async def test_a_foreign_page_can_neither_log_in_nor_change_anything(house):
    body = {"name": "analyst", "password": OWN}
    foreign = {"Origin": "https://evil.example"}
    async with house.client.post("/api/session", json=body, headers=foreign) as answer:
        assert answer.status == 403
    async with house.client.post("/api/session", data=body) as answer:
        assert answer.status == 415


async def test_a_login_sets_a_cookie_that_scripts_and_other_sites_do_not_see(house):
    body = {"name": "analyst", "password": OWN}
    async with house.client.post("/api/session", json=body) as answer:
        assert answer.status == 200
        cookie = answer.cookies[COOKIE]
        view = await answer.json()
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Strict", "")
    assert (view["name"], view["role"], "users" in view["permissions"]) == ("analyst", "analyst", False)
    port = house.client.port
    https = {"Origin": f"https://127.0.0.1:{port}"}
    async with house.client.post("/api/session", json=body, headers=https) as answer:
        assert answer.cookies[COOKIE]["secure"] is True


async def test_wrong_logins_are_a_problem_and_then_have_to_wait(house):
    statuses = []
    for _ in range(7):
        async with house.client.post("/api/session", json={"name": "analyst", "password": "x"}) as answer:
            statuses.append(answer.status)
            assert answer.content_type == "application/problem+json"
            retry = answer.headers.get("Retry-After")
    assert statuses == [401] * 5 + [429] * 2
    assert int(retry) >= 1


@pytest.mark.parametrize(
    "body", ["", "[]", '{"name": 1}', '{"name": "a", "password": "b", "admin": true}', "\xff"]
)
async def test_a_body_that_makes_no_sense_is_a_problem(house, body):
    headers = {"Content-Type": "application/json"}
    async with house.client.post("/api/session", data=body.encode("latin-1"), headers=headers) as answer:
        assert (answer.status, answer.content_type) == (400, "application/problem+json")


async def test_the_administrator_adds_changes_and_shuts_out_people(house):
    session = house.sessions["administrator"]
    headers = {"Cookie": f"{COOKIE}={session.key}", "X-CSRF-Token": session.csrf}
    client = house.client
    async with client.post("/api/people", json={"name": "zhang", "role": "radio"}, headers=headers) as made:
        given = (await made.json())["one_time_password"]
    zhang = await house.people.log_in("zhang", given, "z")
    async with client.patch("/api/people/zhang", json={"disabled": True}, headers=headers) as answer:
        assert (await answer.json())["disabled"] is True
    assert await house.people.who(zhang.key) is None
    async with client.patch("/api/people/zhang", json={}, headers=headers) as answer:
        assert answer.status == 400
    async with client.post("/api/people", json={"name": "zhang", "role": "radio"}, headers=headers) as answer:
        assert answer.status == 409
    async with client.get("/api/people", headers=headers) as answer:
        text = await answer.text()
    assert "zhang" in text
    assert given not in text
    assert "argon2" not in text


async def test_a_stream_ends_when_its_person_is_shut_out(house):
    headers = {"Cookie": f"{COOKIE}={house.sessions['analyst'].key}"}
    async with house.client.get("/api/live", headers=headers) as stream:
        assert await stream.content.readline() == b"retry: 2000\n"
        await house.people.set_disabled("administrator", "analyst", disabled=True)
        async with asyncio.timeout(5):
            await stream.content.read()


async def test_an_address_without_a_rule_is_for_nobody(house):
    app = house.client.server.app
    for route in app.router.routes():
        assert route.resource is not None
        method = "GET" if route.method == "HEAD" else route.method
        assert (method, route.resource.canonical) in app[NEEDS]


async def test_without_logins_the_console_is_told_that_it_may_all(client):
    async with client.get("/api/session") as answer:
        view = await answer.json()
    assert (view["name"], view["expires_at"]) == ("local", None)
    async with client.post("/api/session", json={"name": "a", "password": "b"}) as answer:
        assert answer.status == 409
