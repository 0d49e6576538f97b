"""Senders against a server that answers as each provider documents: its own code decides, not HTTP 200."""

from __future__ import annotations

import asyncio
import base64
import email
import email.header
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from monitor.config.notify import Receiver
from monitor.notify.ledger import Notice
from monitor.notify.message import REPEATED
from monitor.notify.senders import PER_MINUTE, TEXT_BYTES, Sender, SendError

NOW = datetime(2026, 6, 7, 2, 0, tzinfo=UTC)
BODY = {
    "version": 1,
    "title": "一中 · 新告警 · 1 条",
    "text": "一中 · 新告警 · 1 条\n[I] 试题",
    "firing": [],
    "resolved": [],
}
NOTICE = Notice("ab12", "g", "r", "first", BODY, "sending", 0, False, NOW, NOW, None, None)


class Provider:
    """One address that answers what the test says."""

    def __init__(self) -> None:
        self.answer: tuple[int, str, dict[str, str]] = (200, "{}", {})
        self.asked: list[tuple[str, dict[str, str], bytes]] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.asked.append((str(request.rel_url), dict(request.headers), await request.read()))
        status, text, headers = self.answer
        return web.Response(status=status, text=text, headers=headers)

    @property
    def said(self):
        return json.loads(self.asked[-1][2])


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    made = Provider()
    app = web.Application()
    app.router.add_post("/{path:.*}", made.handle)
    async with TestServer(app) as server:
        made.url = str(server.make_url("/robot/send?key=SECRET"))  # type: ignore[attr-defined]
        yield made


@pytest.fixture
async def send(provider, tmp_path):
    async with aiohttp.ClientSession() as client:

        async def send(kind: str, *, secret: str | None = None, url: str | None = None, **changes):
            (tmp_path / "url").write_text(url or provider.url)
            (tmp_path / "key").write_text(secret or "")
            fields = {"id": "r", "kind": kind, "url_file": tmp_path / "url"}
            if secret is not None:
                fields["secret_file"] = tmp_path / "key"
            sender = Sender(Receiver.model_validate(fields), client, "zh")
            notice = Notice(**{name: getattr(NOTICE, name) for name in Notice.__slots__} | changes)
            await sender.send(notice, NOW)

        yield send


OK = {
    "wecom": '{"errcode":0,"errmsg":"ok"}',
    "dingtalk": '{"errcode":0,"errmsg":"ok"}',
    "feishu": '{"code":0,"msg":"success","data":{}}',
}


@pytest.mark.parametrize("kind", list(OK))
async def test_a_robot_that_says_0_has_taken_it_and_got_the_words(provider, send, kind):
    provider.answer = (200, OK[kind], {})
    await send(kind)
    said = provider.said
    text = said["content"]["text"] if kind == "feishu" else said["text"]["content"]
    assert text == BODY["text"]
    assert (said["msg_type"] if kind == "feishu" else said["msgtype"]) == "text"


@pytest.mark.parametrize(
    ("kind", "status", "answer", "told", "wait_s"),
    [
        (
            "wecom",
            200,
            '{"errcode":93000,"errmsg":"invalid webhook url"}',
            "code 93000 invalid webhook url",
            None,
        ),
        ("wecom", 200, '{"errcode":45009,"errmsg":"api freq out of limit"}', "code 45009", 60.0),
        ("dingtalk", 200, '{"errcode":310000,"errmsg":"sign not match"}', "code 310000 sign not match", None),
        ("dingtalk", 200, '{"errcode":130101,"errmsg":"send too fast"}', "code 130101", 60.0),
        ("feishu", 200, '{"code":19021,"msg":"sign match fail"}', "code 19021 sign match fail", None),
        ("feishu", 200, '{"code":9499,"msg":"too many request"}', "code 9499", 60.0),
        ("feishu", 200, '{"code":11232,"msg":"frequency limited"}', "code 11232", 60.0),
        ("wecom", 200, "<html>gateway</html>", "not the one that wecom gives", None),
        ("feishu", 200, '{"StatusCode":0}', "not the one that feishu gives", None),
        ("wecom", 502, OK["wecom"], "status 502", None),
        ("webhook", 429, "", "status 429", 7.0),
        ("webhook", 302, "", "status 302", None),
    ],
)
async def test_whatever_else_is_no_success_and_says_why(provider, send, kind, status, answer, told, wait_s):
    headers = {"Retry-After": "7"} if status == 429 else {"Location": "/x"} if status == 302 else {}
    provider.answer = (status, answer, headers)
    with pytest.raises(SendError) as refused:
        await send(kind, secret="s" if kind == "webhook" else None)
    assert told in str(refused.value)
    assert "SECRET" not in str(refused.value)
    assert refused.value.wait_s == wait_s


async def test_an_address_that_cannot_be_reached_is_told_without_the_address(send):
    with pytest.raises(SendError) as refused:
        await send("wecom", url="http://127.0.0.1:9/robot?key=SECRET")
    assert str(refused.value).startswith("r: ")
    assert "SECRET" not in str(refused.value)


