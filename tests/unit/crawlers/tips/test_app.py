"""The form and the hotline's entry over real HTTP, and the documents that come of them."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from crawlers.clock import SystemClock
from crawlers.tips.app import COUNTS, TipLimits, tips_app
from crawlers.tips.box import TipBox
from crawlers.tips.form import MAX_FILE_BYTES
from crawlers.tips.tip import Tip

CUT = b"--b\r\nContent-Disposition: form-data; name=text\r\n\r\nx"
MANY = TipLimits(burst=1000, burst_all=1000)


@pytest.fixture
async def serve(tmp_path):
    """A client of the form over a box in ``tmp_path/box``; keyword arguments go to `tips_app`."""
    clients: list[TestClient] = []

    async def serve(sink: Any = None, **options: Any) -> TestClient:
        app = tips_app(sink or TipBox(tmp_path / "box"), SystemClock(), **{"limits": MANY, **options})
        clients.append(TestClient(TestServer(app)))
        await clients[-1].start_server()
        return clients[-1]

    yield serve
    for client in clients:
        await client.close()


def form(*files: tuple[str, bytes], **fields: str) -> aiohttp.FormData:
    data = aiohttp.FormData(default_to_multipart=True)
    for name, value in fields.items():
        data.add_field(name, value)
    for name, content in files:
        data.add_field("files", content, filename=name)
    return data


def counts(client: TestClient) -> dict[str, int]:
    return dict(client.app[COUNTS])


async def test_a_tip_that_was_sent_becomes_one_document_with_its_files(serve, tmp_path, bench):
    client = await serve()
    answers = "第一题选A".encode("gb18030")
    sent = form(("C:\\照片\\答案.txt", answers), text="群里卖答案\n明早九点发", place="三中")
    answer = await client.post("/", data=sent)
    assert answer.status == 200
    source = {"kind": "tips", "id": "tips", "path": str(tmp_path / "box")}
    report = await bench.poll(source, times=2)
    assert report.error is None
    assert bench.titles == ["群里卖答案"]
    document = bench.delivered[0]
    assert document.text == "群里卖答案\n明早九点发\n地点 Place: 三中"
    assert document.url.removeprefix("tip:") in await answer.text()
    assert [(part.url, part.text) for part in document.attachments] == [(document.url + "/1", "第一题选A")]


async def test_a_file_that_cannot_be_read_is_told_and_still_named_with_its_digest(serve, tmp_path, bench):
    client = await serve()
    await client.post("/", data=form(("x.pdf", b"%PDF-1.4 broken"), text="看附件"))
    report = await bench.poll({"kind": "tips", "id": "tips", "path": str(tmp_path / "box")})
    assert [part.media_type for part in bench.delivered[0].attachments] == ["application/pdf"]
    assert len(report.faults) == 1


async def test_a_tip_not_taken_over_is_offered_again_under_the_same_id(serve, tmp_path, bench):
    client = await serve()
    await client.post("/", data=form(text="线索"))
    source = {"kind": "tips", "id": "tips", "path": str(tmp_path / "box")}
    bench.fail_at = 0
    with pytest.raises(ConnectionAbortedError):
        await bench.poll(source)
    await bench.poll(source)
    await bench.poll(source)
    assert bench.titles == ["线索"]


async def test_nothing_of_the_sender_is_kept(serve, tmp_path):
    client = await serve()
    headers = {"User-Agent": "Betrayer/9", "Cookie": "id=betrayed-by-this", "X-Forwarded-For": "198.51.100.7"}
    answer = await client.post("/", data=form(text="线索"), headers=headers)
    kept = b"".join(path.read_bytes() for path in (tmp_path / "box").rglob("*") if path.is_file())
    for trace in (b"Betrayer", b"betrayed-by-this", b"198.51.100", b"127.0.0.1"):
        assert trace not in kept
    assert "Set-Cookie" not in answer.headers


async def test_the_form_has_no_script_nothing_foreign_and_both_languages(serve):
    answer = await (await serve()).get("/")
    page = await answer.text()
    assert "<script" not in page
    assert "http" not in page
    assert "内容" in page
    assert "What you saw" in page
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


async def test_whoever_fills_the_trap_is_thanked_and_nothing_is_kept(serve, tmp_path):
    client = await serve()
    answer = await client.post("/", data=form(text="buy now", website="http://spam.example"))
    assert answer.status == 200
    assert "收到" in await answer.text()
    assert not (tmp_path / "box").exists()
    assert counts(client) == {"trap": 1}


async def test_too_many_from_one_sender_wait_while_others_may_send(serve):
    client = await serve(limits=TipLimits(burst=2, n_proxies=1))

    async def send(address: str) -> int:
        answer = await client.post("/", data=form(text="线索"), headers={"X-Forwarded-For": address})
        assert answer.status != 429 or int(answer.headers["Retry-After"]) > 60
        return answer.status

    # The sender may write what it likes to the left; our proxy adds the last one.
    assert [await send(f"10.0.0.{n}, 198.51.100.7") for n in range(3)] == [200, 200, 429]
    assert await send("198.51.100.8") == 200
    assert counts(client)["too_often"] == 1


@pytest.mark.parametrize(
    ("sent", "status", "reason"),
    [
        (form(text="  "), 400, "empty"),
        (form(("big.jpg", b"x" * (MAX_FILE_BYTES + 1)), text="t"), 413, "too_large"),
        (form(*[(f"{n}.jpg", b"x") for n in range(5)], text="t"), 413, "too_large"),
        (form(**{f"f{n}": "x" for n in range(40)}), 413, "too_large"),
        (form(text="x" * 50_000), 413, "too_large"),
        ("text=no+multipart", 400, "form"),
    ],
    ids=["empty", "big-file", "many-files", "many-fields", "long-text", "urlencoded"],
)
async def test_what_exceeds_a_cap_or_is_no_form_is_refused_in_words_and_counted(
    serve, tmp_path, sent, status, reason
):
    client = await serve()
    answer = await client.post("/", data=sent)
    assert answer.status == status
    assert 'role="status"' in await answer.text()
    assert counts(client) == {reason: 1}
    assert not (tmp_path / "box").exists()


@pytest.mark.parametrize(
    "body",
    [b"", b"--b", b"garbage", b"--b\r\n\r\n", CUT],
)
async def test_a_broken_form_is_refused_and_the_next_is_taken(serve, body):
    client = await serve()
    answer = await client.post("/", data=body, headers={"Content-Type": "multipart/form-data; boundary=b"})
    assert answer.status == 400
    assert (await client.post("/", data=form(text="线索"))).status == 200


async def test_a_full_box_is_told_and_counted(serve, tmp_path):
    client = await serve(TipBox(tmp_path / "box", max_bytes=10))
    answer = await client.post("/", data=form(text="a" * 11))
    assert answer.status == 503
    assert counts(client) == {"full": 1}


async def test_hotline_lines_are_kept_each_for_itself(serve, tmp_path, bench):
    client = await serve(hotline_token="k" * 20)
    lines = [
        json.dumps({"text": "来电：考场外有可疑车辆", "place": "二中"}),
        "{bad",
        json.dumps({"place": "x"}),
        "",
    ]
    body = "\n".join([*lines, json.dumps({"text": "\ud800 半个字"})])
    answer = await client.post("/hotline", data=body, headers={"Authorization": "Bearer " + "k" * 20})
    told = (await answer.json())["tips"]
    assert answer.status == 422
    assert [(line["line"], "id" in line) for line in told] == [(1, True), (2, False), (3, False), (5, True)]
    await bench.poll({"kind": "tips", "id": "tips", "path": str(tmp_path / "box")})
    assert sorted(bench.titles) == sorted(["来电：考场外有可疑车辆", "? 半个字"])


async def test_the_hotline_is_shut_without_its_token(serve, tmp_path):
    client = await serve(hotline_token="right")
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}):
        assert (await client.post("/hotline", data='{"text": "x"}', headers=headers)).status == 401
    assert not (tmp_path / "box").exists()
    assert (await (await serve()).post("/hotline", data='{"text": "x"}')).status in (404, 405)


async def test_the_form_works_mounted_in_another_application(tmp_path):
    kept: list[Tip] = []

    class List:
        async def keep(self, tip: Tip) -> None:
            kept.append(tip)

    app = web.Application()
    app.add_subapp("/tips", tips_app(List(), SystemClock(), limits=MANY))
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/tips")).status == 200
        assert (await client.post("/tips", data=form(text="线索"))).status == 200
    assert [tip.text for tip in kept] == ["线索"]
