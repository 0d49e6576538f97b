"""From an invitation to a certificate, over HTTP, with everything that can be wrong with it."""

from __future__ import annotations

import json
import stat
from dataclasses import dataclass
from datetime import timedelta

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.clock import FakeClock
from monitor.faults import InputError, WorldError
from monitor.fleet import client as node_client
from monitor.fleet import identity
from monitor.fleet.authority import new_key, open_authority, signing_request
from monitor.fleet.code import ALPHABET, Code, new_code, parse
from monitor.fleet.enrol import EnrolDesk, Terms
from monitor.fleet.exchange import AnswerError, EnrolView, Granted, ask, believe, sealed
from monitor.fleet.register import FleetError, FleetRegister, Invite
from monitor.people.throttle import FREE_ATTEMPTS
from monitor.server.app import make_server_app
from monitor.server.services import ServerServices
from monitor.store.book import StoreBook
from tests.unit.monitor.server.conftest import World

TERMS = Terms(("tls://hub:4222",), "RELEASE KEY")


@settings(deadline=None)
@given(st.binary(min_size=13, max_size=13), st.binary(min_size=12, max_size=12))
def test_a_code_reads_back_as_people_type_it(secret, pin):
    code = Code(secret, pin)
    text = str(code)
    assert len(text) == 40 + 7
    assert set(text) <= {*ALPHABET, "-"}
    assert parse(text) == parse(text.lower()) == parse(text.replace("-", " ")) == code
    assert parse(text.replace("0", "O").replace("1", "l")) == code


@pytest.mark.parametrize("text", ["", "ABC", "U" * 40, "A" * 39, "A" * 41, "é" * 40])
def test_what_is_no_code_is_told(text):
    with pytest.raises(ValueError, match="not a code"):
        parse(text)


@dataclass
class Open:
    hub: object
    clock: FakeClock
    book: StoreBook
    client: TestClient
    url: str

    def invite(self, node="roof", hours=1.0):
        code = new_code(self.hub.authority.der)
        now = self.clock.now()
        self.hub.register.invite("li", code, Invite(node, "v1", "li", now, now + timedelta(hours=hours)))
        return code

    async def send(self, body):
        async with self.client.post("/api/enrol", json=msgspec.to_builtins(body)) as answer:
            return answer.status, await answer.json()


@pytest.fixture
async def open_hub(hub, tmp_path):
    clock = FakeClock(hub.now)
    book = StoreBook(hub.store, clock)
    desk = EnrolDesk(hub.register, book, hub.authority, hub.nats, TERMS, clock)
    world = World(tmp_path)
    services = ServerServices(world.book, world.open_evidence, world.health, clock.now, enrol=desk)
    async with TestClient(TestServer(make_server_app(services, world.settings()))) as client:
        yield Open(hub, clock, book, client, str(client.make_url("/")))


async def test_a_machine_is_let_in_and_gets_all_it_needs_and_its_key_stays(open_hub, tmp_path):
    code, out = open_hub.invite(), tmp_path / "node"
    key = identity.begin(out)
    granted = await node_client.enrol(open_hub.url, code, key)
    files = identity.keep(out, open_hub.url, granted)
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert stat.S_IMODE(out.stat().st_mode) == 0o700
    made = x509.load_pem_x509_certificate((out / "node.pem").read_bytes())
    assert made.subject.rfc4514_string() == "CN=roof,OU=v1,O=examwatch"
    usage = made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    who = identity.load(out)
    assert (who.told.node, who.told.venue, who.told.servers) == ("roof", "v1", ["tls://hub:4222"])
    link = (out / "link.yml").read_text()
    for name in ("ca.pem", "node.pem", "node.key"):
        assert str(out / name) in link
    secret = (out / "node.key").read_bytes()
    database = b"".join(path.read_bytes() for path in tmp_path.glob("s.db*"))
    assert secret.splitlines()[1] not in database
    assert str(code).encode() not in database
    assert code.secret not in database
    assert open_hub.hub.actions() == ["node.invited", "node.enrolled"]
    (row,) = open_hub.hub.register.roll.list(open_hub.clock.now())
    assert (row.node, row.state, row.invited_by) == ("roof", "enrolled", "li")
    open_hub.hub.store.verify()


