"""Reports as pages and as PDF. Each one that is made stands in the audit chain, with its hash."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from aiohttp import web

from monitor.case.report import Language
from monitor.faults import WorldError
from monitor.pdf import print_pdf
from monitor.server.access import actor_of, granted_to, scope_of
from monitor.server.cases import case_service, done
from monitor.server.params import only
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route, one_of
from monitor.server.services import SERVICES

HTML: Final = "text/html"
PDF: Final = "application/pdf"
_FORMATS: Final = {"html": HTML, "pdf": PDF}
_STYLE: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)
MOST_WAITING: Final = 8


class Printer:
    """One chromium at a time, as it takes seconds and hundreds of megabytes; and few who wait for it."""

    def __init__(self, to_pdf: Callable[[str], bytes] = print_pdf) -> None:
        self._to_pdf = to_pdf
        self._turn = asyncio.Lock()
        self._n_waiting = 0

    async def pdf(self, html: str) -> bytes:
        """Raises `ProblemError` (503) where too many wait, or chromium does not do it."""
        if self._n_waiting >= MOST_WAITING:
            raise ProblemError(
                503, "busy", f"{MOST_WAITING} reports are being printed already; ask again soon"
            )
        self._n_waiting += 1
        try:
            async with self._turn:
                return await asyncio.to_thread(self._to_pdf, html)
        except WorldError as error:
            raise ProblemError(503, "no-pdf", str(error)) from None
        finally:
            self._n_waiting -= 1


PRINTER: web.AppKey[Printer] = web.AppKey("printer", Printer)


def _language(request: web.Request) -> Language:
    match request.query.get("language", "zh"):
        case "zh":
            return "zh"
        case "en":
            return "en"
        case other:
            raise ProblemError(400, "bad-parameter", f"language: {other!r} is neither zh nor en")


def _format(request: web.Request) -> str:
    given = request.query.get("format", "html")
    if given not in _FORMATS:
        raise ProblemError(400, "bad-parameter", f"format: {given!r} is neither html nor pdf")
    return given


def _instant(request: web.Request, name: str) -> datetime:
    text = request.query.get(name, "")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    # At the ends of the calendar other zones have no such day.
    if found is None or found.tzinfo is None or not 1 < found.year < 9999:
        raise ProblemError(400, "bad-parameter", f"{name}: {text!r} is no instant with its zone")
    return found


def _policy(html: str) -> str:
    """Nothing runs and nothing is loaded; the console may show the page in a frame and print it."""
    style = _STYLE.search(html)
    digest = hashlib.sha256((style[1] if style else "").encode()).digest()
    allowed = base64.b64encode(digest).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'; sandbox allow-same-origin allow-modals"
    )


async def _given(request: web.Request, html: str, subject: str, name: str) -> web.StreamResponse:
    as_what, language = _format(request), _language(request)
    content = html.encode()
    if as_what == "pdf":
        content = await request.app[PRINTER].pdf(html)
    body = {"language": language, "format": as_what, "sha256": hashlib.sha256(content).hexdigest()}
    await request.app[SERVICES].record(actor_of(request), "report.made", subject, body)
    place = "attachment" if as_what == "pdf" else "inline"
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'{place}; filename="{name}-{language}.{as_what}"',
        "Content-Security-Policy": _policy(html),
    }
    charset = "utf-8" if as_what == "html" else None
    return web.Response(body=content, content_type=_FORMATS[as_what], charset=charset, headers=headers)


def _check_alerts(request: web.Request) -> None:
    """A report quotes alerts: a key for cases alone does not open it."""
    if "alerts" not in granted_to(request):
        raise ProblemError(403, "not-allowed", "a report needs 'alerts' too")


async def report_case(request: web.Request) -> web.StreamResponse:
    only(request, "language", "format")
    _check_alerts(request)
    _format(request)
    case_id = request.match_info["case"]
    work = case_service(request).report(case_id, _language(request), scope_of(request))
    return await _given(request, await done(work), case_id, f"case-{case_id}")


async def report_session(request: web.Request) -> web.StreamResponse:
    only(request, "from", "to", "language", "format")
    _check_alerts(request)
    _format(request)
    first, last = _instant(request, "from"), _instant(request, "to")
    if last <= first:
        raise ProblemError(400, "bad-parameter", "to: the end comes after the beginning")
    html = await case_service(request).session_report(first, last, _language(request), scope_of(request))
    subject = f"{first.isoformat()}/{last.isoformat()}"
    return await _given(request, html, subject, f"session-{first:%Y%m%d-%H%M}")


_SHAPE = (
    Param("language", "query", {**one_of("zh", "en"), "default": "zh"}, "of the report"),
    Param("format", "query", {**one_of("html", "pdf"), "default": "html"}, "a PDF takes some seconds"),
)
_INSTANT = {"type": "string", "format": "date-time"}
ROUTES: tuple[Route, ...] = (
    Route(
        "/api/cases/{case}/report",
        report_case,
        "reportCase",
        "One case as a page to be handed on; each one made stands in the audit",
        (HTML, PDF),
        (Param("case", "path", {"type": "string"}, "its id"), *_SHAPE),
        (400, 404, 409, 503),
        needs="cases",
    ),
    Route(
        "/api/reports/session",
        report_session,
        "reportSession",
        "What was found, judged and not watched from one instant to another, also when that is nothing",
        (HTML, PDF),
        (
            Param("from", "query", _INSTANT, "with its zone"),
            Param("to", "query", _INSTANT, "with its zone"),
            *_SHAPE,
        ),
        (400, 409, 503),
        needs="cases",
    ),
)
