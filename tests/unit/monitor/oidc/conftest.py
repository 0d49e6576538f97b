"""The server with logins and a provider beside it, both on loopback."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import sqlalchemy as sa
from aiohttp.test_utils import TestClient, TestServer, unused_port

from monitor.clock import FakeClock
from monitor.oidc.desk import OidcDesk
from monitor.oidc.provider import Provider
from monitor.oidc.settings import Settings
from monitor.people.desk import People
from monitor.people.outsiders import Grant, Outsiders
from monitor.people.passwords import hash_password
from monitor.people.register import Register
from monitor.people.scope import EVERYTHING, Scope
from monitor.server.access import COOKIE
from monitor.server.app import make_server_app
from monitor.server.services import ServerServices, ServerSettings
from monitor.store import Store
from monitor.store.book import StoreBook
from monitor.store.tables import audit
from tests.oidcprovider import CLIENT, SECRET, LittleProvider
from tests.unit.monitor.server.conftest import NOON, MemoryBook, World

HASHED = hash_password("a password of root's own")
GRANTS = (
    Grant("exam-admins", "administrator", EVERYTHING),
    Grant("radio-east", "radio", Scope(frozenset({"no1-high"}), "radio")),
    Grant("analysts", "analyst", EVERYTHING),
)


class House:
    """One browser's view (`client`) of a server, its provider, and what both know."""

    def __init__(self, folder: Path, little: LittleProvider) -> None:
        self.clock = FakeClock(NOON)
        self.little, self.folder = little, folder
        little.now = self.clock.now
        self.book = StoreBook(Store(f"sqlite:{folder / 's.db'}"), self.clock)
        self.register = Register(self.book.store)
        self.people = People(self.register, self.book, self.clock)
        self.client: TestClient[Any, Any]
        self.desk: OidcDesk

    async def begin(self, to: str = "/", client: Any = None) -> str:
        """Press the button; the provider's page."""
        async with (client or self.client).post("/api/login/oidc", json={"to": to}) as answer:
            assert answer.status == 200, await answer.text()
            return (await answer.json())["url"]

    async def consent(self, url: str, *, deny: bool = False) -> str:
        """Log in at the provider; where it sends the browser."""
        go = url.replace("/authorize?", "/go?") + ("&deny=1" if deny else "")
        async with (
            aiohttp.ClientSession() as web,
            web.get(url) as page,
            web.get(go, allow_redirects=False) as answer,
        ):
            assert page.status == 200
            return answer.headers["Location"]

    async def come_back(self, url: str, client: Any = None) -> aiohttp.ClientResponse:
        parts = urlsplit(url)
        return await (client or self.client).get(f"{parts.path}?{parts.query}", allow_redirects=False)

    async def log_in(self, to: str = "/", **more: Any) -> str:
        """The whole way; where the console opens."""
        answer = await self.come_back(await self.consent(await self.begin(to), **more))
        assert answer.status == 303
        return answer.headers["Location"]

    async def session(self) -> dict[str, Any] | None:
        async with self.client.get("/api/session") as answer:
            return await answer.json() if answer.status == 200 else None

    def forget_browser(self) -> None:
        self.client.session.cookie_jar.clear()

    def cookie(self) -> str | None:
        found = [one for one in self.client.session.cookie_jar if one.key == COOKIE]
        return found[0].value if found else None

    def entries(self, action: str) -> list[dict[str, Any]]:
        with self.book.store.reader.connect() as db:
            texts = db.execute(sa.select(audit.c.entry).order_by(audit.c.seq)).scalars()
            return [one for one in map(json.loads, texts) if one["action"] == action]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    little = LittleProvider()
    made = House(tmp_path, little)
    port = unused_port()
    (tmp_path / "secret").write_text(SECRET + "\n", encoding="utf-8")
    root = tmp_path / "static"
    root.mkdir()
    (root / "index.html").write_text("<!doctype html>")
    async with TestServer(little.app) as at, aiohttp.ClientSession() as web:
        little.issuer = f"http://127.0.0.1:{at.port}"
        settings = Settings(
            issuer=little.issuer,
            client_id=CLIENT,
            secret_file=tmp_path / "secret",
            public_url=f"http://127.0.0.1:{port}",
            scopes=("openid", "profile"),
            username="preferred_username",
            groups="groups",
            grants=GRANTS,
            label_en="Provincial account",
            label_zh="省统一身份认证",
            allow_local=True,
        )
        provider = Provider(settings, web, made.clock, timeout_s=0.5)
        made.desk = OidcDesk(
            settings, provider, made.people, Outsiders(made.book.store), made.book, made.clock
        )
        made.register.add("test", "root", "administrator", HASHED, NOON)
        world = World(root)
        services = ServerServices(
            MemoryBook(), world.open_evidence, world.health, made.clock.now, made.people, oidc=made.desk
        )
        app = make_server_app(services, ServerSettings(static_root=root))
        async with TestClient(TestServer(app, port=port)) as made.client:
            yield made
    made.people.close()
    await made.book.close()


@pytest.fixture
async def other_browser(house: House) -> AsyncIterator[TestClient[Any, Any]]:
    client = TestClient(house.client.server)
    yield client
    await client.session.close()


@pytest.fixture
def resettle(house: House) -> Callable[..., None]:
    """Change the settings of a house that stands."""

    def change(**more: Any) -> None:
        house.desk.settings = replace(house.desk.settings, **more)
        house.desk._provider._settings = house.desk.settings  # pyright: ignore

    return change


def of(url: str, name: str) -> str:
    """A parameter of an address."""
    return parse_qs(urlsplit(url).query)[name][0]
