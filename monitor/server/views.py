"""What goes over the wire, one struct a JSON object; the OpenAPI schemas are made from these.

A name here is a promise to the console and to users' scripts: fields are added, never renamed.
All instants are aware UTC and are written as ISO 8601 with ``Z``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

from monitor.people.roles import Permission, Role

Kind = Literal["radio", "web", "correlation", "health"]
Level = Literal["low", "medium", "high", "critical"]
AlertState = Literal["firing", "ended"]
Review = Literal["open", "mine", "judged"]
"""``open``: no case, or one that is not judged. ``mine``: held by who asks."""
Phase = Literal["before", "in", "after", "none"]
PartState = Literal["ok", "starting", "silent", "failed", "ended"]
SourceState = Literal["ok", "starting", "silent", "failed", "elsewhere"]
"""``elsewhere``: another worker of the crawlers polls it."""
"""Of a sensor or a source. ``silent``: nothing came for longer than it should take."""


class View(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all that is sent: immutable, fields by name only."""


class ReasonView(View, frozen=True, kw_only=True):
    """One tested field of the rule's selection and what was found there."""

    selection: str = ""
    field: str = ""
    modifier: str = ""
    expected: Any = None
    actual: Any = None
    spans: list[tuple[int, int]] = []
    """Into the original ``event[field]``, in code points, end exclusive."""
    text: str = ""
    text_zh: str = ""
    rule: str = ""
    """Whose selection it is."""


class EvidenceRef(View, frozen=True, kw_only=True):
    digest: str
    media_type: str
    role: str
    """``spectrogram``, ``samples``, ``metadata``, ``audio``, ``document`` …"""


class RuleView(View, frozen=True, kw_only=True):
    """A rule that fired, with the newest time that it did."""

    rule: str
    level: Level
    category: str
    experimental: bool
    texts: dict[str, str]
    """``title_en``, ``title_zh``, ``advice_en``, ``advice_zh``."""
    at: datetime


class CaseBrief(View, frozen=True, kw_only=True):
    """The case that an alert is in."""

    id: str
    state: str
    verdict: str | None
    owner: str | None
    lease_until: datetime | None
    version: int


class AlertView(View, frozen=True, kw_only=True):
    """One alert as it stands now; all raises with the same labels are one alert."""

    fingerprint: str
    kind: Kind
    level: Level
    labels: dict[str, str]
    annotations: dict[str, str]
    starts_at: datetime
    updated_at: datetime
    ends_at: datetime | None
    firing: bool
    count: int
    venue: str | None
    drill: bool
    experimental: bool
    rules: list[RuleView]
    """All that fired, the one that gives level and title first; none for an alert of health."""
    why: list[ReasonView]
    event: dict[str, Any]
    """The newest flat event, with the names of ``/api/fields``."""
    evidence: list[EvidenceRef]
    history: list[dict[str, Any]]
    """Each raise: ``at``, ``event_id``, and what the store keeps beside them; oldest first."""
    case: CaseBrief | None
    acked_by: str | None
    acked_at: datetime | None


class AlertDetail(AlertView, frozen=True, kw_only=True):
    events: list[dict[str, Any]] = []
    """The flat events that raised it, oldest first; for the web, one a version."""


class NamedPersonView(View, frozen=True, kw_only=True):
    """Whom one picture of a post names."""

    attachment: str
    name: str | None
    seat: str | None
    """Room and seat, as written."""
    number: str | None
    """Of the candidate."""
    seen_at: datetime


class PersonalView(View, frozen=True, kw_only=True):
    people: list[NamedPersonView]


class AlertPage(View, frozen=True, kw_only=True):
    alerts: list[AlertView]
    next_cursor: str | None
    total: int
    """How many match the filter, not how many are in this page."""
    more: bool = False
    """There are more than ``total``: it is the most that is counted."""
    live_id: int
    """The stream's number that this page already contains: open ``/api/live?after=`` with it."""


class Note(View, frozen=True, kw_only=True):
    """Something that people should know, in both languages."""

    code: str
    en: str
    zh: str


class BandView(View, frozen=True, kw_only=True):
    low_hz: float
    high_hz: float


class BandCoverage(View, frozen=True, kw_only=True):
    low_hz: float
    high_hz: float
    revisit_s: float | None = None
    intercept_100ms: float | None = None
    intercept_1s: float | None = None
    """Chance that a burst of one second is heard, 0 to 1."""
    intercept_5s: float | None = None


class StareView(View, frozen=True, kw_only=True):
    """A receiver held at one frequency, away from its plan."""

    center_hz: float
    until: datetime
    by: str
    reason: str


