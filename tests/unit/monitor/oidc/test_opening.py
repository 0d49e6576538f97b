"""From the configuration to a desk that works, and what it tells of itself."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest
from aiohttp.test_utils import TestServer
from prometheus_client import CollectorRegistry, generate_latest

from monitor.clock import FakeClock
from monitor.config import load_config
from monitor.metrics import OidcCollector
from monitor.oidc.desk import OidcRefusedError
from monitor.outgoing import open_oidc
from monitor.people.desk import People
from monitor.people.register import Register
from monitor.store import Store
from monitor.store.book import StoreBook
from tests.oidcprovider import CLIENT, SECRET, LittleProvider
from tests.unit.monitor.server.conftest import NOON


async def test_a_configuration_becomes_a_desk_and_its_counts_reach_the_metrics(tmp_path):
    little = LittleProvider()
    async with TestServer(little.app) as at, AsyncExitStack() as stack:
        little.issuer = f"http://127.0.0.1:{at.port}"
        (tmp_path / "secret").write_text(SECRET, encoding="utf-8")
        (tmp_path / "c.yml").write_text(
            f"data_dir: v\npeople:\n  oidc:\n    issuer: {little.issuer}\n    client_id: {CLIENT}\n"
            "    client_secret_file: secret\n    public_url: http://127.0.0.1:8440\n"
            "    roles: [{group: radio-east, role: radio}]\n"
        )
        clock = FakeClock(NOON)
        book = StoreBook(Store(f"sqlite:{tmp_path / 's.db'}"), clock)
        people = People(Register(book.store), book, clock)
        config = load_config(tmp_path / "c.yml")
        assert await open_oidc(stack, config, book, None, clock) is None
        desk = await open_oidc(stack, config, book, people, clock)
        assert desk is not None
        url, key = await desk.begin("/", "")
        assert url.startswith(f"{little.issuer}/authorize?response_type=code&client_id=examwatch&")
        assert (await desk.begin("/", key))[1] == key
        assert (await desk.begin("/", "made up"))[1] not in (key, "made up")
        with pytest.raises(OidcRefusedError, match="expired"):
            await desk.finish({"state": "x"}, key, "1.2.3.4")
        registry = CollectorRegistry()
        registry.register(OidcCollector(desk))
        told = generate_latest(registry).decode()
        assert 'examwatch_oidc_logins_total{outcome="expired"} 1.0' in told
        assert "examwatch_oidc_dropped_total 0.0" in told
        people.close()
        await book.close()
