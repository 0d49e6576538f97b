"""Nodes: letting one in, hearing each, showing them all, and what people do to them."""

from __future__ import annotations

from collections.abc import Awaitable, Collection
from datetime import datetime
from typing import TypeVar

from aiohttp import web

from monitor.fleet.authority import RequestError
from monitor.fleet.desk import FleetDesk
from monitor.fleet.enrol import EnrolThrottledError
from monitor.fleet.exchange import EnrolBody, EnrolView
from monitor.fleet.hands import offset_of, reasons
from monitor.fleet.office import FleetOffice
from monitor.fleet.register import EnrolRefusedError, FleetError
from monitor.fleet.releases import Release
from monitor.fleet.report import RenewBody, ReportBody, ReportError, ReportView
from monitor.fleet.roll import Node
from monitor.fleet.rollout import Policy, failing
from monitor.link.nodes import Known
from monitor.server.access import actor_of, scope_of
from monitor.server.fleet_views import (
    FleetView,
    InviteBody,
    InvitedView,
    NodeView,
    OutboxView,
    ReleaseView,
    RevokeBody,
    RevokedView,
    StepView,
)
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.services import SERVICES
from monitor.server.views import VenueName
from monitor.server.wire import json_body, json_response

MAX_HOURS = 720.0
NO_FLEET = "no nodes belong to this installation (no section 'fleet')"
T = TypeVar("T")


async def enrol(request: web.Request) -> web.StreamResponse:
    desk = request.app[SERVICES].enrol
    if desk is None:
        raise ProblemError(409, "no-fleet", NO_FLEET)
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


async def renew(request: web.Request) -> web.StreamResponse:
    desk = request.app[SERVICES].renew
    if desk is None:
        raise ProblemError(409, "no-fleet", NO_FLEET)
    body = await json_body(request, RenewBody)
    try:
        return json_response(await desk.renew(body, request.remote or ""))
    except RequestError as error:
        raise ProblemError(400, "bad-request", str(error)) from None
    except ReportError as error:
        raise ProblemError(403, "not-a-node", str(error)) from None
    except FleetError as error:
        raise ProblemError(409, "not-renewed", str(error)) from None


async def get_fleet(request: web.Request) -> web.StreamResponse:
    return json_response(await _fleet_view(request))


async def invite(request: web.Request) -> web.StreamResponse:
    office, body = _office(request), await json_body(request, InviteBody)
    if not 0 < body.hours <= MAX_HOURS:
        raise ProblemError(400, "bad-request", f"hours: more than 0, at most {MAX_HOURS:.0f}")
    _check_scope(request, body.venue)
    known = {one.id for one in _venues(request)}
    if known and body.venue not in known:
        raise ProblemError(409, "no-such-venue", f"'{body.venue}' is no venue of the timetable")
    code, expires_at = await _asked(office.invite(actor_of(request), body.node, body.venue, body.hours))
    view = InvitedView(node=body.node, venue=body.venue, code=code, expires_at=expires_at)
    return json_response(view)


async def revoke(request: web.Request) -> web.StreamResponse:
    office, body, name = _office(request), await json_body(request, RevokeBody), request.match_info["node"]
    node = next((one for one in await _desk(request).nodes() if one.node == name), None)
    if node is not None:
        _check_scope(request, node.venue)
    told = await _asked(office.revoke(actor_of(request), name, body.reason[:500]))
    return json_response(RevokedView(node=name, is_cut_off=told))


async def halt(request: web.Request) -> web.StreamResponse:
    await _asked(_office_of_all(request).halt(actor_of(request), _serial(request)))
    return json_response(await _fleet_view(request))


async def again(request: web.Request) -> web.StreamResponse:
    await _asked(_office_of_all(request).again(actor_of(request), _serial(request)))
    return json_response(await _fleet_view(request))


async def _asked(work: Awaitable[T]) -> T:
    try:
        return await work
    except FleetError as error:
        raise ProblemError(409, "refused", str(error)) from None


def _serial(request: web.Request) -> int:
    text = request.match_info["serial"]
    if not text.isdecimal() or len(text) > 9:
        raise ProblemError(404, "no-such-release", f"there is no release {text!r}")
    return int(text)


def _check_scope(request: web.Request, venue: str) -> None:
    venues = scope_of(request).venues
    if venues is not None and venue not in venues:
        raise ProblemError(409, "not-your-venue", f"'{venue}' is none of your venues")


def _venues(request: web.Request) -> list[VenueName]:
    place = request.app[SERVICES].map
    venues = place.view(scope_of(request)).venues if place is not None else []
    return [VenueName(id=one.id, name_en=one.name_en, name_zh=one.name_zh) for one in venues]


def _desk(request: web.Request) -> FleetDesk:
    desk = request.app[SERVICES].fleet
    if desk is None:
        raise ProblemError(409, "no-fleet", NO_FLEET)
    return desk


def _office(request: web.Request) -> FleetOffice:
    office = request.app[SERVICES].office
    if office is None:
        raise ProblemError(409, "no-fleet", NO_FLEET)
    return office


def _office_of_all(request: web.Request) -> FleetOffice:
    """For what every venue's machines feel."""
    if scope_of(request).venues is not None:
        raise ProblemError(409, "not-your-venue", "a release is for all venues, and you look after some")
    return _office(request)


