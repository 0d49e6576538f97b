"""Nodes: letting one in, hearing each, and showing them all."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from aiohttp import web

from monitor.fleet.authority import RequestError
from monitor.fleet.desk import FleetDesk
from monitor.fleet.enrol import EnrolThrottledError
from monitor.fleet.exchange import EnrolBody, EnrolView
from monitor.fleet.register import EnrolRefusedError
from monitor.fleet.report import ReportBody, ReportError, ReportView
from monitor.fleet.roll import Node
from monitor.fleet.rollout import failing
from monitor.server.access import scope_of
from monitor.server.problem import ProblemError
from monitor.server.route import Route
from monitor.server.services import SERVICES
from monitor.server.views import View
from monitor.server.wire import json_body, json_response


class NodeView(View, frozen=True, kw_only=True):
    """A machine that belongs to this hub, or is invited to."""

    node: str
    venue: str
    state: Literal["invited", "enrolled", "revoked", "expired"]
    invited_by: str
    enrolled_at: datetime | None
    last_seen: datetime | None
    certificate_ends_at: datetime | None
    software: str | None
    release: int | None
    health: str | None
    clock_offset_s: float | None
    cloned_at: datetime | None
    """When two machines last used its identity."""


class ReleaseView(View, frozen=True, kw_only=True):
    """The newest release of configuration and rules."""

    serial: int
    made_by: str
    made_at: datetime
    note: str
    state: Literal["running", "done", "rolled-back"]
    share: float
    """Of all nodes that are to have it by now."""
    n_offered: int
    n_sound: int
    failing: list[str]
    why: str


class FleetView(View, frozen=True, kw_only=True):
    nodes: list[NodeView]
    release: ReleaseView | None


async def enrol(request: web.Request) -> web.StreamResponse:
    desk = request.app[SERVICES].enrol
    if desk is None:
        raise ProblemError(409, "no-fleet", "no nodes belong to this installation (no section 'fleet')")
    body = await json_body(request, EnrolBody)
    try:
        return json_response(await desk.enrol(body, request.remote or ""))
    except EnrolThrottledError as error:
        raise ProblemError(
            429, "too-many-requests", str(error), {"Retry-After": str(int(error.wait_s) + 1)}
        ) from None
    except RequestError as error:
        raise ProblemError(400, "bad-request", str(error)) from None
    except EnrolRefusedError:
        raise ProblemError(
            403, "code-refused", "this code lets nobody in: it is unknown, too old or used; ask for a new one"
        ) from None


async def report(request: web.Request) -> web.StreamResponse:
    body = await json_body(request, ReportBody)
    try:
        return json_response(await _desk(request).report(body, request.remote or ""))
    except ReportError as error:
        raise ProblemError(403, "not-a-node", str(error)) from None


async def get_fleet(request: web.Request) -> web.StreamResponse:
    desk, venues = _desk(request), scope_of(request).venues
    nodes = [one for one in await desk.nodes() if venues is None or one.venue in venues]
    shown = {one.node for one in nodes}
    release = _release_view(desk, shown, request.app[SERVICES].now())
    return json_response(FleetView(nodes=[_node_view(one) for one in nodes], release=release))


def _desk(request: web.Request) -> FleetDesk:
    desk = request.app[SERVICES].fleet
    if desk is None:
        raise ProblemError(409, "no-fleet", "no nodes belong to this installation (no section 'fleet')")
    return desk


def _node_view(one: Node) -> NodeView:
    return NodeView(
        node=one.node,
        venue=one.venue,
        state=one.state,
        invited_by=one.invited_by,
        enrolled_at=one.enrolled_at,
        last_seen=one.last_seen,
        certificate_ends_at=one.certificate_ends_at,
        software=one.software,
        release=one.release,
        health=one.health,
        clock_offset_s=one.clock_offset_s,
        cloned_at=one.cloned_at,
    )


def _release_view(desk: FleetDesk, shown: Collection[str], now: datetime) -> ReleaseView | None:
    newest, policy = desk.newest, desk.policy
    if newest is None:
        return None
    rollout = newest.rollout
    share = {"running": policy.stages[rollout.stage], "done": 1.0, "rolled-back": 0.0}[rollout.state]
    return ReleaseView(
        serial=newest.serial,
        made_by=newest.made_by,
        made_at=newest.made_at,
        note=newest.note,
        state=rollout.state,
        share=share,
        n_offered=len(rollout.nodes),
        n_sound=sum(one.is_sound(policy) for one in rollout.nodes.values()),
        failing=[node for node in failing(rollout, policy, now) if node in shown],
        why=rollout.why,
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/enrol",
        enrol,
        "enrol",
        "Let a machine in: the request is signed by the key of a code that `sensor invite` made",
        EnrolView,
        problems=(400, 403, 409, 415, 429),
        method="POST",
        body=EnrolBody,
        is_secret=True,
    ),
    Route(
        "/api/fleet/reports",
        report,
        "reportNode",
        "A node says how it fares, signed by its key; the answer has the release that it is to run",
        ReportView,
        problems=(400, 403, 409, 415),
        method="POST",
        body=ReportBody,
        is_secret=True,
    ),
    Route(
        "/api/fleet",
        get_fleet,
        "getFleet",
        "The nodes of this hub with their versions, and how far the newest release has got",
        FleetView,
        problems=(409,),
        needs="health",
    ),
)
