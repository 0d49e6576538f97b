"""Every error of the API is one ``application/problem+json`` object (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import msgspec
import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

from monitor.faults import WorldError
from monitor.server.views import ProblemView

log = structlog.get_logger()
CONTENT_TYPE = "application/problem+json"


class ProblemError(Exception):
    """Raised by a handler; becomes the answer. `detail` is one line for a person."""

    def __init__(self, status: int, code: str, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})

    def response(self) -> web.Response:
        view = ProblemView(
            type=f"urn:examwatch:problem:{self.code}",
            title=HTTPStatus(self.status).phrase,
            status=self.status,
            detail=self.detail,
            code=self.code,
        )
        return web.Response(
            status=self.status,
            body=msgspec.json.encode(view),
            content_type=CONTENT_TYPE,
            headers={"Cache-Control": "no-store", **self.headers},
        )


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn `ProblemError`, a failing world and aiohttp's own refusals into problem objects."""
    try:
        return await handler(request)
    except ProblemError as problem:
        return problem.response()
    except WorldError as error:
        return ProblemError(503, "unavailable", str(error), {"Retry-After": "5"}).response()
    except web.HTTPNotFound:
        return ProblemError(404, "not-found", f"there is nothing at {request.path}").response()
    except web.HTTPMethodNotAllowed as refusal:
        allowed = ", ".join(sorted(refusal.allowed_methods))
        return ProblemError(
            405, "method-not-allowed", f"{request.path} answers {allowed}", {"Allow": allowed}
        ).response()
    except web.HTTPException as refusal:
        if refusal.status < 400:
            raise
        return ProblemError(refusal.status, "refused", refusal.reason).response()
    except Exception:
        # A mistake of ours: its trace is for the log, never for whoever asked.
        log.exception("a request failed", method=request.method, path=request.path)
        if request.writer.output_size > 0:
            raise
        return ProblemError(500, "internal", "the server made a mistake; its log says which").response()
