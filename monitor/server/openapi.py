"""The OpenAPI 3.1 description, made from `ROUTES` and the structs of `views`.

``python -m monitor.server.openapi FILE`` writes it, for the console's types (console/openapi.json).
"""

from __future__ import annotations

import json
import sys
from http import HTTPStatus
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from monitor.server.problem import CONTENT_TYPE
from monitor.server.route import Route
from monitor.server.routes import ROUTES
from monitor.server.views import AlertView, ProblemView

PATH = "/api/openapi.json"
_REF = "#/components/schemas/{name}"


def _problem(status: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {CONTENT_TYPE: {"schema": {"$ref": _REF.format(name="ProblemView")}}},
    }


def _statuses(route: Route) -> set[int]:
    return {*route.problems, 403, 421, 503, *([401] if route.needs else [])}


def _operation(route: Route) -> dict[str, Any]:
    if isinstance(route.answer, tuple):
        content: dict[str, Any] = {media_type: {"schema": {}} for media_type in route.answer}
    else:
        content = {"application/json": {"schema": {"$ref": _REF.format(name=route.answer.__name__)}}}
    good: dict[str, Any] = {"200": {"description": route.text, "content": content}}
    if route.redirects:
        good = {"303": {"description": route.text}}
    operation: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.text,
        "responses": {
            **good,
            **{str(status): _problem(status) for status in sorted(_statuses(route))},
        },
    }
    if route.body is not None:
        schema = {"$ref": _REF.format(name=route.body.__name__)}
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    if route.params:
        operation["parameters"] = [
            {
                "name": p.name,
                "in": p.place,
                "required": p.place == "path",
                "description": p.text,
                "schema": p.schema,
                **({"style": "form", "explode": False} if p.schema.get("type") == "array" else {}),
            }
            for p in route.params
        ]
    return operation


def describe() -> dict[str, Any]:
    """The whole description as JSON-ready data."""
    answers = [route.answer for route in ROUTES if not isinstance(route.answer, tuple)]
    bodies = [route.body for route in ROUTES if route.body is not None]
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    _, schemas = msgspec.json.schema_components(
        [*answers, *bodies, AlertView, ProblemView], ref_template=_REF
    )
    own: dict[str, Any] = {
        "operationId": "getOpenApi",
        "summary": "This description",
        "responses": {"200": {"description": "OpenAPI 3.1", "content": {"application/json": {}}}},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "examwatch",
            "version": version("examwatch"),
            "license": {"name": "GPL-3.0-or-later"},
        },
        "paths": dict(sorted({**paths, PATH: {"get": own}}.items())),
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


async def get_openapi(_request: web.Request) -> web.StreamResponse:
    return web.json_response(describe(), headers={"Cache-Control": "no-cache"})


def write(file: Path) -> None:
    file.write_text(json.dumps(describe(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
