"""What the real nats-server lets whom do, on the configuration that is written for it."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import nats
import pytest
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError

from monitor.fleet.natsconf import Holder, inbox_of, users_conf
from tests.unit.monitor.fleet.conftest import free_port

pytestmark = pytest.mark.tools
OWN = tuple(
    f"examwatch.{subject}"
    for subject in ("alerts.roof", "health.roof", "evidence.roof", "evidence.roof.abc.0", "ask.roof")
)


class Client:
    def __init__(self) -> None:
        self.errors: list[str] = []
        self.closed = asyncio.Event()
        self.nc = nats.NATS()

    async def _error(self, error: Exception) -> None:
        self.errors.append(str(error).lower())

    async def _gone(self) -> None:
        self.closed.set()

    async def connect(self, url, folder, name, cert="node", **more):
        context = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        if cert is not None:
            context.load_cert_chain(folder / f"{cert}.pem", folder / f"{cert}.key")
        await self.nc.connect(
            url,
            tls=context,
            inbox_prefix=inbox_of(name).encode(),
            allow_reconnect=False,
            max_reconnect_attempts=0,
            connect_timeout=5,
            error_cb=self._error,
            closed_cb=self._gone,
            **more,
        )
        return self.nc

    async def refused(self, subject: str) -> bool:
        """Whether publishing to `subject` is answered by a refusal."""
        self.errors.clear()
        await self.nc.publish(subject, b"x")
        await self.nc.flush()
        await asyncio.sleep(0.05)
        return any("permissions violation" in one for one in self.errors)


async def answered(client: Client, subject: str) -> bytes:
    """The answer to a question, once there is who answers: a subscription may be behind its flush."""
    async with asyncio.timeout(10):
        while True:
            try:
                return (await client.nc.request(subject, b"?", timeout=2)).data
            except NoRespondersError:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def connected(broker, folder, name, cert="node"):
    client = Client()
    await client.connect(broker.url, folder, name, cert)
    try:
        yield client
    finally:
        if not client.nc.is_closed:
            await client.nc.close()


async def test_a_node_says_what_is_its_own_and_nothing_of_another(broker):
    folder = broker.hub.let_in("roof")
    broker.hub.let_in("gate")
    assert broker.hub.nats.refresh(broker.hub.now)
    await asyncio.sleep(0.3)
    async with (
        connected(broker, broker.hub.nats.folder, "hub", "hub") as hub,
        connected(broker, folder, "roof") as roof,
    ):
        heard: list[str] = []

        async def note(message) -> None:
            heard.append(message.subject)

        await hub.nc.subscribe("examwatch.>", cb=note)
        await hub.nc.flush()
        for own in OWN:
            assert not await roof.refused(own), own
        others = (
            "examwatch.alerts.gate", "examwatch.health.gate", "examwatch.evidence.gate.abc",
            "examwatch.alerts",
            "examwatch.alerts.roof.more", "examwatch.receipts.roof", "examwatch.ask.gate", "_INBOX.gate.1",
            "$JS.API.STREAM.DELETE.alerts", "$SYS.REQ.SERVER.PING",
        )  # fmt: skip
        for other in others:
            assert await roof.refused(other), other
        # What the broker had for the hub before this answer is there; its callbacks run next.
        await hub.nc.flush()
        await asyncio.sleep(0.1)
        assert heard == list(OWN)


async def test_a_node_hears_its_own_receipts_and_not_those_of_another(broker):
    folder = broker.hub.let_in("roof")
    broker.hub.nats.refresh(broker.hub.now)
    await asyncio.sleep(0.3)
    async with (
        connected(broker, broker.hub.nats.folder, "hub", "hub") as hub,
        connected(broker, folder, "roof") as roof,
    ):
        for subject in (
            "examwatch.receipts.gate",
            "examwatch.>",
            "_INBOX.gate.>",
            "examwatch.alerts.roof",
            ">",
        ):
            roof.errors.clear()
            await roof.nc.subscribe(subject)
            await roof.nc.flush()
            await asyncio.sleep(0.05)
            assert any("permissions violation" in one for one in roof.errors), subject
        receipts = await roof.nc.subscribe("examwatch.receipts.roof")

        async def answer(message) -> None:
            for part in (b"1", b"2", b"3"):
                await message.respond(part)

        await roof.nc.subscribe("examwatch.ask.roof.>", cb=answer)
        await roof.nc.flush()
        await hub.nc.publish("examwatch.receipts.roof", b"got it")
        assert (await receipts.next_msg(2)).data == b"got it"
        # What the hub asks of its receivers is its own to hear, and that of another node is not.
        for subject in ("examwatch.listen.gate", "examwatch.stare.gate", "examwatch.listen.*"):
            roof.errors.clear()
            await roof.nc.subscribe(subject)
            await roof.nc.flush()
            await asyncio.sleep(0.05)
            assert any("permissions violation" in one for one in roof.errors), subject
        for order in ("examwatch.listen.roof", "examwatch.stare.roof"):
            await roof.nc.subscribe(order, cb=answer)
            assert await answered(hub, order) == b"1"
            assert await roof.refused(order), "nobody but a hub gives orders"
        # What the hub asks may be answered, in several pieces.
        inbox = hub.nc.new_inbox()
        pieces = await hub.nc.subscribe(inbox)
        await hub.nc.publish("examwatch.ask.roof.spectrum", b"?", reply=inbox)
        assert [(await pieces.next_msg(2)).data for _ in range(3)] == [b"1", b"2", b"3"]


async def test_jetstream_confirms_to_a_node_what_it_published(broker):
    folder = broker.hub.let_in("roof")
    broker.hub.nats.refresh(broker.hub.now)
    await asyncio.sleep(0.3)
    async with (
        connected(broker, broker.hub.nats.folder, "hub", "hub") as hub,
        connected(broker, folder, "roof") as roof,
    ):
        stream = hub.nc.jetstream()
        await stream.add_stream(name="alerts", subjects=["examwatch.alerts.*"])
        confirmed = await roof.nc.jetstream().publish(
            "examwatch.alerts.roof", b"{}", headers={"Nats-Msg-Id": "1"}
        )
        assert (confirmed.stream, confirmed.seq) == ("alerts", 1)
        consumer = await stream.pull_subscribe("examwatch.alerts.*", "desk")
        (message,) = await consumer.fetch(1, timeout=2)
        await message.ack()
        with pytest.raises(NatsError):
            await roof.nc.jetstream().delete_stream("alerts")
        assert (await stream.stream_info("alerts")).state.messages == 1


async def test_who_is_revoked_is_cut_off_and_does_not_come_back(broker):
    folder = broker.hub.let_in("roof")
    broker.hub.nats.refresh(broker.hub.now)
    await asyncio.sleep(0.3)
    async with connected(broker, folder, "roof") as roof:
        assert not await roof.refused("examwatch.alerts.roof")
        broker.hub.register.revoke("li", "roof", "stolen", broker.hub.now)
        assert broker.hub.nats.refresh(broker.hub.now)
        async with asyncio.timeout(5):
            await roof.closed.wait()
    with pytest.raises(NatsError, match=r"(?i)authorization"):
        async with connected(broker, folder, "roof"):
            pass
    # The same node, let in again: the new certificate works, the stolen one still does not.
    stolen = folder.rename(folder.with_name("stolen"))
    again = broker.hub.let_in("roof")
    broker.hub.nats.refresh(broker.hub.now)
    await asyncio.sleep(0.3)
    async with connected(broker, again, "roof") as roof:
        assert not await roof.refused("examwatch.alerts.roof")
    with pytest.raises(NatsError, match=r"(?i)authorization"):
        async with connected(broker, stolen, "roof"):
            pass


async def test_without_a_certificate_of_ours_nobody_gets_in(broker, tmp_path):
    from monitor.fleet.authority import key_pem, new_key, open_authority, pem_of

    with pytest.raises((NatsError, ssl.SSLError, OSError)):
        async with connected(broker, broker.hub.nats.folder, "x", None):
            pass
    other = open_authority(tmp_path / "other", "city", broker.hub.now)
    key = new_key()
    made = other.sign_client(key.public_key(), "hub", "", broker.hub.now, timedelta(days=9))
    folder = tmp_path / "forged"
    folder.mkdir()
    (folder / "ca.pem").write_text(broker.hub.authority.pem)
    (folder / "node.pem").write_text(pem_of(made))
    (folder / "node.key").write_bytes(key_pem(key))
    with pytest.raises((NatsError, ssl.SSLError, OSError)):
        async with connected(broker, folder, "hub"):
            pass


def test_each_holder_is_one_user_with_its_own_subjects():
    text = users_conf([Holder("ab", "roof"), Holder("cd", "hub")])
    assert text.count('"user"') == 2
    assert '"cd.hub.node"' in text
    assert "examwatch.alerts.roof" in text
    assert "gate" not in text


LEAF = Path(__file__).parents[4] / "configs" / "deploy" / "nats" / "leaf.conf"


@asynccontextmanager
async def leaf(broker, identity, port):
    """The shipped configuration of a venue's server, with the certificate of `identity`."""
    text = LEAF.read_text(encoding="utf-8").replace("/etc/examwatch/node", str(identity))
    text = text.replace("0.0.0.0:4222", f"127.0.0.1:{port}").replace("127.0.0.1:8222", "127.0.0.1:-1")
    text = text.replace("hub.example.org:7422", f"localhost:{broker.leaf_port}")
    text = text.replace("/run/examwatch-leaf.pid", str(identity / "leaf.pid"))
    (identity / "users.conf").write_text((broker.hub.nats.folder / "users.conf").read_text())
    (identity / "leaf.conf").write_text(text)
    command = ["nats-server", "-c", str(identity / "leaf.conf"), "-l", str(identity / "log")]
    running = await asyncio.create_subprocess_exec(*command)
    try:
        for _ in range(100):
            if (identity / "log").exists() and "Leafnode connection created" in (
                identity / "log"
            ).read_text():
                break
            assert running.returncode is None, (identity / "log").read_text()
            await asyncio.sleep(0.05)
        yield
    finally:
        running.terminate()
        await running.wait()


