"""Writes that may be sent again: who names an ``Idempotency-Key`` gets the same answer for it.

    first time      handler ──> answer kept under (who, key)
    again           the kept answer; 422 if the same key comes with something else

An answer that holds a secret is never kept, so such a request is refused (400) with a key.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from monitor.server.access import actor_of, key_of
from monitor.server.problem import CONTENT_TYPE, ProblemError
from monitor.server.services import SERVICES
from monitor.server.wire import whole_body

HEADER = "Idempotency-Key"
MAX_KEY = 200


def idempotent(secret: Mapping[tuple[str, str], bool]) -> Middleware:
    """`secret` says of each method and path whether its answer holds a secret."""
    locks: dict[str, asyncio.Lock] = {}
    users: Counter[str] = Counter()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given, kept = request.headers.get(HEADER), request.app[SERVICES].requests
        if given is None or request.method in ("GET", "HEAD") or kept is None:
            return await handler(request)
        if not 1 <= len(given) <= MAX_KEY or not given.isprintable():
            raise ProblemError(400, "bad-key", f"{HEADER}: 1 to {MAX_KEY} printable characters")
        if secret.get(key_of(request), True):
            raise ProblemError(400, "bad-key", f"{HEADER}: the answer holds a secret and is kept nowhere")
        key = hashlib.sha256(f"{actor_of(request)}\n{given}".encode()).hexdigest()
        said = f"{request.method}\n{request.path_qs}\n".encode() + await whole_body(request)
        asked = hashlib.sha256(said).hexdigest()
        lock = locks.setdefault(key, asyncio.Lock())
        users[key] += 1
        try:
            async with lock:
                known = await kept.answer_to(key)
                if known is not None:
                    return _again(known, asked)
                try:
                    answer = await handler(request)
                except ProblemError as problem:
                    answer = problem.response()
                if isinstance(answer, web.Response) and answer.status < 500 and answer.status != 429:
                    body = answer.body if isinstance(answer.body, bytes) else b""
                    await kept.keep_answer(key, asked, answer.status, body)
                return answer
        finally:
            users[key] -= 1
            if users[key] == 0:
                del users[key], locks[key]

    return check


def _again(known: tuple[str, int, bytes], asked: str) -> web.Response:
    before, status, body = known
    if before != asked:
        raise ProblemError(422, "key-reused", f"{HEADER}: this key was used for another request")
    kind = "application/json" if status < 400 else CONTENT_TYPE
    return web.Response(
        status=status,
        body=body,
        content_type=kind,
        headers={"Cache-Control": "no-store", "Idempotent-Replayed": "true"},
    )
