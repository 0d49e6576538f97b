"""Editing rules over HTTP."""

from __future__ import annotations

from datetime import UTC

import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor.ruledesk.trial import RuleTrials
from monitor.server.app import make_server_app
from monitor.server.services import ServerServices
from tests.unit.monitor.conftest import make_alert
from tests.unit.monitor.ruledesk.test_desk import NINE, RULE, room

__all__ = ["room"]


@pytest.fixture
async def client(world, room):
    desk = await room.open()
    alerts = []
    for number, snr_db in enumerate((12, 18, 24)):
        made = make_alert(str(number), channel=f"{number}", at_s=number)
        event = {**made.event, "id": f"e{number}", "snr_db": snr_db, "channel": f"{number}", "sensor": "roof"}
        alerts.append(make_alert(str(number), channel=f"{number}", at_s=number, event=event))
    await room.audit.merge(alerts)
    services = ServerServices(
        world.book,
        world.open_evidence,
        world.health,
        lambda: NINE,
        rules=desk,
        trials=RuleTrials(room.audit.store.reader, UTC),
    )
    async with TestClient(TestServer(make_server_app(services, world.settings()))) as client:
        yield client


async def test_a_text_is_checked_as_one_types_with_samples_and_limits(client):
    async with client.post("/api/rules/check", json={"text": RULE.format(limit=20)}) as answer:
        view = await answer.json()
    assert (view["id"], view["faults"]) == ("loud", [])
    assert [(one["fires"], one["holds"]) for one in view["samples"]] == [(True, True), (False, True)]
    assert view["limits"] == [
        {"selection": "loud", "field": "snr_db", "modifier": "gte", "value": 20.0, "line": 8}
    ]
    async with client.post("/api/rules/check", json={"text": RULE.format(limit=50)}) as answer:
        view = await answer.json()
    assert [one["holds"] for one in view["samples"]] == [False, True]
    assert view["faults"][0].startswith(f"{view['samples'][0]['line']}: ")
    async with client.post("/api/rules/check", json={"text": "id: [\n"}) as answer:
        assert (await answer.json())["id"] is None


async def test_a_rule_is_opened_compared_traced_and_saved(client, room):
    async with client.get("/api/rules/loud") as answer:
        source = await answer.json()
    assert (source["written"], source["writable"]) == (RULE.format(limit=10), True)
    text = RULE.format(limit=20)
    async with client.post("/api/rules/compare", json={"text": text}) as answer:
        view = await answer.json()
    assert (view["n_before"], view["n_after"], view["n_gained"], view["n_lost"]) == (3, 1, 0, 2)
    assert [one["snr_db"] for one in view["moved"]] == [18, 12]
    body = {"text": text, "selection": "loud", "field": "snr_db"}
    async with client.post("/api/rules/curve", json=body) as answer:
        view = await answer.json()
    assert [(one["threshold"], one["n_alerts"]) for one in view["points"]] == [
        (12, 3),
        (18, 2),
        (20, 1),
        (24, 1),
    ]
    async with client.put("/api/rules/loud", json={"text": text, "was": source["digest"]}) as answer:
        assert answer.status == 200
    assert room.file.read_text() == text


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/api/rules/loud", {"text": RULE.format(limit=20), "was": "sha256:0"}, 409, "changed-meanwhile"),
        ("/api/rules/loud", {"text": "id: [\n"}, 422, "rules-refused"),
        ("/api/rules/loud", {"text": RULE.format(limit=50), "was": "WAS"}, 422, "rules-refused"),
        ("/api/rules/else", {"text": RULE.format(limit=20), "was": "WAS"}, 400, "bad-parameter"),
        ("/api/rules/loud", {"text": RULE.format(limit=20), "venues": ["moon"]}, 400, "bad-parameter"),
        ("/api/exceptions", {"text": "exceptions: []\n"}, 409, "not-writable"),
    ],
)
async def test_what_cannot_be_saved_is_told_and_the_file_stays(client, room, path, body, status, code):
    before = room.file.read_text()
    if body.get("was") == "WAS":
        async with client.get("/api/rules/loud") as answer:
            body = body | {"was": (await answer.json())["digest"]}
    async with client.put(path, json=body) as answer:
        assert (answer.status, (await answer.json())["code"]) == (status, code)
    assert room.file.read_text() == before