async def test_a_server_at_a_venue_passes_on_what_its_sensors_may_and_nothing_of_other_venues(broker):
    hub = broker.hub
    roof, gate, at_venue = hub.let_in("roof", "v1"), hub.let_in("gate", "v2"), hub.let_in("leaf-v1", "v1")
    assert hub.nats.refresh(hub.now)
    await asyncio.sleep(0.3)
    port = free_port()
    async with leaf(broker, at_venue, port), connected(broker, hub.nats.folder, "hub", "hub") as centre:
        await centre.nc.jetstream().add_stream(name="alerts", subjects=["examwatch.alerts.*"])
        heard: list[str] = []

        async def note(message) -> None:
            heard.append(message.subject)

        async def answer(message) -> None:
            await message.respond(b"noon")

        await centre.nc.subscribe("examwatch.health.*", cb=note)
        await centre.nc.subscribe("examwatch.ask.*", queue="hubs", cb=answer)
        await centre.nc.flush()
        here = replace(broker, url=f"tls://localhost:{port}")
        # As a sensor reaches it: under the leaf's own name.
        context = ssl.create_default_context(cafile=str(roof / "ca.pem"))
        context.load_cert_chain(roof / "node.pem", roof / "node.key")
        nc = await nats.connect(
            here.url, tls=context, tls_hostname="leaf-v1", inbox_prefix=b"_INBOX.roof", allow_reconnect=False
        )
        receipts = await nc.subscribe("examwatch.receipts.roof")

        async def spectrum(message) -> None:
            await message.respond(b"dB")

        await nc.subscribe("examwatch.ask.roof.>", cb=spectrum)
        await nc.flush()
        await asyncio.sleep(0.3)
        assert (await nc.jetstream().publish("examwatch.alerts.roof", b"{}", timeout=3)).seq == 1
        assert (await nc.request("examwatch.ask.roof", b"?", timeout=3)).data == b"noon"
        await centre.nc.publish("examwatch.receipts.roof", b"got it")
        assert (await receipts.next_msg(3)).data == b"got it"
        assert (await centre.nc.request("examwatch.ask.roof.now", b"?", timeout=3)).data == b"dB"
        await nc.publish("examwatch.health.roof", b"")
        await nc.close()
        # A sensor of another venue is known here, but what it says goes no further.
        context = ssl.create_default_context(cafile=str(gate / "ca.pem"))
        context.load_cert_chain(gate / "node.pem", gate / "node.key")
        nc = await nats.connect(
            here.url, tls=context, tls_hostname="leaf-v1", inbox_prefix=b"_INBOX.gate", allow_reconnect=False
        )
        await nc.publish("examwatch.health.gate", b"")
        await nc.flush()
        await asyncio.sleep(0.3)
        await nc.close()
        assert heard == ["examwatch.health.roof"]
