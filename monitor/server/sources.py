"""Sources over HTTP: what they gave last, tips, and selectors tried out on a page."""

from __future__ import annotations

import sqlite3
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from crawlers.errors import CrawlError
from crawlers.source.base import Found
from crawlers.source.selectors import ListSelectors, PostSelectors
from monitor.server.access import actor_of
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.services import SERVICES
from monitor.server.source_views import (
    DocumentLine,
    SelectorBody,
    SourceView,
    TakenPost,
    TakenThread,
    TipLine,
    TipsView,
    TipView,
    TriedView,
)
from monitor.server.wire import json_body, json_response
from monitor.sourcedesk import BusyError, SelectorTrial, SourceDesk

N_DOCUMENTS = 50
N_TIPS = 100
N_SHOWN = 20
MAX_SHOWN_CHARS = 400
MAX_SELECTOR_CHARS = 500

_Model = TypeVar("_Model", bound=BaseModel)


def _desk(request: web.Request) -> SourceDesk:
    desk = request.app[SERVICES].sources
    if desk is None:
        raise ProblemError(409, "no-sources", "this process reads no sources")
    return desk


def _written(selectors: BaseModel | None) -> dict[str, str]:
    values: dict[str, Any] = selectors.model_dump(exclude_none=True) if selectors is not None else {}
    return {name: str(value) for name, value in values.items()}


async def get_source(request: web.Request) -> web.StreamResponse:
    desk, source = _desk(request), request.match_info["source"]
    try:
        post, listing = desk.selectors(source)
        found = await desk.documents(source, N_DOCUMENTS)
    except KeyError:
        raise ProblemError(404, "no-such-source", f"no source is called {source!r}") from None
    except (sqlite3.Error, OSError) as error:
        raise ProblemError(503, "unavailable", f"the crawler's memory cannot be read: {error}") from None
    return json_response(
        SourceView(
            id=source,
            addresses=list(desk.addresses(source)),
            post=_written(post),
            listing=_written(listing),
            documents=[
                DocumentLine(
                    id=one.id,
                    url=one.url,
                    title=one.title,
                    n_chars=one.n_chars,
                    version=one.version,
                    published_at=one.published_at,
                    first_seen_at=one.first_seen_at,
                    fetched_at=one.fetched_at,
                )
                for one in found
            ],
        )
    )


async def list_tips(request: web.Request) -> web.StreamResponse:
    try:
        found = await _desk(request).tips(N_TIPS)
    except OSError as error:
        raise ProblemError(503, "unavailable", f"the box cannot be read: {error.strerror}") from None
    if found is None:
        raise ProblemError(409, "no-tips", "no source of kind tips is configured")
    return json_response(
        TipsView(
            tips=[
                TipLine(
                    id=one.tip.id,
                    received_at=one.tip.received_at,
                    via=one.via,
                    exam=one.tip.exam,
                    place=one.tip.place,
                    has_link=bool(one.tip.link),
                    n_files=len(one.tip.files),
                    n_chars=len(one.tip.text),
                    taken=one.is_taken,
                )
                for one in found
            ]
        )
    )


async def get_tip(request: web.Request) -> web.StreamResponse:
    receipt = request.match_info["tip"]
    seen = await _desk(request).tip(receipt)
    if seen is None:
        raise ProblemError(404, "no-such-tip", f"there is no tip {receipt!r}")
    # People write names into tips: who read one stands in the audit before it is shown.
    await request.app[SERVICES].record(actor_of(request), "tip.viewed", receipt, {})
    tip = seen.tip
    return json_response(
        TipView(
            id=tip.id,
            received_at=tip.received_at,
            text=tip.text,
            link=tip.link,
            exam=tip.exam,
            place=tip.place,
            files=[name for name, _ in tip.files],
        )
    )


def _selectors(kind: type[_Model], given: dict[str, str], name: str) -> _Model | None:
    wanted = {key: text.strip() for key, text in given.items() if text.strip()}
    if not wanted:
        return None
    for key, text in wanted.items():
        if len(text) > MAX_SELECTOR_CHARS:
            raise ProblemError(400, "bad-selector", f"{name}.{key}: over {MAX_SELECTOR_CHARS} characters")
    try:
        return kind.model_validate(wanted)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, (name, *first["loc"])))
        raise ProblemError(400, "bad-selector", f"{where}: {first['msg']}") from None


async def try_selectors(request: web.Request) -> web.StreamResponse:
    desk, body = _desk(request), await json_body(request, SelectorBody)
    trial = SelectorTrial(
        body.url.strip(),
        _selectors(PostSelectors, body.post, "post"),
        _selectors(ListSelectors, body.listing, "listing"),
        body.source,
        body.stored,
    )
    if trial.post is None and trial.listing is None:
        raise ProblemError(400, "bad-selector", "a selector for posts or for threads is needed")
    how = {"source": body.source, "stored": body.stored}
    await request.app[SERVICES].record(actor_of(request), "source.tried", trial.address[:500], how)
    try:
        tried = await desk.try_selectors(trial)
    except KeyError:
        raise ProblemError(404, "no-such-source", f"no source is called {body.source!r}") from None
    except BusyError:
        raise ProblemError(409, "busy", "another trial is under way; try again in a moment") from None
    except CrawlError as error:
        raise ProblemError(422, f"crawl-{error.kind.replace('_', '-')}", str(error)) from None
    return json_response(
        TriedView(
            url=str(tried.page.url),
            fetched_at=tried.page.fetched_at,
            n_bytes=len(tried.page.body),
            n_posts=len(tried.posts),
            posts=[_taken(one) for one in tried.posts[:N_SHOWN]],
            n_threads=len(tried.threads),
            threads=[TakenThread(url=row.url, mark=row.mark) for row in tried.threads[:N_SHOWN]],
            next_url=tried.next_url,
        )
    )


def _taken(found: Found) -> TakenPost:
    return TakenPost(
        key=found.key,
        title=found.title,
        text=found.text[:MAX_SHOWN_CHARS],
        n_chars=len(found.text),
        author=found.author,
        published_at=found.published_at,
        url=found.url,
        n_files=len(found.links) + len(found.files),
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/sources/{source}",
        get_source,
        "getSource",
        "One source: its selectors, and the documents that it gave last",
        SourceView,
        (Param("source", "path", {"type": "string"}, "its id"),),
        (404, 409),
        needs="alerts",
    ),
    Route(
        "/api/sources/try",
        try_selectors,
        "trySelectors",
        "What selectors take from a page, fetched as the crawler would or as it was kept; audited",
        TriedView,
        problems=(400, 404, 409, 415, 422),
        method="POST",
        body=SelectorBody,
        needs="tune-rules",
    ),
    Route(
        "/api/tips",
        list_tips,
        "listTips",
        "Tips that were sent in, the newest first, without what they say",
        TipsView,
        problems=(409,),
        needs="alerts",
    ),
    Route(
        "/api/tips/{tip}",
        get_tip,
        "getTip",
        "What a tip says; each look is audited",
        TipView,
        (Param("tip", "path", {"type": "string"}, "its receipt"),),
        (404, 409),
        needs="personal",
    ),
)
