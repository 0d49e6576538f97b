"""Nodes that follow a hub, whole but for the network: reports, releases, roll-back, clones."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from importlib.metadata import version

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from monitor.faults import WorldError
from monitor.fleet.desk import CLONE_TOLD, FleetDesk
from monitor.fleet.follower import offset_s
from monitor.fleet.identity import NodeFile
from monitor.fleet.nats import NatsFolder
from monitor.fleet.office import FleetOffice
from monitor.fleet.register import FleetError, FleetRegister
from monitor.fleet.releases import Releases
from monitor.fleet.report import Report, ReportError, signed
from monitor.fleet.rollout import Heard, Policy, Rollout, rank, replayed, tick
from monitor.fleet.rollout import Report as Progress
from monitor.server.app import make_server_app
from monitor.server.services import ServerServices
from monitor.store import Store
from monitor.store.book import StoreBook
from tests.unit.monitor.fleet.nodes import POLICY, Node, fleet

__all__ = ["fleet"]


async def test_a_release_reaches_one_then_some_then_all_and_each_starts_its_program_anew(fleet):
    await fleet.minute(2)
    fleet.release("one")
    await fleet.minute(1)
    assert fleet.runs() == {"": 19, "one": 1}
    assert next(node for node in fleet.nodes if node.runs()).name == min(
        (node.name for node in fleet.nodes), key=lambda name: rank(1, name)
    )
    await fleet.minute(13)
    assert fleet.runs()["one"] == 1
    await fleet.minute(10)
    assert fleet.runs()["one"] == sum(rank(1, node.name) < 0.1 for node in fleet.nodes)
    await fleet.minute(30)
    assert fleet.runs() == {"one": 20}
    assert all(node.n_restarts == 1 for node in fleet.nodes)
    assert fleet.audited() == [
        ("fleet.release-begun", "1"),
        ("fleet.release-advanced", "1"),
        ("fleet.release-advanced", "1"),
        ("fleet.release-done", "1"),
    ]
    assert {one.release for one in await fleet.desk.nodes()} == {1}
    fleet.hub.store.verify()


async def settle(fleet, text="good"):
    await fleet.minute(2)
    fleet.release(text)
    await fleet.minute(60)
    assert fleet.runs() == {text: 20}


async def test_one_that_makes_the_first_node_ill_is_taken_back_and_the_good_files_come_again(fleet):
    await settle(fleet)
    for node in fleet.nodes:
        node.ill_with = {"bad"}
    fleet.release("bad")
    with pytest.raises(FleetError, match="release 2 is under way"):
        fleet.release("another")
    await fleet.minute(2)
    assert fleet.runs() == {"good": 19, "bad": 1}
    await fleet.minute(3)
    assert fleet.runs() == {"good": 20}
    assert fleet.audited()[-3:] == [
        ("fleet.release-begun", "2"),
        ("fleet.release-rolled-back", "2"),
        ("fleet.release-restored", "3"),
    ]
    # A number that only grows: the bad bundle, and the good one before it, can be played to nobody.
    assert {node.shelf.state().release for node in fleet.nodes} == {3}
    restored, bad, good = fleet.releases.list(3)
    assert restored.content == good.content != bad.content
    assert (restored.rollout.state, bad.rollout.state) == ("done", "rolled-back")
    fleet.release("better")
    await fleet.minute(60)
    assert fleet.runs() == {"better": 20}


async def test_one_that_does_not_go_with_a_nodes_configuration_is_refused_there_and_taken_back(fleet):
    await settle(fleet)
    for node in fleet.nodes:
        node.misfits = {"bad"}
    fleet.release("bad")
    await fleet.minute(3)
    assert fleet.runs() == {"good": 20}
    assert ("fleet.release-rolled-back", "2") in fleet.audited()
    assert sum(node.n_restarts for node in fleet.nodes) == 20 + 20


async def test_a_node_that_the_release_kills_counts_by_its_silence(fleet):
    await settle(fleet)
    fleet.release("mute")
    await fleet.minute(1)
    (first,) = [node for node in fleet.nodes if node.runs() == "mute"]
    first.reached = False
    await fleet.minute(7)
    assert ("fleet.release-rolled-back", "2") in fleet.audited()
    first.reached = True
    await fleet.minute(1)
    assert fleet.runs() == {"good": 20}


async def test_a_person_halts_a_release_by_command_and_the_running_hub_follows(fleet):
    await settle(fleet)
    fleet.release("new")
    await fleet.minute(2)
    assert fleet.releases.halt("li", POLICY, fleet.clock.now()) == 2
    # Said twice, it is not done twice.
    with pytest.raises(FleetError, match="no release is under way"):
        fleet.releases.halt("li", POLICY, fleet.clock.now())
    await fleet.minute(2)
    assert fleet.runs() == {"good": 20}
    assert fleet.audited()[-2:] == [("fleet.release-rolled-back", "2"), ("fleet.release-restored", "3")]


async def test_a_hub_that_starts_anew_in_the_middle_goes_on_where_it_was(fleet):
    await fleet.minute(2)
    fleet.release("one")
    for _ in range(12):
        await fleet.minute(5)
        fleet.desk = fleet.new_desk()
        await fleet.desk.look()
    assert fleet.runs() == {"one": 20}
    await fleet.minute(20)
    assert [action for action, _ in fleet.audited()].count("fleet.release-done") == 1
    assert fleet.audited()[-1] == ("fleet.release-done", "1")


class TwoHubs(FleetDesk):
    """Each report goes to the one or the other, as behind a proxy that shares them out."""

    def __init__(self, *desks: FleetDesk) -> None:
        self.desks, self.n = desks, 0

    async def report(self, body, address):
        self.n += 1
        return await self.desks[self.n * 7 % 3 % 2].report(body, address)

    async def look(self):
        # Both at once: their steps meet in the store.
        await asyncio.gather(*(desk.look() for desk in self.desks))


@pytest.fixture
def two_hubs(fleet, tmp_path):
    """The fleet, looked after by two hubs with a database connection each."""
    other = Store(f"sqlite:{tmp_path / 's.db'}")
    releases = Releases(other, fleet.key)
    register = FleetRegister(other)
    second = FleetDesk(
        register,
        releases,
        NatsFolder(tmp_path / "nats2", register),
        POLICY,
        StoreBook(other, fleet.clock),
        fleet.clock,
    )
    fleet.desk = TwoHubs(fleet.desk, second)
    yield fleet
    other.close()


async def test_two_hubs_move_one_release_on_together_and_each_step_is_taken_once(two_hubs):
    await two_hubs.minute(2)
    two_hubs.release("one")
    await two_hubs.minute(1)
    assert two_hubs.runs() == {"": 19, "one": 1}
    await two_hubs.minute(60)
    assert two_hubs.runs() == {"one": 20}
    assert two_hubs.audited() == [
        ("fleet.release-begun", "1"),
        ("fleet.release-advanced", "1"),
        ("fleet.release-advanced", "1"),
        ("fleet.release-done", "1"),
    ]
    (done,) = two_hubs.releases.list(1)
    assert [(step.stage, step.state, step.n_sound) for step in done.rollout.steps] == [
        (0, "running", 1),
        (1, "running", sum(rank(1, node.name) < 0.1 for node in two_hubs.nodes)),
        (2, "done", 20),
    ]
    # Each hub shows what the other heard last.
    for desk in two_hubs.desk.desks:
        assert {one.release for one in await desk.nodes()} == {1}


async def test_two_hubs_take_a_bad_release_back_once(two_hubs):
    await settle(two_hubs)
    for node in two_hubs.nodes:
        node.ill_with = {"bad"}
    two_hubs.release("bad")
    await two_hubs.minute(10)
    assert two_hubs.runs() == {"good": 20}
    assert two_hubs.audited()[-3:] == [
        ("fleet.release-begun", "2"),
        ("fleet.release-rolled-back", "2"),
        ("fleet.release-restored", "3"),
    ]
    (step,) = two_hubs.releases.list(2)[1].rollout.steps
    first = min((node.name for node in two_hubs.nodes), key=lambda name: rank(2, name))
    assert (step.stage, step.state, step.failing, step.by) == (0, "rolled-back", (first,), "")


def test_of_steps_taken_at_once_on_either_database_one_counts(store, hub):
    releases = Releases(store, Ed25519PrivateKey.generate())
    begun = releases.begin("li", {"a": b"1"}, "", hub.now).rollout
    policy = Policy(soak=timedelta(0), healthy_reports=1)
    well = frozenset({"n"})

    def change(rollout):
        told = Heard(Progress("n", 1, is_well=True), hub.now)
        return tick(replayed(rollout, [told]), policy, well, hub.now)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: releases.step(1, change, hub.now), range(8)))
    rollout = releases.list(1)[0].rollout
    # Three stages, three steps, whoever took them.
    assert (rollout.state, [step.stage for step in rollout.steps]) == ("done", [0, 1, 2])
    assert begun.steps == ()
    store.verify()


async def test_an_older_release_is_given_to_all_again_and_only_one_that_was_good(fleet):
    await settle(fleet, "june")
    fleet.release("july")
    await fleet.minute(60)
    now = fleet.clock.now()
    for serial, why in ((2, "all nodes have the files"), (9, "there is no release 9")):
        with pytest.raises(FleetError, match=why):
            fleet.releases.again("li", serial, now)
    assert fleet.releases.again("li", 1, now).serial == 3
    await fleet.minute(2)
    assert fleet.runs() == {"june": 20}
    fleet.release("august")
    with pytest.raises(FleetError, match="release 4 is under way"):
        fleet.releases.again("li", 2, fleet.clock.now())


async def test_the_first_release_of_all_has_nothing_to_go_back_to_and_stops(fleet):
    for node in fleet.nodes:
        node.ill_with = {"bad"}
    await fleet.minute(2)
    fleet.release("bad")
    await fleet.minute(20)
    assert fleet.runs() == {"": 19, "bad": 1}
    assert fleet.audited() == [("fleet.release-begun", "1"), ("fleet.release-rolled-back", "1")]


async def test_only_the_node_itself_is_believed(fleet):
    roof, gate = fleet.nodes[0], fleet.nodes[1]
    report = Report(node=roof.name, instance="i", count=1, at=fleet.clock.now(), software="1", release=0,
                    health="ok")  # fmt: skip
    good = signed(report, roof.who.sign)
    assert (await fleet.desk.report(good, "a")).wanted == 0
    forged = [
        signed(report, gate.who.sign),
        msgspec.structs.replace(good, node=gate.name),
        msgspec.structs.replace(signed(report, gate.who.sign), node=gate.name),
        msgspec.structs.replace(good, report=good.report.replace('"release":0', '"release":9')),
        msgspec.structs.replace(good, signature="?"),
        msgspec.structs.replace(good, node="nobody"),
    ]
    for one in forged:
        with pytest.raises(ReportError):
            await fleet.desk.report(one, "a")
    fleet.hub.register.revoke("li", roof.name, "", fleet.clock.now())
    await fleet.desk.look()
    with pytest.raises(ReportError, match="no node of that name"):
        await fleet.desk.report(good, "a")


async def test_an_older_hub_passes_over_what_a_newer_node_adds_and_the_other_way_round(fleet):
    import base64

    roof = fleet.nodes[0]
    text = json.dumps({
        "node": roof.name, "instance": "i", "count": 1, "at": "2026-06-07T04:00:00Z", "software": "9.0",
        "release": 0, "health": "ok", "temperature_c": 51.5,
    })  # fmt: skip
    signature = base64.b64encode(roof.who.sign(b"examwatch report 1\n" + text.encode())).decode()
    from monitor.fleet.report import ReportBody

    await fleet.desk.report(ReportBody(node=roof.name, report=text, signature=signature), "a")
    shown = {one.node: one for one in await fleet.desk.nodes()}
    assert shown[roof.name].software == "9.0"


async def test_a_copied_disk_is_noticed_recorded_once_an_hour_and_told_as_health(fleet, tmp_path):
    roof = fleet.nodes[0]
    copy = Node.__new__(Node)
    copy.__dict__.update(roof.__dict__)
    copy.boot()
    await fleet.minute(1)
    assert fleet.audited("node.cloned") == []
    fleet.nodes = [roof, copy]
    await fleet.minute(5)
    assert fleet.audited("node.cloned") == [("node.cloned", roof.name)]
    (part,) = [part for part in fleet.desk.parts() if part.problems]
    assert (part.kind, part.id, part.problems, part.venue) == ("identity", roof.name, ("cloned",), "v1")
    assert {one.node: one.cloned_at for one in await fleet.desk.nodes()}[roof.name] is not None
    fleet.nodes = [roof]
    await fleet.minute(round(CLONE_TOLD.total_seconds() / 60) + 2)
    assert [part for part in fleet.desk.parts() if part.problems] == []


async def test_a_link_that_is_used_twice_is_noticed_too_and_a_restart_is_not(fleet):
    at = fleet.clock.now()

    async def beat(run, minutes):
        await fleet.clock.advance(60)
        await fleet.desk.heard_on_link("n00", run, at + timedelta(minutes=minutes))

    for minute, run in enumerate("aaabbbcc"):
        await beat(run, minute)
    assert fleet.audited("node.cloned") == []
    for minute, run in enumerate("cdcd", 10):
        await beat(run, minute)
    assert fleet.audited("node.cloned") == [("node.cloned", "n00")]


@pytest.mark.parametrize(("ahead_s", "took_s"), [(0, 0), (3600, 0.4), (-12.5, 2), (0.2, 10)])
def test_the_clock_is_measured_to_half_the_way_there_and_back(ahead_s, took_s, hub):
    sent_at = hub.now + timedelta(seconds=ahead_s)
    for share in (0.0, 0.5, 1.0):
        hub_at = hub.now + timedelta(seconds=took_s * share)
        assert abs(offset_s(sent_at, took_s, hub_at) - ahead_s) <= took_s / 2 + 0.001


async def test_over_http_a_node_is_heard_and_who_may_see_health_sees_the_fleet(fleet, world):
    services = ServerServices(
        world.book,
        world.open_evidence,
        world.health,
        fleet.clock.now,
        fleet=fleet.desk,
        office=FleetOffice(fleet.desk, fleet.hub, fleet.releases, fleet.book, fleet.clock),
    )
    async with TestClient(TestServer(make_server_app(services, world.settings()))) as client:
        import aiohttp

        from monitor.fleet import client as node_client

        roof = fleet.nodes[0]
        told = NodeFile(roof.name, "v1", str(client.make_url("/")), [])
        who = replace(roof.who, told=told)
        report = Report(node=roof.name, instance="i", count=1, at=fleet.clock.now(), software="0.1",
                        release=0, health="ok", clock_offset_s=1.5)  # fmt: skip
        async with aiohttp.ClientSession() as session:
            assert (await node_client.report(session, who, report)).bundle is None
            fares = await node_client.probe(session, str(client.make_url("/health")))
            assert (fares.health, fares.software) == ("ok", version("examwatch"))
            assert (await node_client.probe(session, "http://127.0.0.1:1/health")).health == "down"
            forged = msgspec.structs.replace(report, node="n05")
            with pytest.raises(WorldError, match=r"refused \(403\)"):
                await node_client.report(session, who, forged)
        fleet.release("one")
        await fleet.desk.look()
        async with client.get("/api/fleet") as answer:
            told = await answer.json()
    row = {one["node"]: one for one in told["nodes"]}[roof.name]
    assert (row["software"], row["health"], row["clock_offset_s"], row["state"]) == (
        "0.1",
        "ok",
        1.5,
        "enrolled",
    )
    (release,) = told["releases"]
    assert (release["serial"], release["state"], release["share"]) == (1, "running", 0.01)


def test_releases_hold_on_postgresql_and_sqlite_alike(store, hub):
    releases = Releases(store, Ed25519PrivateKey.generate())
    first = releases.begin("li", {"a": b"1"}, "", hub.now)
    done = Rollout(1, hub.now, stage=2, state="done", why="ok")
    assert releases.step(1, lambda before: done, hub.now) == (first.rollout, done)
    second = releases.begin("li", {"a": b"2"}, "", hub.now)
    assert second.serial == releases.halt("li", POLICY, hub.now)
    assert [(one.serial, one.rollout.state) for one in releases.list()] == [
        (3, "done"), (2, "rolled-back"), (1, "done"),
    ]  # fmt: skip
    assert releases.list()[2].rollout == done
    store.verify()
