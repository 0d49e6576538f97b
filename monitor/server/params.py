"""Parameters and bodies that several rooms of the server read alike."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime

import msgspec
from aiohttp import web

from monitor.server.problem import ProblemError
from monitor.server.route import Param

MAX_LIMIT = 200


def only(request: web.Request, *names: str) -> None:
    """Refuse (400) parameters of other names: a misspelt one would silently not restrict."""
    unknown = sorted(set(request.query) - set(names))
    if unknown:
        raise ProblemError(400, "bad-parameter", f"{unknown[0]!r} is not a parameter of this list")


def limit(request: web.Request, default: int = 50) -> int:
    text = request.query.get("limit", str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MAX_LIMIT):
        raise ProblemError(400, "bad-parameter", f"limit: {text!r} is not a number from 1 to {MAX_LIMIT}")
    return int(text)


def number(request: web.Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ProblemError(400, "bad-parameter", f"{name}: {text!r} is not a number")
    return int(text)


def flag(request: web.Request, name: str) -> bool | None:
    text = request.query.get(name)
    if text not in (None, "true", "false"):
        raise ProblemError(400, "bad-parameter", f"{name}: {text!r} is neither true nor false")
    return None if text is None else text == "true"


def some(values: Sequence[str], most: int, name: str) -> list[str]:
    """A list out of a body, neither empty nor endless."""
    found = list(dict.fromkeys(values))
    if not 1 <= len(found) <= most:
        raise ProblemError(400, "bad-parameter", f"{name}: 1 to {most} are needed")
    return found


def aware(at: datetime | None, name: str) -> datetime | None:
    if at is not None and at.tzinfo is None:
        raise ProblemError(400, "bad-parameter", f"{name}: an instant with its zone is needed")
    return at


def write_cursor(at: datetime, key: str) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode((at, key))).decode().rstrip("=")


def read_cursor(request: web.Request) -> tuple[datetime, str] | None:
    text = request.query.get("cursor")
    if not text:
        return None
    try:
        raw = base64.b64decode((text + "=" * (-len(text) % 4)).encode("ascii"), altchars=b"-_", validate=True)
        at, key = msgspec.json.decode(raw, type=tuple[datetime, str])
        if at.tzinfo is None:
            raise ValueError(text)
    except (ValueError, binascii.Error):
        raise ProblemError(
            400, "bad-cursor", f"cursor: {text!r} is no cursor of this list; start again without one"
        ) from None
    return at, key


CURSOR = Param(
    "cursor", "query", {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}, "next_cursor of the page before"
)
LIMIT = Param(
    "limit", "query", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": 50}, "how many"
)
