"""What the server needs of the rest of the daemon, and nothing else.

    store ──AlertBook──┐
    evidence folder ───┼── ServerServices ──> make_server_app
    health, clock ─────┘

The live stream pulls: `AlertBook.subscribe` only wakes it, `changes_since` delivers. So a
connection holds no queue of its own, and one that was away asks for what it missed.
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
from monitor.earphone import Hearing, ListenMode
from monitor.notify.ledger import Notice
from monitor.notify.matcher import Matcher
from monitor.notify.silence import Asker, Silence
from monitor.onlookers import Glance
from monitor.people.desk import People
from monitor.people.scope import EVERYTHING, Scope
from monitor.server.case_views import CaseView
from monitor.server.desk_views import WallView
from monitor.server.spectrum_views import PastView, TemplateView
from monitor.server.views import (
    AlertDetail,
    AlertPage,
    AlertState,
    AlertView,
    HealthView,
    Kind,
    Level,
    Review,
    StareView,
)
from monitor.store.audit import AuditQuery, Entry
from monitor.topics import Topics
from rules.book import Edition
from rules.budget import Over

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
    from monitor.ruledesk.texts import Written
    from monitor.ruledesk.trial import RuleTrials
    from monitor.ruledesk.unsettled import Leaving
    from monitor.sourcedesk import SourceDesk
    from monitor.store.retention import Holding


@dataclass(frozen=True, slots=True)
class AlertQuery:
    """Which alerts to list. Empty sets and None do not restrict."""

    kinds: frozenset[Kind] = frozenset()
    levels: frozenset[Level] = frozenset()
    venue: str | None = None
    state: AlertState | None = None
    review: Review | None = None
    asker: str = ""
    scope: Scope = EVERYTHING
    drill: bool | None = None
    case: str | None = None
    """Only the alerts of this case."""
    copies_of: str | None = None
    """Only this document and its near copies."""
    near_hz: float | None = None
    """Only radio that was heard within half a channel of there."""
    cursor: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Change:
    """An alert was raised, merged or ended, or a step was taken with a case: one of the two is there."""

    id: int
    """Grows with each change, over restarts too; gaps are allowed."""
    alert: AlertView | None = None
    case: CaseView | None = None


class Named(Protocol):
    """Whom one picture names."""

    @property
    def attachment(self) -> str: ...
    @property
    def name(self) -> str | None: ...
    @property
    def seat(self) -> str | None: ...
    @property
    def number(self) -> str | None: ...
    @property
    def seen_at(self) -> datetime: ...


class BadCursorError(ValueError):
    """The cursor was not made by this store."""


class AlertBook(Protocol):
    """The store's alerts as the server reads them."""

    async def list_alerts(self, query: AlertQuery) -> AlertPage:
        """One page, gravest level first and newest first within a level.

        ``live_id`` must have been read before the alerts, so that a change between
        the two is streamed again rather than missed.

        Raises
        ------
        BadCursorError
            If ``query.cursor`` is not one of ours.
        """
        ...

    async def get_alert(self, fingerprint: str) -> AlertDetail | None: ...

    async def last_change(self) -> int:
        """The newest change's number; 0 when there was none yet."""
        ...

    async def changes_since(self, after: int, limit: int) -> Sequence[Change]:
        """The changes with a number over `after`, in order, at most `limit`.

        Of several changes of one alert the older ones may be left out.
        """
        ...

    async def view_personal(self, fingerprint: str, actor: str) -> Sequence[Named] | None:
        """Whom the pictures of an alert name, None where there is no such alert.

        That `actor` asked is in the audit before the answer is given.
        """
        ...

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` in the event loop after each committed change; the result ends that."""
        ...


@dataclass(frozen=True, slots=True)
class EvidenceFile:
    path: Path
    media_type: str
    role: str = ""


class RuleService(Protocol):
    """The rules in force, and how they change; every change is audited."""

    @property
    def edition(self) -> Edition: ...

    @property
    def trial(self) -> Edition | None: ...

    @property
    def leaving(self) -> Leaving | None:
        """The rule whose removal is on trial."""
        ...

    @property
    def history(self) -> list[Edition]: ...

    @property
    def faults(self) -> Sequence[str]: ...

    @property
    def venues(self) -> frozenset[str]:
        """Those of the timetable, where an edition can be tried."""
        ...

    def n_alerts(self, rule: str) -> int: ...

    def over(self) -> Sequence[Over]:
        """Rules that have used up their day, the worst first."""
        ...

    async def reload(self, author: str, venues: frozenset[str]) -> Edition:
        """Raises `RuleErrors` with every fault; the old edition stays."""
        ...

    async def written(self, rule_id: str) -> Written | None:
        """The file that holds a rule, as it stands; None where none does."""
        ...

    async def place(self, rule_id: str) -> Path | None:
        """Where a rule would be saved to; None where nothing may be written."""
        ...

    async def written_exceptions(self) -> Written | None:
        """The file of exceptions; None where there is none. Raises OSError."""
        ...

    async def save(self, text: str, was: str | None, author: str, venues: frozenset[str]) -> Edition:
        """Raises `RuleErrors`, `NotWritableError`, `ChangedError`, `UnsettledError`, OSError; all stays."""
        ...

    async def remove(
        self, rule_id: str, was: str, author: str, reason: str, venues: frozenset[str]
    ) -> Edition:
        """As `save`."""
        ...

    async def save_exceptions(self, text: str, was: str | None, author: str) -> Edition:
        """As `save`."""
        ...

    async def spread(self, author: str) -> Edition:
        """Raises `NoEditionError`, `ChangedError`, OSError."""
        ...

    async def roll_back(self, author: str) -> Edition:
        """Raises `NoEditionError`, `RuleErrors`."""
        ...


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


@dataclass(frozen=True, slots=True)
class PastQuery:
    """Which stretch of a sensor's spectrum is asked for, with how many rows and bins at most."""

    sensor: str
    low_hz: float
    high_hz: float
    start: datetime
    end: datetime
    n_rows: int
    n_bins: int
    asker: str = ""
    """Who asks; where it costs a narrow line one question of each goes at a time."""


class Held(Protocol):
    """One sensor, as far as people may look at it, listen to it and hold it somewhere."""

    @property
    def venue(self) -> str | None: ...

    def look(self) -> tuple[Glance, Callable[[], None]]:
        """Rows of its spectrum from now on, and what ends that."""
        ...

    async def listen(self, channel_hz: float, mode: ListenMode, actor: str, /) -> Hearing:
        """Sound of a channel, until it is closed.

        Raises
        ------
        SensorError
            If the sensor gives none; `TooOldError` if its edge cannot send any, `CutOffError` if that does
            not answer.
        """
        ...

    async def stare(self, center_hz: float, seconds: float, actor: str, reason: str, /) -> StareView:
        """Raises `SensorError` if it cannot be held there, and as `listen`."""
        ...

    async def end_stare(self, actor: str, /) -> bool:
        """False where it was not held. Raises as `listen`."""
        ...


class SpectrumPast(Protocol):
    async def view(self, query: PastQuery) -> PastView | None:
        """None where no sensor has the name.

        Raises
        ------
        ValueError
            If the time or the band is empty.
        WorldError
            If the sensor's edge does not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class TemplateQuery:
    """Which part of a site's survey is asked for."""

    sensor: str
    low_hz: float
    high_hz: float
    n_bins: int
    at: datetime


class Templates(Protocol):
    async def view(self, query: TemplateQuery) -> TemplateView | None:
        """None where the sensor has no survey.

        Raises
        ------
        WorldError
            If the survey's file cannot be read any more.
        SensorError
            `CutOffError` or `TooOldError`, of an edge's sensor.
        """
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