async def test_a_limit_that_is_none_is_a_problem(client):
    body = {"text": RULE.format(limit=20), "selection": "quiet", "field": "snr_db"}
    async with client.post("/api/rules/curve", json=body) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, "bad-parameter")


async def test_exceptions_are_checked_with_what_they_would_have_hidden(client):
    when = "expires: '2027-01-01T00:00+08:00', when: {snr_db|gte: 20}"
    one = f"{{id: ours, kind: radio, reason: r, author: w, {when}}}"
    async with client.post("/api/exceptions/check", json={"text": f"exceptions:\n  - {one}\n"}) as answer:
        view = await answer.json()
    assert (view["faults"], [(line["id"], line["n_alerts"]) for line in view["lines"]]) == ([], [("ours", 1)])
    async with client.post("/api/exceptions/check", json={"text": "exceptions:\n  - {id: a}\n"}) as answer:
        assert (await answer.json())["faults"][0].startswith("2: ")
    async with client.get("/api/exceptions") as answer:
        assert (await answer.json())["file"] is None


async def test_the_schema_of_a_rule_is_served_for_editors(client):
    async with client.get("/api/rule-schema") as answer:
        schema = (await answer.json())["json_schema"]
    assert "snr_db|gte" in schema["$defs"]["radio_selection"]["properties"]


PAIR = """\
id: pair
title: {en: Pair, zh: 对}
advice: {en: Look, zh: 看}
kind: correlation
level: high
category: signal
selections:
  one: {kind: radio, rule: loud}
  two: {kind: radio, snr_db|gte: 20}
correlation: {type: coincidence, steps: [one, two], within: 10m, by: [sensor]}
owner: radio
samples:
  fires:
    - events:
        - {at: 0s, kind: radio, sensor: roof, rule: [loud], snr_db: 12}
        - {at: 1s, kind: radio, sensor: roof, snr_db: 25}
  quiet:
    - events: [{at: 0s, kind: radio, sensor: roof, rule: [loud], snr_db: 12}]
"""


async def test_a_rule_is_removed_after_what_it_raised_was_told_and_not_while_another_needs_it(client, room):
    async with client.put("/api/rules/pair", json={"text": PAIR}) as answer:
        assert answer.status == 200, await answer.text()
    async with client.post("/api/rules/loud/removal/trial") as answer:
        told = await answer.json()
        assert (answer.status, told["code"]) == (409, "rule-in-use")
    assert "'pair' waits for it" in told["detail"]
    async with client.post("/api/rules/pair/removal/trial") as answer:
        view = await answer.json()
    assert (view["n_lost"], view["n_gained"], view["n_after"]) == (1, 0, 3)
    (moved,) = view["moved"]
    assert (moved["rule"], moved["gained"], moved["n_members"], moved["snr_db"]) == ("pair", False, 2, 24)
    async with client.get("/api/rules/pair") as answer:
        was = (await answer.json())["digest"]
    async with client.post("/api/rules/pair/removal", json={"was": was, "reason": " "}) as answer:
        assert answer.status == 400
    async with client.post("/api/rules/pair/removal", json={"was": "sha256:0", "reason": "r"}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (409, "changed-meanwhile")
    async with client.post("/api/rules/pair/removal", json={"was": was, "reason": "too noisy"}) as answer:
        assert [rule["id"] for rule in (await answer.json())["rules"]] == ["loud"]
    async with client.post("/api/rules/pair/removal/trial") as answer:
        assert answer.status == 404
    async with client.post("/api/rules/rollback") as answer:
        assert len((await answer.json())["rules"]) == 2
    async with client.get("/api/rules/pair") as answer:
        source = await answer.json()
    assert (source["written"], source["writable"], source["digest"]) == (None, True, None)
