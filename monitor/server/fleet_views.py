"""What the API tells of a fleet."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from monitor.fleet.hands import Reason
from monitor.server.views import VenueName, View


class OutboxView(View, frozen=True, kw_only=True):
    """What waits at a node for the hub."""

    n_waiting: int
    n_bytes: int
    max_bytes: int
    n_dropped: int
    n_refused: int
    n_evidence: int


class NodeView(View, frozen=True, kw_only=True):
    """A machine that belongs to this hub, is invited to, or only reports on its link."""

    node: str
    venue: str | None
    role: str | None
    state: Literal["invited", "enrolled", "revoked", "expired", "linked"]
    needs: list[Reason]
    """Why a person must look after it, the gravest first."""
    invited_by: str | None
    expires_at: datetime | None
    """Of the invitation."""
    enrolled_at: datetime | None
    last_seen: datetime | None
    certificate_ends_at: datetime | None
    revoked_at: datetime | None
    revoked_by: str | None
    reason: str | None
    software: str | None
    release: int | None
    refused: int | None
    refused_why: str | None
    health: str | None
    problem: str | None
    clock_offset_s: float | None
    cloned_at: datetime | None
    """When two machines last used its identity."""
    outbox: OutboxView | None


class StepView(View, frozen=True, kw_only=True):
    """The end of a stage, and what the health of the nodes said."""

    at: datetime
    stage: int
    state: Literal["running", "done", "rolled-back"]
    n_sound: int
    failing: list[str]
    by: str
    """Who halted it; empty: the nodes' health did."""


class ReleaseView(View, frozen=True, kw_only=True):
    """A release of configuration and rules."""

    serial: int
    made_by: str
    made_at: datetime
    note: str
    content: str
    """Digest of its files alone: equal ones are the same files."""
    state: Literal["running", "done", "rolled-back"]
    stage: int
    stage_at: datetime
    share: float
    """Of all nodes that are to have it by now."""
    n_offered: int
    n_sound: int
    failing: list[str]
    why: str
    steps: list[StepView]


class FleetView(View, frozen=True, kw_only=True):
    nodes: list[NodeView]
    venues: list[VenueName]
    """For which somebody may be invited; none: any."""
    has_register: bool
    """Whether this hub lets machines in; else it only hears them on its link."""
    stages: list[float]
    soak_s: float
    releases: list[ReleaseView]
    """The newest first."""


class InviteBody(View, frozen=True, kw_only=True):
    node: str
    venue: str
    hours: float = 24


class InvitedView(View, frozen=True, kw_only=True):
    node: str
    venue: str
    code: str
    """Lets one machine in, once; shown only now."""
    expires_at: datetime


class RevokeBody(View, frozen=True, kw_only=True):
    reason: str = ""


class RevokedView(View, frozen=True, kw_only=True):
    node: str
    is_cut_off: bool
    """Whether the nats-server beside this hub was told; else it runs elsewhere and must be."""
