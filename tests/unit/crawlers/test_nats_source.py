"""Documents from a subject of NATS, with a real broker."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess

import nats
import pytest

from crawlers.config import parse_sources
from crawlers.wire import to_record
from tests.unit.crawlers.test_jsonl import OURS, SCRAPY, STORM


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    program = shutil.which("nats-server")
    if program is None:
        pytest.skip("Debian's nats-server is not installed")
    folder = tmp_path_factory.mktemp("nats")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [program, "-js", "-sd", folder, "-a", "127.0.0.1", "-p", str(port), "--auth", "s3cret"],
        stderr=subprocess.DEVNULL,
    )
    (folder / "token").write_text("s3cret\n")
    try:
        yield f"nats://127.0.0.1:{port}", folder / "token"
    finally:
        server.terminate()
        server.wait()


async def connected(url: str):
    for _ in range(100):
        try:
            return await nats.connect(url, token="s3cret", allow_reconnect=False)
        except (OSError, nats.errors.Error):
            await asyncio.sleep(0.05)
    raise AssertionError("nats-server does not come up")


def subject(broker, name: str, **more: object) -> dict[str, object]:
    url, token = broker
    return {
        "kind": "nats",
        "id": name,
        "servers": [url],
        "subject": f"{name}.>",
        "token_file": str(token),
        **more,
    }


@pytest.mark.tools
async def test_messages_become_documents_once_and_are_acknowledged(bench, broker):
    client = await connected(broker[0])
    try:
        stream = client.jetstream()
        await stream.add_stream(name="pages", subjects=["pages.>"])
        for entry in (STORM, to_record(OURS), {"no": "text"}, SCRAPY):
            await stream.publish("pages.board", json.dumps(entry).encode())
        bench.fail_at = 3
        report = await bench.poll(subject(broker, "pages"))
        assert bench.titles == ["风暴", "标题", "爬虫"]
        assert bench.delivered[1].attachments == OURS.attachments
        assert [str(fault).partition(": ")[0] for fault in report.faults] == ["nats:pages.board#3"]
        state = await stream.consumer_info("pages", "examwatch-pages")
        assert (state.num_ack_pending, state.num_pending) == (0, 0)
        await stream.publish("pages.board", json.dumps(STORM).encode())
        assert (await bench.poll(subject(broker, "pages"))).n_new == 0
    finally:
        await client.close()


@pytest.mark.tools
async def test_a_message_whose_document_was_not_taken_comes_again(bench, broker):
    client = await connected(broker[0])
    try:
        stream = client.jetstream()
        await stream.add_stream(name="again", subjects=["again.>"])
        for n in range(3):
            await stream.publish("again.x", json.dumps({"id": str(n), "text": f"文 {n}"}).encode())
        bench.fail_at = 1
        with pytest.raises(ConnectionAbortedError):
            await bench.poll(subject(broker, "again"))
        state = await stream.consumer_info("again", "examwatch-again")
        assert state.num_ack_pending == 2
    finally:
        await client.close()


@pytest.mark.tools
async def test_a_broker_away_a_wrong_token_and_a_subject_nobody_keeps_are_told(bench, broker, tmp_path):
    client = await connected(broker[0])
    await client.close()
    away = await bench.poll(subject(("nats://127.0.0.1:9", broker[1]), "away"))
    assert (away.error.kind, away.error.where) == ("connect", "nats://127.0.0.1:9")
    (tmp_path / "wrong").write_text("wrong")
    wrong = await bench.poll(subject((broker[0], tmp_path / "wrong"), "wrong"))
    assert "uthorization" in str(wrong.error)
    nobody = await bench.poll(subject(broker, "nobody"))
    assert "no stream keeps this subject" in str(nobody.error)


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"servers": []}, "at least 1"),
        ({"servers": ["http://h"]}, "nats://host:port"),
        ({"servers": ["nats://user:secret@h"]}, "secrets in files"),
        ({"servers": ["nats://h"], "fields": {"text": "a["}}, "JMESPath"),
    ],
)
def test_a_wrong_subject_is_a_fault_of_the_configuration(more, says):
    _, faults = parse_sources([{"kind": "nats", "id": "n", "subject": "s", **more}])
    assert len(faults) == 1
    assert says in faults[0].message