async def _fleet_view(request: web.Request) -> FleetView:
    services, scope = request.app[SERVICES], scope_of(request).venues
    desk, office, edges, now = services.fleet, services.office, services.edges(), services.now()
    known = {one.node: one for one in await desk.nodes()} if desk is not None else {}
    nodes = [
        _node_view(name, known.get(name), edges.get(name), now)
        for name in sorted(known.keys() | edges.keys())
    ]
    nodes = [one for one in nodes if scope is None or one.venue in scope]
    shown = {one.node for one in nodes}
    policy = desk.policy if desk is not None else Policy()
    releases = [
        _release_view(one, policy, shown, now)
        for one in (await office.releases() if office is not None else [])
    ]
    return FleetView(
        nodes=nodes,
        venues=_venues(request),
        has_register=desk is not None,
        stages=list(policy.stages),
        soak_s=policy.soak.total_seconds(),
        releases=releases,
    )


def _node_view(name: str, one: Node | None, edge: Known | None, now: datetime) -> NodeView:
    told = edge.report if edge is not None else None
    seen = [at for at in (one.last_seen if one else None, edge.seen_at if edge else None) if at is not None]
    return NodeView(
        node=name,
        venue=one.venue if one else told.venue if told else None,
        role=told.role if told else None,
        state=one.state if one else "linked",
        needs=reasons(one, edge, now),
        invited_by=one.invited_by if one else None,
        expires_at=one.expires_at if one else None,
        enrolled_at=one.enrolled_at if one else None,
        last_seen=max(seen, default=None),
        certificate_ends_at=one.certificate_ends_at if one else None,
        revoked_at=one.revoked_at if one else None,
        revoked_by=one.revoked_by if one else None,
        reason=one.reason if one else None,
        software=(one.software if one else None) or (told.health.version if told else None),
        release=one.release if one else None,
        refused=one.refused if one else None,
        refused_why=one.refused_why if one else None,
        health=(one.health if one else None) or (told.health.status if told else None),
        problem=one.problem if one else None,
        clock_offset_s=offset_of(one, edge),
        cloned_at=one.cloned_at if one else None,
        outbox=OutboxView(
            n_waiting=told.outbox.n_waiting,
            n_bytes=told.outbox.n_bytes,
            max_bytes=told.outbox.max_bytes,
            n_dropped=sum(told.outbox.n_dropped.values()),
            n_refused=told.outbox.n_refused,
            n_evidence=told.outbox.n_evidence,
        )
        if told
        else None,
    )


def _release_view(one: Release, policy: Policy, shown: Collection[str], now: datetime) -> ReleaseView:
    rollout = one.rollout
    stage = min(rollout.stage, len(policy.stages) - 1)
    share = {"running": policy.stages[stage], "done": 1.0, "rolled-back": 0.0}[rollout.state]
    bad = failing(rollout, policy, now) if rollout.state == "running" else []
    return ReleaseView(
        serial=one.serial,
        made_by=one.made_by,
        made_at=one.made_at,
        note=one.note,
        content=one.content,
        state=rollout.state,
        stage=rollout.stage,
        stage_at=rollout.stage_at,
        share=share,
        n_offered=len(rollout.nodes),
        n_sound=sum(progress.is_sound(policy) for progress in rollout.nodes.values()),
        failing=[node for node in bad if node in shown],
        why=rollout.why,
        steps=[
            StepView(
                at=step.at,
                stage=step.stage,
                state=step.state,
                n_sound=step.n_sound,
                failing=[node for node in step.failing if node in shown],
                by=step.by,
            )
            for step in rollout.steps
        ],
    )


_NODE = Param("node", "path", {"type": "string"}, "its name")
_SERIAL = Param("serial", "path", {"type": "integer", "minimum": 1}, "its number")
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
        needs="health",
    ),
    Route(
        "/api/fleet/certificates",
        renew,
        "renewCertificate",
        "A node asks for a certificate of its next key, signed by the key it has",
        EnrolView,
        problems=(400, 403, 409, 415),
        method="POST",
        body=RenewBody,
        is_secret=True,
    ),
    Route(
        "/api/fleet/invites",
        invite,
        "inviteNode",
        "Make a code that lets one machine in at one venue, once: shown only now",
        InvitedView,
        problems=(400, 409, 415),
        method="POST",
        body=InviteBody,
        is_secret=True,
        needs="machines",
    ),
    Route(
        "/api/fleet/nodes/{node}/revoke",
        revoke,
        "revokeNode",
        "Shut a machine out at once; its open invitations end, too",
        RevokedView,
        (_NODE,),
        problems=(400, 409, 415),
        method="POST",
        body=RevokeBody,
        needs="machines",
    ),
    Route(
        "/api/fleet/releases/{serial}/halt",
        halt,
        "haltRelease",
        "Take back the release that is under way: the last good files come again for all",
        FleetView,
        (_SERIAL,),
        problems=(404, 409),
        method="POST",
        needs="machines",
    ),
    Route(
        "/api/fleet/releases/{serial}/again",
        again,
        "repeatRelease",
        "Give the files of a release that was on all nodes to all of them again, at once",
        FleetView,
        (_SERIAL,),
        problems=(404, 409),
        method="POST",
        needs="machines",
    ),
)