class SensorHealth(View, frozen=True, kw_only=True):
    id: str
    state: PartState
    venue: str | None = None
    last_seen_at: datetime | None = None
    error: str | None = None
    n_emissions: int = 0
    n_dropped: int = 0
    """Emissions that found no room on the way to the rules."""
    n_samples_lost: int = 0
    bands: list[BandCoverage] = []
    unwatched: list[BandView] = []
    """What a receiver could tune to and this sensor does not hear."""
    notes: list[Note] = []
    """What is odd about the receiver itself: drift since the survey, other settings."""
    stare: StareView | None = None
    """``bands`` and ``unwatched`` say meanwhile what is so, not what is planned."""


class SourceHealth(View, frozen=True, kw_only=True):
    id: str
    state: SourceState
    kind: str = ""
    last_ok_at: datetime | None = None
    next_at: datetime | None = None
    error: str | None = None
    n_failures: int = 0
    n_documents: int = 0


class QueueHealth(View, frozen=True, kw_only=True):
    n_waiting: int = 0
    oldest_s: float = 0.0
    n_dropped: dict[str, int] = {}
    """By reason."""


class SessionClock(View, frozen=True, kw_only=True):
    exam: str
    session: str
    starts_at: datetime
    ends_at: datetime
    phase: Phase
    venues: list[str] = []
    exam_en: str = ""
    exam_zh: str = ""
    session_en: str = ""
    session_zh: str = ""


class VenueName(View, frozen=True, kw_only=True):
    """How people call a venue."""

    id: str
    name_en: str
    name_zh: str


class HealthView(View, frozen=True, kw_only=True):
    status: Literal["ok", "degraded"]
    version: str
    started_at: datetime
    now: datetime
    """The server's clock, so that a console with a wrong clock still shows the right one."""
    sensors: list[SensorHealth]
    sources: list[SourceHealth]
    queue: QueueHealth
    sessions: list[SessionClock]
    """Of today and the next one, earliest first."""
    venues: list[VenueName] = []
    """All of the timetable's."""


class LivenessView(View, frozen=True, kw_only=True):
    status: Literal["ok", "degraded"]


class FieldView(View, frozen=True, kw_only=True):
    name: str
    type: str
    unit: str
    en: str
    zh: str


class FieldTables(View, frozen=True, kw_only=True):
    radio: list[FieldView]
    web: list[FieldView]


class LeftView(View, frozen=True, kw_only=True):
    """A session that is over."""

    name: str
    url: str | None
    """The provider's page to go on to, so that nobody stays logged in there; None: there is none."""


class SessionView(View, frozen=True, kw_only=True):
    """Who is logged in, as the console needs to know."""

    name: str
    """``local`` where logins are off."""
    role: Role
    permissions: list[Permission]
    must_change: bool
    """Another password must be chosen before anything else is allowed."""
    csrf: str
    """Sent back as ``X-CSRF-Token`` with all that changes something; empty where logins are off."""
    expires_at: datetime | None
    venues: list[str] | None
    """None: all."""
    department: str | None


class LoginBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    password: str


class PasswordBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    old: str
    new: str


class PersonView(View, frozen=True, kw_only=True):
    name: str
    role: Role
    disabled: bool
    must_change: bool
    created_at: datetime
    venues: list[str] | None
    """Whose alerts the person sees; None: all."""
    department: str | None
    issuer: str | None = None
    """The provider that keeps role, scope and password of the person; None: they are kept here."""
    one_time_password: str | None = None
    """Only in the answer to what made it; it is kept nowhere."""


class PeopleView(View, frozen=True, kw_only=True):
    people: list[PersonView]


class NewPersonBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    role: Role


class ScopeBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    venues: list[str] | None = None
    department: str | None = None


class PersonChange(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed; what is left out stays."""

    role: Role | None = None
    disabled: bool | None = None
    new_password: bool = False
    """Make a password for one use."""
    scope: ScopeBody | None = None


class TokenView(View, frozen=True, kw_only=True):
    """A key for programs."""

    id: str
    name: str
    """Whose it is: it may no more than that person."""
    note: str
    permissions: list[Permission]
    created_at: datetime
    expires_at: datetime
    token: str | None = None
    """Only in the answer to what made it; its digest alone is kept."""


class TokensView(View, frozen=True, kw_only=True):
    tokens: list[TokenView]


class TokenBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: str
    permissions: list[Permission]
    days: int
    note: str = ""


class ProblemView(View, frozen=True, kw_only=True):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    """Stable, for programs: ``bad-parameter``, ``not-found`` …"""