async def test_a_lost_answer_is_given_again_to_the_same_key_and_to_no_other(open_hub):
    code, key = open_hub.invite(), new_key()
    body = ask(code, signing_request(key))
    first, again = await open_hub.send(body), await open_hub.send(body)
    assert first[0] == again[0] == 200
    assert json.loads(first[1]["told"])["certificate"] == json.loads(again[1]["told"])["certificate"]
    status, problem = await open_hub.send(ask(code, signing_request(new_key())))
    assert (status, problem["code"]) == (403, "code-refused")
    assert open_hub.hub.actions() == ["node.invited", "node.enrolled", "node.enrol-refused"]


async def test_an_old_code_and_one_that_was_never_made_let_nobody_in(open_hub):
    code = open_hub.invite(hours=1)
    await open_hub.clock.advance(3601)
    assert (await open_hub.send(ask(code, signing_request(new_key()))))[0] == 403
    other = new_code(open_hub.hub.authority.der)
    assert (await open_hub.send(ask(other, signing_request(new_key()))))[0] == 403
    assert open_hub.hub.register.roll.list(open_hub.clock.now()) == []


async def test_a_second_invitation_ends_the_first(open_hub):
    lost, code = open_hub.invite(), open_hub.invite()
    assert (await open_hub.send(ask(lost, signing_request(new_key()))))[0] == 403
    assert (await open_hub.send(ask(code, signing_request(new_key()))))[0] == 200


async def test_what_another_signed_or_changed_on_its_way_is_refused(open_hub):
    code = open_hub.invite()
    body = ask(code, signing_request(new_key()))
    mine = signing_request(new_key())
    forged = [
        msgspec.structs.replace(body, csr=mine),
        msgspec.structs.replace(ask(new_code(b"x"), mine), key=body.key),
        msgspec.structs.replace(body, key="zz"),
        msgspec.structs.replace(body, signature="%"),
    ]
    for one in forged:
        assert (await open_hub.send(one))[0] == 400
    # A listener has the whole request, and can let nothing in by it but the machine that made it.
    await open_hub.clock.advance(3000)
    assert (await open_hub.send(body))[0] == 200


async def test_strangers_have_to_wait(open_hub):
    statuses = [
        (await open_hub.send(ask(new_code(b"x"), signing_request(new_key()))))[0]
        for _ in range(FREE_ATTEMPTS + 2)
    ]
    assert statuses == [403] * FREE_ATTEMPTS + [429] * 2
    code = open_hub.invite()
    assert (await open_hub.send(ask(code, signing_request(new_key()))))[0] == 429
    await open_hub.clock.advance(60)
    assert (await open_hub.send(ask(code, signing_request(new_key()))))[0] == 200
    assert open_hub.hub.actions().count("node.enrol-refused") == FREE_ATTEMPTS


async def test_a_node_let_in_again_ends_its_older_certificate_and_a_revoked_code_is_dead(open_hub):
    key = new_key()
    first = open_hub.invite()
    await open_hub.send(ask(first, signing_request(key)))
    await open_hub.send(ask(open_hub.invite(), signing_request(new_key())))
    holders = open_hub.hub.register.holders(open_hub.clock.now())
    assert [one.node for one in holders] == ["roof"]
    assert (await open_hub.send(ask(first, signing_request(key))))[0] == 403
    open_hub.hub.register.revoke("li", "roof", "stolen", open_hub.clock.now())
    assert open_hub.hub.register.holders(open_hub.clock.now()) == []
    (row,) = open_hub.hub.register.roll.list(open_hub.clock.now())
    assert (row.state, row.reason) == ("revoked", "stolen")
    assert open_hub.hub.actions()[-3:] == ["node.enrolled", "node.enrol-refused", "node.revoked"]
    with pytest.raises(FleetError, match="no node 'roof'"):
        open_hub.hub.register.revoke("li", "roof", "", open_hub.clock.now())


