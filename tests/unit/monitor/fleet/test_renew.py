"""Certificates that nodes renew by themselves, on a fake clock; openssl checks what comes of it."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer
from cryptography import x509

from monitor.faults import WorldError
from monitor.fleet import client as node_client
from monitor.fleet import identity
from monitor.fleet.age import age_of
from monitor.fleet.authority import new_key, signing_request
from monitor.fleet.exchange import believe_renewed
from monitor.fleet.register import FleetError
from monitor.fleet.report import Report, ReportError, renewing, signed
from monitor.server.app import make_server_app
from monitor.server.services import ServerServices
from tests.unit.monitor.fleet.nodes import Fleet, Node, fleet

__all__ = ["fleet"]
DAY = 24 * 3600


async def days(fleet: Fleet, n: int, at_once: int = 1) -> None:
    """The clock goes on, and after so many days each time the hub looks and the nodes report."""
    for _ in range(n // at_once):
        await fleet.clock.advance(at_once * DAY)
        await fleet.desk.look()
        for node in fleet.nodes:
            with suppress(WorldError, ReportError):
                while await node.follower.step():
                    pass


def ends_at(node: Node):
    return node.who.certificate.not_valid_after_utc


def serials(fleet: Fleet, node: Node) -> list[str]:
    return [one.serial for one in fleet.hub.register.papers_of(node.name)]


def part_of(fleet: Fleet, node: Node):
    parts = {part.id: part for part in fleet.desk.parts() if part.kind == "certificate"}
    return parts[node.name]


@pytest.fixture
def few(fleet):
    fleet.nodes = fleet.nodes[:3]
    return fleet


@pytest.mark.parametrize(
    ("left_days", "age"),
    [(400, "fresh"), (134, "fresh"), (133, "due"), (67, "due"), (66, "late"), (0, "ended")],
)
def test_a_certificate_is_due_in_its_last_third_and_late_in_its_last_sixth(hub, left_days, age):
    made_at, ends = hub.now, hub.now + timedelta(days=400)
    assert age_of(made_at, ends, ends - timedelta(days=left_days)) == age


async def test_a_node_renews_with_a_new_key_when_a_third_is_left_and_the_older_certificate_ends(few):
    roof = few.nodes[0]
    before, key = ends_at(roof), (roof.who.folder / "node.key").read_bytes()
    await days(few, 260, 20)
    assert ends_at(roof) == before
    await days(few, 10)
    assert ends_at(roof) - before >= timedelta(days=265)
    assert (roof.who.folder / "node.key").read_bytes() != key
    assert not list(roof.who.folder.glob("next.*"))
    (only,) = serials(few, roof)
    assert int(only, 16) == roof.who.certificate.serial_number
    assert few.audited("node.")[-6:] == [
        (action, f"n{i:02}") for i in range(3) for action in ("node.renewed", "node.replaced")
    ]
    # On and on, and nobody was asked to do anything.
    await days(few, 1200, 20)
    assert (await few.desk.nodes())[0].state == "enrolled"
    assert not any(part.problems for part in few.desk.parts() if part.id == roof.name)
    few.hub.store.verify()


async def test_an_answer_that_is_lost_leaves_the_older_certificate_and_is_given_again(few):
    roof = few.nodes[0]
    key = identity.next_key(roof.who.folder)
    await few.clock.advance(270 * DAY)
    body = renewing(roof.name, signing_request(key), roof.who.sign)
    first = await few.renewing.renew(body, "a")
    again = await few.renewing.renew(body, "a")
    assert (
        believe_renewed(first, (roof.who.folder / "ca.pem").read_bytes(), key).certificate
        == believe_renewed(again, (roof.who.folder / "ca.pem").read_bytes(), key).certificate
    )
    assert len(serials(few, roof)) == 2
    # The older one still speaks for the node, and may still connect.
    assert await roof.follower.step()
    assert len([one for one in few.hub.register.holders(few.clock.now()) if one.node == roof.name]) == 2
    while await roof.follower.step():
        pass
    assert len(serials(few, roof)) == 1
    # A key that was lost with its disk gives way to the next one.
    await few.clock.advance(270 * DAY)
    for _ in range(3):
        lost = renewing(roof.name, signing_request(new_key()), roof.who.sign)
        await few.renewing.renew(lost, "a")
    assert len(serials(few, roof)) == 2


@pytest.mark.parametrize("n_done", [0, 1, 2])
async def test_a_machine_that_goes_down_while_it_changes_keys_comes_up_with_a_pair_that_fits(few, n_done):
    roof = few.nodes[0]
    folder = roof.who.folder
    await few.clock.advance(270 * DAY)
    key = identity.next_key(folder)
    granted = await roof._renew(roof.who, key)
    (folder / "next.pem").write_text(granted.certificate)
    for name in ("key", "pem")[:n_done]:
        (folder / f"next.{name}").rename(folder / f"node.{name}")
    came_up = identity.load(folder)
    assert came_up.certificate.public_key() == came_up.key.public_key() == key.public_key()
    assert not list(folder.glob("next.*"))


async def test_who_cannot_renew_is_told_of_half_way_through_and_when_it_has_ended(few):
    roof = few.nodes[0]

    async def refuse(who, key):
        raise WorldError("no route")

    roof.renewal._ask = refuse
    await days(few, 330, 10)
    assert part_of(few, roof).problems == ()
    await days(few, 10)
    late = part_of(few, roof)
    assert (late.problems, late.venue) == (("ending",), "v1")
    assert late.since is not None
    assert (
        ends_at(roof) - late.since == timedelta(days=401) / 6 - timedelta(hours=4)
        or late.since < few.clock.now()
    )
    assert part_of(few, few.nodes[1]).problems == ()
    await days(few, 65, 5)
    await few.desk.look()
    # Shut out, it still stands there until somebody does something about it.
    assert part_of(few, roof).problems == ("ended",)
    assert (await few.desk.nodes())[0].state == "expired"
    with pytest.raises(ReportError):
        await few.desk.report(signed_report(few, roof), "a")
    few.hub.register.revoke("li", roof.name, "gone", few.clock.now())
    await few.desk.look()
    assert roof.name not in {part.id for part in few.desk.parts()}


def signed_report(fleet, node):
    report = Report(node=node.name, instance="i", count=1, at=fleet.clock.now(), software="1", release=0,
                    health="ok")  # fmt: skip
    return signed(report, node.who.sign)


async def test_the_hub_signs_for_nobody_else(few):
    roof, gate = few.nodes[:2]
    await few.clock.advance(100 * DAY)
    key = new_key()

    def body(node, who, csr=None):
        return renewing(node, csr or signing_request(key), who.sign)

    with pytest.raises(FleetError, match="more than half"):
        await few.renewing.renew(body(roof.name, roof.who), "a")
    await few.clock.advance(170 * DAY)
    for forged in (body(roof.name, gate.who), body("stranger", gate.who)):
        with pytest.raises(ReportError):
            await few.renewing.renew(forged, "a")
    # Revoked.
    few.hub.register.revoke("li", gate.name, "stolen", few.clock.now())
    await few.desk.look()
    with pytest.raises(ReportError, match="no node of that name"):
        await few.renewing.renew(body(gate.name, gate.who), "a")
    assert "node.renewed" not in few.hub.actions()


async def test_a_node_that_was_cloned_is_not_renewed_until_it_is_let_in_anew(few):
    roof = few.nodes[0]
    copy = Node.__new__(Node)
    copy.__dict__.update(roof.__dict__)
    copy.boot()
    for _ in range(4):
        for one in (roof, copy):
            await few.clock.advance(60)
            await one.follower.step()
    assert few.desk.is_cloned(roof.name)
    # Neither time nor a hub that starts anew makes them one machine.
    await few.minute()
    await few.clock.advance(270 * DAY)
    few.desk = few.new_desk()
    few.renewing._desk = few.desk
    await few.desk.look()
    key = new_key()
    for _ in range(3):
        with pytest.raises(FleetError, match="two machines"):
            await few.renewing.renew(renewing(roof.name, signing_request(key), roof.who.sign), "10.0.0.9")
    assert few.audited("node.renew") == [("node.renew-refused", roof.name)]
    few.hub.now = few.clock.now()
    fresh = identity.load(few.hub.let_in(roof.name))
    await few.desk.look()
    assert not few.desk.is_cloned(roof.name)
    await few.clock.advance(270 * DAY)
    await few.renewing.renew(renewing(roof.name, signing_request(key), fresh.sign), "10.0.0.9")


async def test_over_http_a_node_renews_and_openssl_finds_the_certificate_good(few, world, tmp_path):
    roof = few.nodes[0]
    services = ServerServices(
        world.book, world.open_evidence, world.health, few.clock.now, fleet=few.desk, renew=few.renewing
    )
    async with (
        TestClient(TestServer(make_server_app(services, world.settings()))) as client,
        aiohttp.ClientSession() as session,
    ):
        told = replace(roof.who, told=identity.NodeFile(roof.name, "v1", str(client.make_url("/")), []))
        key = identity.next_key(told.folder)
        with pytest.raises(WorldError, match=r"refused \(409\): its certificate has more than half"):
            await node_client.renew(session, told, key)
        await few.clock.advance(270 * DAY)
        granted = await node_client.renew(session, told, key)
        stranger = replace(told, key=new_key())
        with pytest.raises(WorldError, match=r"refused \(403\)"):
            await node_client.renew(session, stranger, key)
    now = identity.renewed(told.folder, granted)
    made = x509.load_pem_x509_certificate((told.folder / "node.pem").read_bytes())
    made.verify_directly_issued_by(few.hub.authority.certificate)
    assert made == now.certificate
    # Its pair is one that TLS takes.
    context = ssl.create_default_context(cafile=str(told.folder / "ca.pem"))
    context.load_cert_chain(told.folder / "node.pem", told.folder / "node.key")
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl")
    at = str(int((few.clock.now() + timedelta(days=390)).timestamp()))
    verify = ["openssl", "verify", "-purpose", "sslclient", "-CAfile", told.folder / "ca.pem", "-attime"]
    good = await asyncio.to_thread(
        subprocess.run, [*verify, at, told.folder / "node.pem"], capture_output=True, text=True, check=False
    )
    assert (good.returncode, good.stdout.endswith("OK\n")) == (0, True), good.stderr
    late = str(int((few.clock.now() + timedelta(days=402)).timestamp()))
    bad = await asyncio.to_thread(
        subprocess.run, [*verify, late, told.folder / "node.pem"], capture_output=True, text=True, check=False
    )
    assert "certificate has expired" in bad.stderr
