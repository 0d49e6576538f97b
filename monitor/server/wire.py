"""JSON in and out of a handler: structs of `views`, nothing loose."""

from __future__ import annotations

import asyncio
import re
from typing import TypeVar

import msgspec
from aiohttp import web

from monitor.server.problem import ProblemError
from monitor.server.views import View

Body = TypeVar("Body", bound=View)
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""PostgreSQL takes none, and would fail as if it were broken."""
BODY_S = 30.0
"""For a whole body, a megabyte at most: a sender of single bytes must not hold a place for hours."""


def json_response(view: View) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(view),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def whole_body(request: web.Request) -> bytes:
    """Raises `ProblemError` (408) where it does not come."""
    try:
        async with asyncio.timeout(BODY_S):
            return await request.read()
    except TimeoutError:
        raise ProblemError(
            408, "too-slow", f"the body did not come within {BODY_S:.0f} s", {"Connection": "close"}
        ) from None


def _refuse_nul(body: bytes) -> None:
    if _NUL.search(body):
        raise ProblemError(400, "bad-body", "no text holds the character NUL")


async def json_body(request: web.Request, kind: type[Body]) -> Body:
    """What was sent, as `kind`.

    Raises
    ------
    ProblemError
        400, 408 or 415, saying what is wrong with it.
    """
    # A form of a foreign page cannot send this type without being asked about it first.
    if request.content_type != "application/json":
        raise ProblemError(415, "not-json", "the body must be application/json")
    body = await whole_body(request)
    _refuse_nul(body)
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProblemError(400, "bad-body", str(error)) from None