async def test_a_hub_without_nodes_says_so(client):
    async with client.post("/api/enrol", json={"key": "", "csr": "", "signature": ""}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (409, "no-fleet")


def test_a_sensor_believes_only_the_hub_of_its_code(hub, tmp_path):
    code, key = new_code(hub.authority.der), new_key()

    def answer(authority, for_key=key) -> EnrolView:
        made = authority.sign_client(for_key.public_key(), "roof", "v1", hub.now, timedelta(days=9))
        from monitor.fleet.authority import pem_of

        granted = Granted(node="roof", venue="v1", certificate=pem_of(made), authority=authority.pem,
                          servers=["tls://hub:1"], release_key="k")  # fmt: skip
        return sealed(granted, authority)

    good = answer(hub.authority)
    assert believe(good, code, key).node == "roof"
    with pytest.raises(AnswerError, match="another hub"):
        believe(answer(open_authority(tmp_path / "other", "city", hub.now)), code, key)
    with pytest.raises(AnswerError, match="changed on its way"):
        believe(msgspec.structs.replace(good, told=good.told.replace("hub:1", "evil:1")), code, key)
    with pytest.raises(AnswerError, match="another key"):
        believe(answer(hub.authority, new_key()), code, key)
    # A newer hub tells more: it is passed over, and does not break the signature.
    told = json.loads(good.told) | {"time_servers": ["ntp"]}
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    from monitor.fleet.exchange import PURPOSE

    text = json.dumps(told)
    signature = hub.authority.key.sign(PURPOSE + text.encode(), ec.ECDSA(hashes.SHA256()))
    import base64

    assert (
        believe(EnrolView(told=text, signature=base64.b64encode(signature).decode()), code, key).node
        == "roof"
    )


async def test_no_hub_and_no_answer_are_one_line():
    code = new_code(b"x")
    with pytest.raises(WorldError, match=r"http://127\.0\.0\.1:1/api/enrol: "):
        await node_client.enrol("http://127.0.0.1:1", code, new_key())


@pytest.mark.parametrize("node", ["hub", "", "a.b", "a b", "a>", "*", "x" * 33, "../x"])
def test_a_name_that_is_no_word_of_a_subject_is_refused(hub, node):
    with pytest.raises(FleetError, match="no name of a node"):
        hub.register.invite("li", new_code(hub.authority.der), Invite(node, "v", "li", hub.now, hub.now))


def test_the_authority_is_kept_and_a_foreign_file_in_its_place_is_told(hub, tmp_path):
    again = open_authority(tmp_path / "authority", "city", hub.now)
    assert again.der == hub.authority.der
    assert stat.S_IMODE((tmp_path / "authority" / "ca.key").stat().st_mode) == 0o600
    (tmp_path / "authority" / "ca.pem").write_text(open_authority(tmp_path / "b", "x", hub.now).pem)
    with pytest.raises(WorldError, match=r"ca\.pem: is not of the key"):
        open_authority(tmp_path / "authority", "city", hub.now)


def test_a_folder_is_one_nodes_and_a_failed_attempt_keeps_its_key(tmp_path):
    first = identity.begin(tmp_path / "n")
    assert identity.begin(tmp_path / "n").private_numbers() == first.private_numbers()
    (tmp_path / "n" / "node.json").write_text("{}")
    with pytest.raises(InputError, match="a node already"):
        identity.begin(tmp_path / "n")
    with pytest.raises(InputError, match="no node is enrolled here"):
        identity.load(tmp_path / "nowhere")


def test_a_nodes_own_ed25519_key_is_taken_too(hub):
    from cryptography.hazmat.primitives.serialization import Encoding

    from monitor.fleet.authority import RequestError, requested_key

    key = Ed25519PrivateKey.generate()
    name = x509.Name([])
    pem = (
        x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, None).public_bytes(Encoding.PEM)
    )
    made = hub.authority.sign_client(requested_key(pem.decode()), "n", "v", hub.now, timedelta(days=1))
    assert made.public_key() == key.public_key()
    with pytest.raises(RequestError, match="not a signing request"):
        requested_key("nonsense")


def test_the_register_holds_on_postgresql_and_sqlite_alike(store, tmp_path):
    from monitor.fleet.authority import requested_key

    now = store_now()
    register, authority = FleetRegister(store), open_authority(tmp_path / "a", "x", now)
    code = new_code(authority.der)
    register.invite("li", code, Invite("roof", "v1", "li", now, now + timedelta(hours=1)))
    key = requested_key(signing_request(new_key()))
    enrolled = register.enrol(code.digest, key, authority, timedelta(days=400), "::1", now)
    register.roll.save_seen(
        {"roof": (now, {"software": "1", "release": 3, "health": "ok", "cloned_at": None})}
    )
    (row,) = register.roll.list(now)
    assert (row.state, row.serial, row.release, row.last_seen) == ("enrolled", enrolled.serial, 3, now)
    assert register.roll.list(now + timedelta(days=401))[0].state == "expired"
    assert register.holders(now + timedelta(days=401)) == []
    store.verify()


def store_now():
    from datetime import UTC, datetime

    return datetime(2026, 6, 7, 4, tzinfo=UTC)
