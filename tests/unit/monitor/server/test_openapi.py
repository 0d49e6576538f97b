from __future__ import annotations

import json
import re
from pathlib import Path

from monitor.server.app import make_server_app, serving
from monitor.server.openapi import PATH, describe

COPY = Path(__file__).parents[4] / "console" / "openapi.json"


def references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if "$ref" in value else set()
        return own.union(*(references(v) for v in value.values()))
    if isinstance(value, list):
        return set().union(*(references(v) for v in value))
    return set()


def test_every_route_of_the_application_is_described(world):
    app = make_server_app(world.services(), world.settings())
    served = {route.resource.canonical for route in app.router.routes() if route.resource is not None}
    assert served - {"/{path}"} == set(describe()["paths"])


def test_every_reference_leads_to_a_schema():
    description = describe()
    known = {f"#/components/schemas/{name}" for name in description["components"]["schemas"]}
    assert references(description) <= known


def test_every_path_parameter_is_declared():
    for path, item in describe()["paths"].items():
        for operation in item.values():
            declared = {p["name"] for p in operation.get("parameters", []) if p["in"] == "path"}
            assert declared == set(re.findall(r"{(\w+)}", path))


def test_operations_have_names_of_their_own():
    names = [o["operationId"] for item in describe()["paths"].values() for o in item.values()]
    assert len(set(names)) == len(names)


async def test_the_description_is_served(client):
    answer = await client.get(PATH)
    assert answer.content_type == "application/json"
    assert await answer.json() == describe()


def test_the_consoles_copy_is_this_description():
    """Run ``python -m monitor.server.openapi console/openapi.json``, then ``npm run api`` in console/."""
    assert json.loads(COPY.read_text(encoding="utf-8")) == describe()


async def test_the_server_listens_on_loopback_unless_told_otherwise(world):
    async with serving(make_server_app(world.services(), world.settings()), port=0) as url:
        assert url.startswith("http://127.0.0.1:")
