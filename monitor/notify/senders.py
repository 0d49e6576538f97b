"""How each kind of receiver is reached, and what its own answer means.

An HTTP 200 is no success: WeCom, DingTalk and Feishu answer 200 and say in a code whether they took
the message. Documented at developer.work.weixin.qq.com (robots), open.dingtalk.com (custom robots)
and open.feishu.cn (custom bots).

    webhook   X-Examwatch-Signature: sha256=HMAC-SHA256(secret, timestamp + "." + body)
    wecom     errcode 0; 45009 too often                                  20 a minute a robot
    dingtalk  errcode 0; 130101 too often; sign=HMAC-SHA256(secret, ...)  20 a minute a robot
    feishu    code 0; 9499, 11232 too often; sign in the body             100 a minute
    apprise   mail, SMS gateways and all else that apprise knows          20 a minute
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote_plus

import aiohttp

from monitor.config.notify import Receiver, ReceiverKind
from monitor.notify.ledger import Notice
from monitor.notify.message import Language, text_of

TIMEOUT_S: Final = 10.0
APPRISE_S: Final = 45.0
"""Mail servers greet slowly to keep off spam."""
MAX_ANSWER: Final = 64 * 1024
TOO_OFTEN_S: Final = 60.0
TEXT_BYTES: Final = 2048
"""WeCom takes no more, and nobody reads more on a telephone."""
PER_MINUTE: Final[Mapping[ReceiverKind, int]] = {
    "webhook": 600,
    "wecom": 20,
    "dingtalk": 20,
    "feishu": 100,
    "apprise": 20,
}
_TOO_OFTEN: Final[Mapping[ReceiverKind, frozenset[int]]] = {
    "webhook": frozenset(),
    "wecom": frozenset({45009}),
    "dingtalk": frozenset({130101, 130102, 410100}),
    "feishu": frozenset({9499, 11232}),
    "apprise": frozenset(),
}


_MENTION: Final = re.compile(r"<(?=\s*/?\s*at\b|@)", re.IGNORECASE)
"""Feishu's and WeCom's."""


class SendError(Exception):
    """It was not taken; the message is one line and holds no address or secret."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s
        """What the receiver asks to wait before the next attempt."""


@dataclass(frozen=True, slots=True)
class _Request:
    url: str
    body: bytes
    headers: Mapping[str, str]