async def test_a_webhook_is_signed_over_its_time_and_body(provider, send):
    await send("webhook", secret="hook-secret", maybe_repeated=True)
    _, headers, body = provider.asked[-1]
    signed = f"{headers['X-Examwatch-Timestamp']}.".encode() + body
    expected = hmac.new(b"hook-secret", signed, hashlib.sha256).hexdigest()
    assert headers["X-Examwatch-Signature"] == f"sha256={expected}"
    assert headers["X-Examwatch-Notice"] == "ab12"
    assert (provider.said["id"], provider.said["possibly_repeated"]) == ("ab12", True)
    assert provider.said["text"] == BODY["text"]


async def test_dingtalk_and_feishu_get_the_signatures_that_they_document(provider, send):
    provider.answer = (200, OK["dingtalk"], {})
    await send("dingtalk", secret="SEC1")
    from urllib.parse import parse_qs, urlsplit

    query = parse_qs(urlsplit(provider.asked[-1][0]).query)
    millis = query["timestamp"][0]
    expected = base64.b64encode(
        hmac.new(b"SEC1", f"{millis}\nSEC1".encode(), hashlib.sha256).digest()
    ).decode()
    assert query["sign"] == [expected]
    assert query["key"] == ["SECRET"]
    provider.answer = (200, OK["feishu"], {})
    await send("feishu", secret="SEC2")
    stamp = provider.said["timestamp"]
    expected = base64.b64encode(hmac.new(f"{stamp}\nSEC2".encode(), b"", hashlib.sha256).digest()).decode()
    assert provider.said["sign"] == expected


async def test_a_message_that_may_be_a_repeat_says_so_and_a_long_one_is_cut_between_characters(
    provider, send
):
    provider.answer = (200, OK["wecom"], {})
    await send("wecom", maybe_repeated=True)
    assert provider.said["text"]["content"].endswith(REPEATED["zh"])
    await send("wecom", body={**BODY, "text": "告" * 3000})
    content = provider.said["text"]["content"]
    assert set(content) == {"告"}
    assert TEXT_BYTES - 3 < len(content.encode()) <= TEXT_BYTES


@pytest.mark.parametrize("kind", ["wecom", "dingtalk"])
async def test_a_robot_gets_no_more_than_twenty_a_minute(kind):
    sender = Sender(Receiver.model_validate({"id": "r", "kind": kind, "url": "http://x.test/"}), None, "zh")  # type: ignore[arg-type]
    for n in range(PER_MINUTE[kind]):
        at = NOW + timedelta(seconds=n)
        assert sender.free_at(at) == at
        sender._sent.append(at)
    assert sender.free_at(NOW + timedelta(seconds=30)) == NOW + timedelta(minutes=1)
    assert sender.free_at(NOW + timedelta(seconds=61)) == NOW + timedelta(seconds=61)


class MailServer:
    """Speaks as much SMTP as a client needs; refuses all recipients where `full`."""

    def __init__(self) -> None:
        self.mails: list[str] = []
        self.full = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        while line := (await reader.readline()).decode().strip():
            verb = line.split()[0].upper()
            if verb == "DATA":
                writer.write(b"354 go on\r\n")
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
            if verb == "RCPT" and self.full:
                writer.write(b"552 mailbox full\r\n")
            else:
                writer.write(b"221 bye\r\n" if verb == "QUIT" else b"250 ok\r\n")
        writer.close()


async def test_mail_goes_by_apprise_and_a_refused_one_is_a_failure(send):
    mail = MailServer()
    server = await asyncio.start_server(mail, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    url = f"mailto://127.0.0.1:{port}/duty@mail.test?from=examwatch@mail.test"
    await send("apprise", url=url)
    (sent,) = mail.mails
    subject = email.header.make_header(email.header.decode_header(email.message_from_string(sent)["Subject"]))
    assert str(subject) == BODY["title"]
    mail.full = True
    with pytest.raises(SendError, match="r: the service did not take it"):
        await send("apprise", url=url)
    server.close()


async def test_an_sms_gateway_behind_apprise_that_answers_500_has_not_taken_it(provider, send):
    url = provider.url.replace("http://", "json://")
    await send("apprise", url=url)
    assert BODY["title"] in provider.said["title"]
    provider.answer = (500, "", {})
    with pytest.raises(SendError):
        await send("apprise", url=url)
    with pytest.raises(SendError, match="apprise knows no such address"):
        await send("apprise", url="carrierpigeon://roof")


@pytest.mark.parametrize("kind", list(OK))
async def test_no_post_calls_everybody_of_the_group(provider, send, kind):
    provider.answer = (200, OK[kind], {})
    words = '<at user_id="all">所有人</at> < AT x> <@all> 1<2 <b>'
    await send(kind, body={**BODY, "text": words})
    said = provider.said
    if kind == "dingtalk":  # which calls whom its own field "at" names, whatever the text says
        assert (said["text"]["content"], "at" in said) == (words, False)
        return
    text = said["content"]["text"] if kind == "feishu" else said["text"]["content"]
    assert text == '＜at user_id="all">所有人＜/at> ＜ AT x> ＜@all> 1<2 <b>'
