"""JSON in and out of a handler: structs of `views`, nothing loose."""

from __future__ import annotations

from typing import TypeVar

import msgspec
from aiohttp import web

from monitor.server.problem import ProblemError
from monitor.server.views import View

Body = TypeVar("Body", bound=View)


def json_response(view: View) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(view),
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


async def json_body(request: web.Request, kind: type[Body]) -> Body:
    """What was sent, as `kind`.

    Raises
    ------
    ProblemError
        400 or 415, saying what is wrong with it.
    """
    # A form of a foreign page cannot send this type without being asked about it first.
    if request.content_type != "application/json":
        raise ProblemError(415, "not-json", "the body must be application/json")
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ProblemError(400, "bad-body", str(error)) from None
