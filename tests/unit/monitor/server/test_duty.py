"""Who is on duty and hand-overs, over the API, on a real store."""

from __future__ import annotations

from functools import partial

import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor.case.habits import DEPARTMENTS, Habits
from monitor.case.machine import Step
from monitor.case.register import CaseRegister
from monitor.clock import FakeClock
from monitor.duty.desk import DutyPlans, EscalationDesk
from monitor.duty.service import DutyService
from monitor.notify.ledger import Ledger
from monitor.notify.service import TellingService
from monitor.server.app import make_server_app
from monitor.server.services import ServerServices
from monitor.store import Store
from monitor.store.audit import AuditQuery
from monitor.store.book import StoreBook
from tests.unit.monitor.conftest import make_alert
from tests.unit.monitor.duty.test_duty import PLAN, ROSTER, START


@pytest.fixture
async def desk(world, tmp_path):
    clock = FakeClock(START)
    book = StoreBook(Store(f"sqlite:{tmp_path / 'd.db'}"), clock)
    escalation = EscalationDesk(
        DutyPlans((PLAN,), ROSTER, "x", "en"), TellingService(Ledger(book.store), book, clock), book, clock
    )
    await escalation.open()
    alerts = [make_alert(name, channel=name, level="critical") for name in ("a", "b")]
    await book.merge(alerts)
    register = CaseRegister(book.store, Habits())
    case = await book.write(
        partial(register.step_on_alert, alerts[1].fingerprint, Step("claim", "li"), START)
    )
    await escalation.step()
    services = ServerServices(
        book,
        world.open_evidence,
        world.health,
        clock.now,
        duty=DutyService(book, ROSTER, DEPARTMENTS, clock),
    )
    async with TestClient(TestServer(make_server_app(services))) as client:
        yield client, book, alerts, case
    await book.close()


async def test_who_is_on_duty_and_what_nobody_has_seen(desk):
    client, _, alerts, case = desk
    answer = await (await client.get("/api/duty")).json()
    by_id = {one["id"]: one for one in answer["departments"]}
    assert [one["id"] for one in by_id["duty"]["people"]] == ["wang", "li"]
    assert by_id["duty"]["until"] == "2026-06-07T05:00:00Z"
    assert by_id["police"]["people"] == []
    assert by_id["radio"]["open_cases"] == [case.id]
    assert [(one["alert"], one["n_steps"], one["next_to"]) for one in answer["unseen"]] == [
        (alerts[0].fingerprint, 3, ["duty:1"])
    ]


async def test_a_hand_over_says_what_is_open_and_is_in_the_audit(desk):
    client, book, alerts, case = desk
    body = {"department": "radio", "to": "li", "note": "  watch 169 MHz  "}
    made = await (await client.post("/api/handovers", json=body)).json()
    assert (made["to"], made["note"], made["cases"], made["unseen"]) == (
        "li", "watch 169 MHz", [case.id], [alerts[0].fingerprint],
    )  # fmt: skip
    duty = await (await client.get("/api/duty")).json()
    radio = next(one for one in duty["departments"] if one["id"] == "radio")
    assert [one["id"] for one in radio["people"]] == ["li", "chen"]
    assert radio["handover"]["note"] == "watch 169 MHz"
    listed = await (await client.get("/api/handovers?department=radio")).json()
    assert [one["id"] for one in listed["handovers"]] == [made["id"]]
    entry = (await book.read_audit(AuditQuery(action="duty.handed-over")))[0]
    assert (entry.subject, entry.body["to"], entry.body["n_unseen"]) == ("radio", "li", 1)


@pytest.mark.parametrize(
    "change", [{"department": "navy"}, {"to": "nobody"}, {"note": "x" * 4001}, {"to": 3}]
)
async def test_what_cannot_be_handed_over_is_refused_with_the_reason(desk, change):
    client, *_ = desk
    body = {"department": "radio", "to": "li", "note": ""} | change
    answer = await client.post("/api/handovers", json=body)
    assert answer.status == 400
    assert (await answer.json())["detail"]
