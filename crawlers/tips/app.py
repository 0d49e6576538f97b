"""The public form and the hotline's entry, as an application of their own or mounted in another.

    GET  /          the form
    POST /          multipart: text, link, exam, place, files; `website` is a trap that people do not see
    POST /hotline   one tip a line, {"text", "exam", "place", "link"}, under ``Authorization: Bearer TOKEN``

No cookie, no script, no log of who sent what. Every refusal is counted by its reason.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from crawlers.clock import Clock
from crawlers.tips.form import Form, FormError, read_form
from crawlers.tips.hotline import MAX_HOTLINE_BYTES, read_lines
from crawlers.tips.rate import Senders
from crawlers.tips.tip import BoxFullError, Sink, Tip

COUNTS: web.AppKey[Counter[str]] = web.AppKey("tip_counts", Counter)
"""``kept`` and each reason for refusing, of this run."""
MAX_AT_A_TIME = 4
"""Forms being received: each may hold `form.MAX_FORM_BYTES` in memory."""
FORM_S = 120.0
"""For a whole form: 12 MB over a slow phone line."""
_PAGE = (Path(__file__).parent / "form.html").read_text(encoding="utf-8")
_SAID = {
    "kept": (200, "收到，谢谢。回执：{}", "Received, thank you. Receipt: {}"),
    "empty": (400, "请填写内容。", "Please write what you saw."),
    "form": (400, "表单无法读取。", "The form cannot be read."),
    "too_large": (413, "内容或附件过大。", "Text or files are too large."),
    "too_often": (429, "提交过于频繁，请稍后再试。", "Too many at once, please try again later."),
    "busy": (503, "系统繁忙，请稍后再试。", "Busy, please try again in a minute."),
    "too_slow": (408, "上传超时。", "The upload took too long."),
    "full": (503, "暂时无法接收，请稍后再试。", "Nothing can be taken right now, please try again later."),
}
_STYLE = re.search(r"<style>(.*?)</style>", _PAGE, re.DOTALL)
assert _STYLE is not None, "the form has a style"
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE[1].encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    # Not no-referrer: under that a browser sends "Origin: null" with our own form.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class TipLimits:
    """How much is taken from whom."""

    burst: int = 5
    refill_s: float = 600.0
    """One sender: five at once, then one in ten minutes."""
    burst_all: int = 60
    refill_all_s: float = 2.0
    """Everybody: what a person on duty can still look through on a bad day."""
    n_proxies: int = 0
    """Reverse proxies of our own in front, each of which adds to X-Forwarded-For."""


def tips_app(
    sink: Sink,
    clock: Clock,
    *,
    limits: TipLimits | None = None,
    hotline_token: str | None = None,
    new_token: Callable[[], str] = lambda: secrets.token_hex(5),
) -> web.Application:
    """Serve the form in front of `sink`; mount it with ``add_subapp("/tips", …)`` or serve it alone.

    Parameters
    ----------
    hotline_token : str, optional
        What a hotline's program must know; without one there is no such entry.
    new_token : callable
        Unguessable letters and digits for the id of a tip.
    """
    limits = limits or TipLimits()
    desk = _Desk(sink, clock, limits, hotline_token, new_token)
    app = web.Application()
    app[COUNTS] = desk.counts
    for path in ("", "/"):
        app.router.add_get(path, desk.show)
        app.router.add_post(path, desk.receive)
    if hotline_token:
        app.router.add_post("/hotline", desk.hotline)
    return app


class _Desk:
    def __init__(
        self,
        sink: Sink,
        clock: Clock,
        limits: TipLimits,
        hotline_token: str | None,
        new_token: Callable[[], str],
    ) -> None:
        self._sink = sink
        self._clock = clock
        self._n_proxies = limits.n_proxies
        self._hotline_token = hotline_token
        self._new_token = new_token
        self._senders = Senders(
            burst=limits.burst,
            refill_s=limits.refill_s,
            burst_all=limits.burst_all,
            refill_all_s=limits.refill_all_s,
            key=secrets.token_bytes(32),
        )
        self._places = asyncio.Semaphore(MAX_AT_A_TIME)
        self.counts: Counter[str] = Counter()

    async def show(self, _request: web.Request) -> web.Response:
        return web.Response(text=_PAGE, content_type="text/html", headers=_HEADERS)

    async def receive(self, request: web.Request) -> web.Response:
        if self._places.locked():
            return self._say("busy", wait_s=60)
        async with self._places:
            wait_s = self._senders.wait_s(peer_of(request, self._n_proxies), self._clock.monotonic())
            if wait_s > 0:
                return self._say("too_often", wait_s=wait_s)
            try:
                async with asyncio.timeout(FORM_S):
                    form = await read_form(request)
            except FormError as error:
                return self._say(error.reason)
            except TimeoutError:
                return self._say("too_slow")
            if form.trap:
                # Whoever filled it in is a program, and learns nothing from the answer.
                self.counts["trap"] += 1
                return _page("kept", self._new_id())
            if not form.text and not form.files:
                return self._say("empty")
            return await self._keep(form)

    async def _keep(self, form: Form) -> web.Response:
        tip = Tip(
            self._new_id(),
            self._clock.now(),
            form.text,
            "form",
            form.exam,
            form.place,
            form.link,
            tuple(form.files),
        )
        try:
            await self._sink.keep(tip)
        except (BoxFullError, OSError):
            return self._say("full", wait_s=600)
        return self._say("kept", tip.id)

    async def hotline(self, request: web.Request) -> web.Response:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
        if not hmac.compare_digest(given.encode(), (self._hotline_token or "").encode()):
            self.counts["token"] += 1
            return web.json_response({"error": "the token is wrong / 令牌错误"}, status=401)
        body = bytearray()
        async for chunk in request.content.iter_chunked(2**16):
            body += chunk
            if len(body) > MAX_HOTLINE_BYTES:
                self.counts["too_large"] += 1
                message = f"over {MAX_HOTLINE_BYTES} bytes / 超过 {MAX_HOTLINE_BYTES} 字节"
                return web.json_response({"error": message}, status=413)
        answers: list[dict[str, object]] = []
        for line in read_lines(bytes(body)):
            if line.fault:
                self.counts["line"] += 1
                answers.append({"line": line.number, "error": line.fault})
                continue
            tip = Tip(
                self._new_id(), self._clock.now(), line.text, "hotline", line.exam, line.place, line.link
            )
            try:
                await self._sink.keep(tip)
            except (BoxFullError, OSError):
                self.counts["full"] += 1
                answers.append({"line": line.number, "error": "no room / 存储已满"})
                continue
            self.counts["kept"] += 1
            answers.append({"line": line.number, "id": tip.id})
        all_kept = all("id" in answer for answer in answers)
        return web.json_response({"tips": answers}, status=200 if all_kept else 422)

    def _new_id(self) -> str:
        return f"{self._clock.now():%Y%m%dT%H%M%S}-{self._new_token()}"

    def _say(self, what: str, receipt: str = "", wait_s: float = 0.0) -> web.Response:
        self.counts[what] += 1
        return _page(what, receipt, wait_s)


def _page(what: str, receipt: str = "", wait_s: float = 0.0) -> web.Response:
    status, zh, en = _SAID[what]
    said = f'<p class="said" role="status">{zh}<br><span lang="en">{en}</span></p>'
    headers = _HEADERS | ({"Retry-After": str(int(wait_s) + 1)} if wait_s else {})
    text = _PAGE.replace("<!--said-->", said.replace("{}", receipt))
    return web.Response(status=status, text=text, content_type="text/html", headers=headers)


def peer_of(request: web.Request, n_proxies: int) -> str:
    """The sender's address, as the outermost of our own `n_proxies` saw it."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    if n_proxies and len(hops) >= n_proxies:
        return hops[-n_proxies]
    return request.remote or ""
