"""An alert book in memory, and the server around it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from monitor.faults import WorldError
from monitor.server.alert_services import AlertQuery, BadCursorError, Change
from monitor.server.app import make_server_app
from monitor.server.services import EvidenceFile, ServerServices, ServerSettings
from monitor.server.views import AlertDetail, AlertPage, AlertView, HealthView, QueueHealth, ReasonView
from monitor.store.personal import NamedPerson

NOON = datetime(2026, 6, 7, 4, 0, tzinfo=UTC)


def make_alert(fingerprint: str, **more: object) -> AlertView:
    fields: dict[str, object] = {
        "fingerprint": fingerprint,
        "kind": "radio",
        "level": "high",
        "labels": {"rule": "r"},
        "annotations": {"title_en": "t", "title_zh": "题"},
        "starts_at": NOON,
        "updated_at": NOON,
        "ends_at": None,
        "firing": True,
        "count": 1,
        "venue": "v",
        "drill": False,
        "experimental": False,
        "rules": [],
        "why": [ReasonView(field="text", spans=[(0, 2)])],
        "event": {"kind": "radio", "snr_db": 18.2},
        "evidence": [],
        "history": [],
        "case": None,
        "acked_by": None,
        "acked_at": None,
    }
    return AlertView(**(fields | more))  # type: ignore[arg-type]


@dataclass
class MemoryBook:
    """An `AlertBook` that a test fills by `put`."""

    changes: list[Change] = field(default_factory=list)
    listeners: list[Callable[[], None]] = field(default_factory=list)
    queries: list[AlertQuery] = field(default_factory=list)
    viewers: list[str] = field(default_factory=list)
    """Who asked for names."""

    def put(self, alert: AlertView, change_id: int | None = None) -> int:
        change_id = change_id or (self.changes[-1].id + 1 if self.changes else 1)
        self.changes.append(Change(change_id, alert))
        for wake in tuple(self.listeners):
            wake()
        return change_id

    fails: bool = False

    async def list_alerts(self, query: AlertQuery) -> AlertPage:
        self.queries.append(query)
        if query.cursor == "broken":
            raise BadCursorError(query.cursor)
        alerts = [change.alert for change in self.changes]
        return AlertPage(alerts=alerts, next_cursor=None, total=len(alerts), live_id=await self.last_change())

    async def get_alert(self, fingerprint: str) -> AlertDetail | None:
        for change in reversed(self.changes):
            if change.alert.fingerprint == fingerprint:
                values = {name: getattr(change.alert, name) for name in AlertView.__struct_fields__}
                return AlertDetail(**values, events=[change.alert.event])
        return None

    async def view_personal(self, fingerprint: str, actor: str) -> Sequence[NamedPerson] | None:
        if await self.get_alert(fingerprint) is None:
            return None
        self.viewers.append(actor)
        return [NamedPerson("sha256:1", "李小明", "07 / 24", None, NOON)]

    async def last_change(self) -> int:
        if self.fails:
            raise WorldError("the store failed: disk full")
        return self.changes[-1].id if self.changes else 0

    async def changes_since(self, after: int, limit: int) -> Sequence[Change]:
        return [change for change in self.changes if change.id > after][:limit]

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        self.listeners.append(wake)
        return lambda: self.listeners.remove(wake)


@dataclass
class World:
    """What a test may turn: the book, the evidence, health, the settings."""

    static_root: Path
    book: MemoryBook = field(default_factory=MemoryBook)
    files: dict[str, EvidenceFile] = field(default_factory=dict)
    status: str = "ok"
    audit: list[tuple[str, str, str, dict[str, Any]]] = field(default_factory=list)

    async def open_evidence(self, digest: str) -> EvidenceFile | None:
        return self.files.get(digest)

    def health(self) -> HealthView:
        return HealthView(
            status=self.status,  # type: ignore[arg-type]
            version="1",
            started_at=NOON,
            now=datetime.now(UTC),
            sensors=[],
            sources=[],
            queue=QueueHealth(),
            sessions=[],
        )

    def services(self) -> ServerServices:
        return ServerServices(self.book, self.open_evidence, self.health, lambda: NOON, record=self.record)

    async def record(self, actor: str, action: str, subject: str, body: Mapping[str, Any]) -> None:
        self.audit.append((actor, action, subject, dict(body)))

    def settings(self, **more: object) -> ServerSettings:
        quick: dict[str, object] = {"static_root": self.static_root, "health_s": 0.05, "ping_s": 0.1}
        return ServerSettings(**(quick | more))  # type: ignore[arg-type]


@pytest.fixture
def world(tmp_path: Path) -> World:
    root = tmp_path / "static"
    (root / "assets").mkdir(parents=True)
    (root / "index.html").write_text("<!doctype html><title>console</title>")
    (root / "assets" / "index-abc.js").write_text("export {}")
    (root / "assets" / "notes.exe").write_text("no")
    (tmp_path / "secret.json").write_text("{}")
    return World(root)


@pytest.fixture
async def connect(world: World) -> AsyncIterator[Callable[..., object]]:
    """Start the server with other settings; without, they are the quick ones."""
    clients: list[TestClient] = []

    async def start(**more: object) -> TestClient:
        client = TestClient(TestServer(make_server_app(world.services(), world.settings(**more))))
        await client.start_server()
        clients.append(client)
        return client

    yield start
    for client in clients:
        await client.close()


@pytest.fixture
async def client(connect: Callable[..., object]) -> TestClient:
    return await connect()  # type: ignore[misc]


@pytest.fixture
def make() -> Callable[..., AlertView]:
    return make_alert
