"""One route of the API as data. Each room of the server lists its own; `routes` joins them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp.typedefs import Handler

from monitor.people.roles import Permission
from monitor.server.views import View

EVENT_ID: dict[str, Any] = {"type": "integer", "minimum": 0}


@dataclass(frozen=True, slots=True)
class Param:
    name: str
    place: str
    """``path``, ``query`` or ``header``."""
    schema: dict[str, Any]
    text: str


@dataclass(frozen=True, slots=True)
class Route:
    path: str
    handler: Handler
    name: str
    text: str
    answer: type[View] | tuple[str, ...]
    """The struct that is answered, or the media types that may be."""
    params: tuple[Param, ...] = ()
    problems: tuple[int, ...] = ()
    method: str = "GET"
    body: type[View] | None = None
    is_secret: bool = False
    """Its answer holds a secret: it is kept nowhere, so it cannot be asked for twice."""
    redirects: bool = False
    """It answers with another address (303) and nothing else."""
    needs: Permission | None = None
    """What the person must be allowed; None is for everyone, logged in or not."""


def one_of(*values: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def some_of(*values: str) -> dict[str, Any]:
    return {"type": "array", "items": one_of(*values)}
