"""Silences, and what was told to whom."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from monitor.notify.matcher import Matcher, MatcherError, parse, within
from monitor.notify.silence import Asker, NotYoursError, Silence, barred
from monitor.server.access import actor_of, granted_to, scope_of
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.services import SERVICES, Telling
from monitor.server.telling_views import (
    NoticesView,
    NoticeView,
    SilenceBody,
    SilencedView,
    SilencesView,
    SilenceView,
)
from monitor.server.wire import json_body, json_response

LONGEST = timedelta(days=31)
"""Longer is no silence but a rule that is wrong, or an exception."""
MAX_MATCHERS = 20
N_NOTICES = 200


def _service(request: web.Request) -> Telling:
    service = request.app[SERVICES].telling
    if service is None:
        raise ProblemError(409, "no-notices", "this process tells nobody")
    return service


def _asker(request: web.Request) -> Asker:
    return Asker(actor_of(request), granted_to(request), scope_of(request))


def _view(one: Silence, asker: Asker) -> SilenceView:
    return SilenceView(
        id=one.id,
        matchers=[str(matcher) for matcher in one.matchers],
        reason=one.reason,
        author=one.author,
        starts_at=one.starts_at,
        ends_at=one.ends_at,
        barred=barred(one, asker),
    )


def _matchers(body: SilenceBody) -> list[Matcher]:
    if not 1 <= len(body.matchers) <= MAX_MATCHERS:
        raise ProblemError(400, "bad-parameter", f"matchers: 1 to {MAX_MATCHERS} are needed")
    try:
        return [parse(text) for text in body.matchers]
    except MatcherError as error:
        raise ProblemError(400, "bad-parameter", f"matchers: {error}") from None


def _own(request: web.Request) -> list[Matcher]:
    """Nobody silences for others: who sees some venues alone keeps back only what is of these."""
    venues = scope_of(request).venues
    return [] if venues is None else [within(venues)]


async def list_silences(request: web.Request) -> web.StreamResponse:
    lasting = await _service(request).silences()
    return json_response(SilencesView(silences=[_view(one, _asker(request)) for one in lasting]))


async def add_silence(request: web.Request) -> web.StreamResponse:
    service, body = _service(request), await json_body(request, SilenceBody)
    matchers = [*_matchers(body), *_own(request)]
    n_hidden = await service.would_hide(matchers)
    if body.try_only:
        return json_response(SilencedView(silence=None, n_hidden=n_hidden))
    now = request.app[SERVICES].now()
    if not body.reason.strip():
        raise ProblemError(400, "bad-parameter", "reason: say why")
    if body.ends_at is None or body.ends_at.tzinfo is None or not now < body.ends_at <= now + LONGEST:
        raise ProblemError(400, "bad-parameter", "ends_at: an instant with its zone, within 31 days")
    asker = _asker(request)
    made = await service.silence(matchers, body.reason.strip(), asker.name, body.ends_at, asker.scope)
    return json_response(SilencedView(silence=_view(made, asker), n_hidden=n_hidden))


async def end_silence(request: web.Request) -> web.StreamResponse:
    service, silence_id = _service(request), request.match_info["silence"]
    try:
        lasted = await service.unsilence(silence_id, _asker(request))
    except NotYoursError as error:
        raise ProblemError(403, "not-yours", str(error)) from None
    if not lasted:
        raise ProblemError(404, "no-such-silence", f"no silence {silence_id!r} lasts")
    return await list_silences(request)


async def list_notices(request: web.Request) -> web.StreamResponse:
    newest = await _service(request).notices(N_NOTICES)
    return json_response(
        NoticesView(
            notices=[
                NoticeView(
                    id=one.id,
                    receiver=one.receiver,
                    reason=one.reason,
                    state=one.state,
                    title=str(one.body.get("title", "")),
                    n_attempts=one.n_attempts,
                    maybe_repeated=one.maybe_repeated,
                    created_at=one.created_at,
                    sent_at=one.sent_at,
                    error=one.error,
                )
                for one in newest
            ]
        )
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/silences",
        list_silences,
        "listSilences",
        "Silences that last, the one that ends first first",
        SilencesView,
        problems=(409,),
        needs="alerts",
    ),
    Route(
        "/api/silences",
        add_silence,
        "addSilence",
        "Silence what the matchers fit until an instant, or only count what that would have hidden",
        SilencedView,
        problems=(400, 409, 415),
        method="POST",
        body=SilenceBody,
        needs="silence",
    ),
    Route(
        "/api/silences/{silence}",
        end_silence,
        "endSilence",
        "End a silence now: one's own, or as a supervisor of its venues and department",
        SilencesView,
        (Param("silence", "path", {"type": "string"}, "its id"),),
        (404, 409),
        method="DELETE",
        needs="silence",
    ),
    Route(
        "/api/notices",
        list_notices,
        "listNotices",
        "The newest messages: to whom, why, and whether they were taken",
        NoticesView,
        problems=(409,),
        needs="alerts",
    ),
)
