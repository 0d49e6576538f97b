"""`make city` for real: alerts of all its parts come to one console, with evidence, and a sensor is heard."""

from __future__ import annotations

import asyncio
import json
import time
import urllib.error
import urllib.request
from contextlib import ExitStack

import pytest
from aiohttp import ClientSession, WSMsgType

from scripts.city import ROLES, City, on_free_ports
from scripts.servers import MissingError

pytestmark = [pytest.mark.tools, pytest.mark.slow, pytest.mark.timeout(400)]
WITHIN_S = 300.0
"""Six processes load everything at once, on a machine that may be busy with other tests."""


def ask(address: str, path: str) -> dict:
    with urllib.request.urlopen(f"{address}{path}", timeout=10) as answer:
        return json.load(answer)


def there(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return bool(answer.read())
    except urllib.error.HTTPError:
        return False


async def heard(address: str) -> int:
    """Bytes of sound, of the first seconds of listening to a sensor at a venue."""
    path = f"{address}/api/sensors/sensor-1:roof/listen?hz=169012500"
    async with ClientSession() as session, session.ws_connect(path) as socket, asyncio.timeout(60):
        while (said := await socket.receive()).type is WSMsgType.TEXT:
            continue
        assert said.type is WSMsgType.BINARY, (said.data, said.extra)
        return len(said.data)


def test_alerts_of_all_parts_come_to_one_console():
    with ExitStack() as stack:
        folder, ports = stack.enter_context(on_free_ports())
        city = City(folder, ports, stack)
        try:
            city.serve()
        except MissingError as error:
            pytest.skip(str(error))
        for name in ROLES:
            city.run(name)
        deadline = time.monotonic() + WITHIN_S
        venues, sources, nodes = set(), set(), set()
        while len(venues) < 3 or len(sources) < 2 or len(nodes) < 5:
            assert city.ended() is None, f"{city.ended()} has ended"
            assert time.monotonic() < deadline, f"alerts only of {venues} and {sources}, health of {nodes}"
            time.sleep(1)
            if city.console is None:
                continue
            alerts = ask(city.console, "/api/alerts?limit=200")["alerts"]
            venues = {alert["venue"] for alert in alerts if alert["kind"] == "radio"}
            sources = {alert["event"]["source"] for alert in alerts if alert["kind"] == "web"}
            health = ask(city.console, "/api/health")
            nodes = {one["id"].split(":")[0] for one in health["sensors"] + health["sources"]}
        picture = next(ref for alert in alerts for ref in alert["evidence"] if alert["kind"] == "radio")
        while not there(f"{city.console}/api/evidence/{picture['digest']}"):
            assert time.monotonic() < deadline, "evidence never followed"
            time.sleep(1)
        assert asyncio.run(heard(city.console)) > 0, "nothing was heard from a sensor of the city"
        processes = list(city.processes.values())
    assert [process.poll() for process in processes] == [0] * len(ROLES)
