"""What the server needs of the rest of the daemon, and nothing else.

store ──AlertBook──┐
evidence folder ───┼── ServerServices ──> make_server_app
health, clock ─────┘
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from aiohttp import web
from prometheus_client import CollectorRegistry

from monitor.bandplan import BandPlan
from monitor.notify.ledger import Notice
from monitor.notify.matcher import Matcher
from monitor.notify.silence import Asker, Silence
from monitor.people.desk import People
from monitor.people.scope import Scope
from monitor.server.alert_services import AlertBook
from monitor.server.desk_views import WallView
from monitor.server.rule_services import RuleService
from monitor.server.spectrum_services import Held, SpectrumPast, Templates
from monitor.server.views import HealthView
from monitor.store.audit import AuditQuery, Entry
from monitor.topics import Topics

if TYPE_CHECKING:
    from monitor.case.service import CaseService
    from monitor.duty.service import DutyService
    from monitor.fleet.desk import FleetDesk
    from monitor.fleet.enrol import EnrolDesk
    from monitor.fleet.office import FleetOffice
    from monitor.fleet.renew import RenewDesk
    from monitor.link.nodes import Known
    from monitor.mapdesk import MapDesk
    from monitor.oidc.desk import OidcDesk
    from monitor.people.saved import SavedViews
    from monitor.ruledesk.trial import RuleTrials
    from monitor.sourcedesk import SourceDesk
    from monitor.store.retention import Holding


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    path: Path
    media_type: str
    role: str = ""


class Telling(Protocol):
    """Silences, and what was told to whom; every change is audited."""

    async def silences(self) -> Sequence[Silence]:
        """Those that last."""
        ...

    async def would_hide(self, matchers: Sequence[Matcher]) -> int:
        """Alerts with news in the last 7 days that `matchers` fit."""
        ...

    async def silence(
        self, matchers: Sequence[Matcher], reason: str, author: str, ends_at: datetime, scope: Scope
    ) -> Silence:
        """`scope` is its author's."""
        ...

    async def unsilence(self, silence_id: str, asker: Asker) -> bool:
        """False where none of that id lasts. Raises `NotYoursError`."""
        ...

    async def notices(self, limit: int) -> Sequence[Notice]:
        """The newest first."""
        ...


class Machine(Protocol):
    """The machine that all of it runs on."""

    def disk(self) -> tuple[str, int, int] | None:
        """The folder with all that is kept, its disk's bytes in all, and free; None where nobody knows."""
        ...

    def receivers(self) -> Sequence[tuple[str, datetime | None, str | None]]:
        """Who is told; since when it fails and why, None where it works."""
        ...


OpenEvidence = Callable[[str], Awaitable[EvidenceFile | None]]
"""Digest with its ``sha256:`` to the file, None when there is none."""


async def _record_nothing(_actor: str, _action: str, _subject: str, _body: Mapping[str, Any]) -> object:
    """Where nothing is audited: in tests of other things."""


async def _all_in_scope(_digest: str, _scope: Scope) -> bool:
    """Where everything is everybody's: in tests of other things."""
    return True


class Requests(Protocol):
    """Answers to writes, kept by the key that the asker gave them."""

    async def answer_to(self, key: str) -> tuple[str, int, bytes] | None:
        """What was asked under the key (a digest), and status and body of the answer."""
        ...

    async def keep_answer(self, key: str, asked: str, status: int, body: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class ServerServices:
    """Everything the handlers may touch."""

    alerts: AlertBook
    open_evidence: OpenEvidence
    health: Callable[[], HealthView]
    now: Callable[[], datetime]
    people: People | None = None
    """None where logins are off."""
    oidc: OidcDesk | None = None
    """None where no provider vouches for people."""
    in_scope: Callable[[str, Scope], Awaitable[bool]] = _all_in_scope
    """Whether a file of evidence is of somebody's venues."""
    plan: BandPlan = field(default_factory=BandPlan)
    record: Callable[[str, str, str, Mapping[str, Any]], Awaitable[object]] = _record_nothing
    """Write to the audit what somebody looks at or listens to: actor, action, subject, details."""
    held: Mapping[str, Held] = field(default_factory=dict[str, Held])
    """This process's sensors by id, and those of its edges as NODE:SENSOR."""
    cases: CaseService | None = None
    """None where this process has no store of its own."""
    holdings: Callable[[], Awaitable[Sequence[Holding]]] | None = None
    """What is kept of each kind of record; None where this process has no store of its own."""
    duty: DutyService | None = None
    """None where there is no roster."""
    read_audit: Callable[[AuditQuery], Awaitable[Sequence[Entry]]] | None = None
    requests: Requests | None = None
    past: SpectrumPast | None = None
    """None where this process has no sensors."""
    templates: Templates | None = None
    map: MapDesk | None = None
    saved: SavedViews | None = None
    """Views that people keep; None where this process has no store of its own."""
    rules: RuleService | None = None
    """None where this process judges nothing."""
    trials: RuleTrials | None = None
    """None where this process has no store of its own."""
    telling: Telling | None = None
    """Silences and messages; None where this process has no store of its own."""
    topics: Topics | None = None
    """None where this process reads no posts."""
    sources: SourceDesk | None = None
    """None where this process reads no sources."""
    read_wall: Callable[[Scope], Awaitable[WallView]] | None = None
    machine: Machine | None = None
    show: Callable[[bytes, int], Awaitable[bytes]] | None = None
    """A stranger's picture, its longest side to become, and a JPEG of ours. Raises `CrawlError`."""
    enrol: EnrolDesk | None = None
    fleet: FleetDesk | None = None
    """None where no nodes belong to this installation."""
    renew: RenewDesk | None = None
    office: FleetOffice | None = None
    edges: Callable[[], Mapping[str, Known]] = dict
    """The newest report of each edge over the link."""
    metrics: CollectorRegistry = field(default_factory=CollectorRegistry)


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """How the server behaves; the defaults are those of a single machine without logins."""

    allowed_hosts: frozenset[str] = frozenset({"localhost", "127.0.0.1", "::1"})
    """Names under which the console may be opened; others are refused (DNS rebinding)."""
    static_root: Path = Path(__file__).parent / "static"
    ping_s: float = 15.0
    health_s: float = 3.0
    """How often the live stream looks whether health has changed."""
    stall_s: float = 10.0
    """A live client that takes nothing for this long is cut; it resumes where it was."""
    max_backlog: int = 1000
    """A live client further behind is told to read the list anew."""
    max_live_clients: int = 200


SERVICES: web.AppKey[ServerServices] = web.AppKey("services", ServerServices)
SETTINGS: web.AppKey[ServerSettings] = web.AppKey("settings", ServerSettings)
