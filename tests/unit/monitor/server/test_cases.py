"""Cases over the API: steps, refusals, scope, keys for programs, writes that are sent again."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor.case.habits import Habits
from monitor.case.playbook import playbooks
from monitor.case.service import CaseService
from monitor.clock import FakeClock
from monitor.people.desk import LASTS, People, Session
from monitor.people.passwords import hash_password
from monitor.people.register import Login, Register
from monitor.people.scope import Scope
from monitor.server.access import COOKIE
from monitor.server.app import make_server_app
from monitor.server.services import ServerServices
from monitor.store import Store
from monitor.store.book import StoreBook
from monitor.store.requests import KeptRequests
from tests.unit.monitor.conftest import make_alert
from tests.unit.monitor.server.conftest import NOON

HASHED = hash_password("correct horse battery staple")
PEOPLE = {
    "li": "analyst",
    "wang": "analyst",
    "chief": "supervisor",
    "boss": "administrator",
    "rev": "auditor",
}


class Desk:
    def __init__(self, client, people, sessions, prints) -> None:
        self.client, self.people, self.sessions, self.prints = client, people, sessions, prints

    async def ask(self, who, method, path, body=None, token=None, **headers):
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        elif who is not None:
            headers["Cookie"] = f"{COOKIE}={who}"
            headers["X-CSRF-Token"] = self.sessions[who].csrf
        async with self.client.request(method, path, json=body, headers=headers) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def desk(world, tmp_path):
    clock = FakeClock(NOON)
    book = StoreBook(Store(f"sqlite:{tmp_path / 'c.db'}"), clock)
    alerts = [make_alert(str(n), labels={"document": f"d{n}"}, venue=f"no{n % 2 + 1}") for n in range(4)]
    book.store.merge(alerts, NOON)
    register = Register(book.store)
    people = People(register, book, clock)
    sessions = {}
    for name, role in PEOPLE.items():
        register.add("test", name, role, HASHED, NOON)
        person = register.set_password("test", name, HASHED, NOON, must_change=False)
        register.begin(hashlib.sha256(name.encode()).hexdigest(), name, NOON, NOON + LASTS, "a")
        sessions[name] = Session(name, Login(person, NOON + LASTS))
    services = ServerServices(
        book, world.open_evidence, world.health, clock.now, people, in_scope=book.in_scope,
        cases=CaseService(book, Habits(), playbooks(), clock), read_audit=book.read_audit,
        requests=KeptRequests(book, clock),
    )  # fmt: skip
    async with TestClient(TestServer(make_server_app(services, world.settings()))) as client:
        yield Desk(client, people, sessions, [one.fingerprint for one in alerts])
    people.close()
    await book.close()


def judge(verdict="benign", **more):
    return {"action": "judge", "verdict": verdict, **more}


async def test_two_persons_confirm_and_each_step_is_in_the_audit(desk):
    path = f"/api/alerts/{desk.prints[0]}/steps"
    status, first = await desk.ask("li", "POST", path, judge("confirmed"))
    assert (status, first["state"]) == (200, "suspected")
    status, refused = await desk.ask("li", "POST", path, judge("confirmed"))
    assert (status, refused["code"]) == (409, "twice")
    status, second = await desk.ask("wang", "POST", path, judge("confirmed"))
    assert (second["state"], second["confirmed_by"]) == ("confirmed", ["li", "wang"])
    assert "notify" in second["possible"]
    status, page = await desk.ask("rev", "GET", "/api/audit?action=case.")
    assert [one["actor"] for one in page["entries"]] == ["wang", "li", "li"]
    assert (await desk.ask("li", "GET", "/api/audit"))[0] == 403


async def test_what_another_holds_is_refused_and_a_supervisor_alone_reopens(desk):
    path = f"/api/alerts/{desk.prints[0]}/steps"
    _, case = await desk.ask("li", "POST", path, {"action": "claim"})
    status, refused = await desk.ask("wang", "POST", path, judge())
    assert (status, refused["code"]) == (409, "held")
    steps = f"/api/cases/{case['id']}/steps"
    for body in (judge("scam"), {"action": "close"}):
        assert (await desk.ask("li", "POST", steps, body))[0] == 200
    assert (await desk.ask("li", "POST", steps, {"action": "reopen"}))[0] == 403
    assert (await desk.ask("chief", "POST", steps, {"action": "reopen"}))[1]["state"] == "verifying"
    assert (await desk.ask("rev", "POST", steps, {"action": "note", "text": "x"}))[0] == 403


async def test_many_alerts_get_one_verdict_and_those_that_cannot_say_why(desk):
    body = {"fingerprints": [*desk.prints[:2], "f" * 16], **judge()}
    status, answer = await desk.ask("li", "POST", "/api/alerts/steps", body)
    assert status == 200
    assert [one["error"] is None for one in answer["done"]] == [True, True, False]
    assert [one["code"] for one in answer["done"]] == [None, None, "not-found"]
    _, left = await desk.ask("li", "GET", "/api/alerts?review=open")
    assert {one["fingerprint"] for one in left["alerts"]} == set(desk.prints[2:])


async def test_pages_of_cases_neither_miss_nor_double(desk):
    for one in desk.prints:
        await desk.ask("li", "POST", "/api/cases", {"fingerprints": [one]})
    seen, cursor = [], ""
    while cursor is not None:
        _, page = await desk.ask("li", "GET", f"/api/cases?limit=1{cursor and '&cursor=' + cursor}")
        seen += [one["id"] for one in page["cases"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == page["total"] == 4
    assert (await desk.ask("li", "GET", "/api/cases?cursor=broken"))[1]["code"] == "bad-cursor"
    assert (await desk.ask("li", "GET", "/api/cases?ownr=li"))[1]["code"] == "bad-parameter"


async def test_nobody_sees_more_than_their_venues(desk):
    await desk.people.set_scope("boss", "li", Scope(frozenset({"no1"})))
    await desk.people.set_scope("boss", "wang", Scope(frozenset({"no1"})))
    # A change of scope ends all sessions of the person.
    assert (await desk.ask("li", "GET", "/api/alerts"))[0] == 401
    _, token = await desk.people.add_token(
        "boss", "li", frozenset({"alerts", "review"}), timedelta(days=1), ""
    )
    _, page = await desk.ask(None, "GET", "/api/alerts", token=token)
    assert {one["venue"] for one in page["alerts"]} == {"no1"}
    other = f"/api/alerts/{desk.prints[1]}"
    assert (await desk.ask(None, "GET", other, token=token))[0] == 404
    assert (await desk.ask(None, "POST", f"{other}/steps", judge(), token=token))[0] == 404
    assert (await desk.ask(None, "POST", f"{other}/ack", {}, token=token))[0] == 404


async def test_a_token_may_what_it_was_made_for_until_it_ends(desk):
    body = {"name": "li", "permissions": ["alerts", "users"], "days": 1}
    status, made = await desk.ask("boss", "POST", "/api/tokens", body)
    assert status == 200
    token = made["token"]
    assert (await desk.ask(None, "GET", "/api/alerts", token=token))[0] == 200
    # Not what was not asked for, nor what its person may not.
    for path in ("/api/cases", "/api/people"):
        assert (await desk.ask(None, "GET", path, token=token))[0] == 403
    assert (await desk.ask("li", "POST", "/api/tokens", body))[0] == 403
    assert (await desk.ask("boss", "DELETE", f"/api/tokens/{made['id']}"))[0] == 200
    assert (await desk.ask(None, "GET", "/api/alerts", token=token))[0] == 401
    assert (await desk.ask(None, "GET", "/api/alerts", token="ewt_nothing"))[0] == 401


async def test_a_write_that_is_sent_again_is_done_once(desk):
    path, key = f"/api/alerts/{desk.prints[0]}/steps", {"Idempotency-Key": "k1"}
    first = await desk.ask("li", "POST", path, judge("confirmed"), **key)
    assert await desk.ask("li", "POST", path, judge("confirmed"), **key) == first
    assert (await desk.ask("li", "POST", path, judge("scam"), **key))[0] == 422
    # Another person's key of the same name is another key.
    assert (await desk.ask("wang", "POST", path, judge("confirmed"), **key))[1]["state"] == "confirmed"
    made = {"name": "li", "permissions": [], "days": 1}
    assert (await desk.ask("boss", "POST", "/api/tokens", made, **key))[0] == 400


async def test_next_gives_each_reviewer_another_and_an_end(desk):
    got = [(await desk.ask(who, "POST", "/api/cases/next", {}))[1]["case"] for who in ("li", "wang", "chief")]
    assert len({case["id"] for case in got}) == 3
    assert [case["owner"] for case in got] == ["li", "wang", "chief"]
    last = (await desk.ask("boss", "POST", "/api/cases/next", {}))[1]["case"]
    assert (await desk.ask("rev", "POST", "/api/cases/next", {}))[0] == 403
    assert last["owner"] == "boss"


async def test_acknowledged_alerts_say_by_whom(desk):
    status, alert = await desk.ask("li", "POST", f"/api/alerts/{desk.prints[0]}/ack", {"note": "seen"})
    assert (status, alert["acked_by"]) == (200, "li")