@dataclass(slots=True)
class Sender:
    """Sends to one receiver, no faster than it takes."""

    receiver: Receiver
    client: aiohttp.ClientSession
    language: Language
    _sent: deque[datetime] = field(default_factory=deque[datetime])

    def free_at(self, now: datetime) -> datetime:
        """When the next message may go out."""
        while self._sent and self._sent[0] <= now - timedelta(minutes=1):
            self._sent.popleft()
        full = len(self._sent) >= PER_MINUTE[self.receiver.kind]
        return self._sent[0] + timedelta(minutes=1) if full else now

    async def send(self, notice: Notice, now: datetime) -> None:
        """
        Raises
        ------
        SendError
            If the receiver did not take it, or says so.
        """
        self._sent.append(now)
        if self.receiver.kind == "apprise":
            await self._by_apprise(notice)
            return
        request = await asyncio.to_thread(self._request, notice, now)
        one, timeout = self.receiver, aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            async with self.client.post(
                request.url,
                data=request.body,
                headers=request.headers,
                timeout=timeout,
                allow_redirects=False,
            ) as answer:
                text = (await answer.content.read(MAX_ANSWER)).decode("utf-8", "replace")
                status, wait = answer.status, answer.headers.get("Retry-After", "")
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            # Without the message: it holds the address, which may be the secret.
            raise SendError(f"{one.id}: {type(error).__name__}") from None
        if not 200 <= status < 300:
            raise SendError(f"{one.id}: status {status}", float(wait) if wait.isdigit() else None)
        if one.kind != "webhook":
            _judge(one, text)

    async def _by_apprise(self, notice: Notice) -> None:
        # Only who has such a receiver pays for loading a hundred services.
        import apprise

        one = self.receiver
        url = one.url if one.url is not None else await asyncio.to_thread(_secret, one.url_file, one.id)
        services = apprise.Apprise(asset=apprise.AppriseAsset(app_id="examwatch", app_desc="examwatch"))
        if not services.add(url):
            raise SendError(f"{one.id}: apprise knows no such address")
        text = text_of(notice.body, self.language, maybe_repeated=notice.maybe_repeated)
        title = str(notice.body.get("title", ""))
        sent = services.async_notify(body=text, title=title, body_format=apprise.NotifyFormat.TEXT)
        try:
            taken = await asyncio.wait_for(sent, APPRISE_S)
        except (TimeoutError, TypeError, OSError) as error:
            raise SendError(f"{one.id}: {type(error).__name__}") from None
        if not taken:
            # apprise says no more than this, and its log holds the address.
            raise SendError(f"{one.id}: the service did not take it")

    def _request(self, notice: Notice, now: datetime) -> _Request:
        """Blocking: reads the secrets, which may have been renewed."""
        one = self.receiver
        url = one.url if one.url is not None else _secret(one.url_file, one.id)
        secret = _secret(one.secret_file, one.id) if one.secret_file is not None else None
        text = _short(text_of(notice.body, self.language, maybe_repeated=notice.maybe_repeated))
        headers = {"Content-Type": "application/json; charset=utf-8"}
        stamp = round(now.timestamp())
        said: dict[str, Any] = {"msgtype": "text", "text": {"content": text}}
        match one.kind:
            case "webhook":
                told = {**notice.body, "id": notice.id, "possibly_repeated": notice.maybe_repeated}
                body = _encoded(told)
                sign = hmac.new((secret or "").encode(), f"{stamp}.".encode() + body, hashlib.sha256)
                headers |= {
                    "X-Examwatch-Notice": notice.id,
                    "X-Examwatch-Timestamp": str(stamp),
                    "X-Examwatch-Signature": f"sha256={sign.hexdigest()}",
                }
                return _Request(url, body, headers)
            case "wecom":
                said["text"] = {"content": _unmentioned(text)}
                return _Request(url, _encoded(said), headers)
            case "dingtalk":
                if secret is not None:
                    millis = stamp * 1000
                    signed = quote_plus(_signed(secret.encode(), f"{millis}\n{secret}".encode()))
                    url = f"{url}{'&' if '?' in url else '?'}timestamp={millis}&sign={signed}"
                return _Request(url, _encoded(said), headers)
            case "feishu":
                said = {"msg_type": "text", "content": {"text": _unmentioned(text)}}
                if secret is not None:
                    # Feishu signs an empty text, with timestamp and secret as the key.
                    said |= {"timestamp": str(stamp), "sign": _signed(f"{stamp}\n{secret}".encode(), b"")}
                return _Request(url, _encoded(said), headers)
            case "apprise":
                raise AssertionError(one.kind)


def _judge(receiver: Receiver, text: str) -> None:
    """What a robot's answer says. Raises `SendError` unless its own code is 0."""
    try:
        answer = json.loads(text)
        code = int(answer["code"] if receiver.kind == "feishu" else answer["errcode"])
    except (ValueError, KeyError, TypeError):
        raise SendError(f"{receiver.id}: the answer is not the one that {receiver.kind} gives") from None
    if code == 0:
        return
    told = str(answer.get("msg") or answer.get("errmsg") or "")[:120].replace("\n", " ")
    often = code in _TOO_OFTEN[receiver.kind]
    raise SendError(f"{receiver.id}: code {code} {told}", TOO_OFTEN_S if often else None)


def _signed(key: bytes, text: bytes) -> str:
    return base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()


def _encoded(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _unmentioned(text: str) -> str:
    """Without the marks by which a post could call everybody of the group to it: ``<at user_id="all">``."""
    return _MENTION.sub("＜", text)


def _short(text: str) -> str:
    return text.encode()[:TEXT_BYTES].decode("utf-8", "ignore")


def _secret(file: Path | None, receiver: str) -> str:
    try:
        return (file or Path()).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        raise SendError(f"{receiver}: {file} cannot be read") from None
