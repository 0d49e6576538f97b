"""Views that people save: listed, saved, changed, dropped, and which one a page opens with."""

from __future__ import annotations

from collections.abc import Awaitable

from aiohttp import web

from monitor.people.saved import NoSuchViewError, SavedView, SavedViews, ViewChange, ViewError
from monitor.server.access import actor_of, scope_of
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.saved_views import (
    DefaultViewBody,
    NewViewBody,
    SavedViewsView,
    SavedViewView,
    ViewChangeBody,
)
from monitor.server.services import SERVICES
from monitor.server.wire import json_body, json_response


def _desk(request: web.Request) -> SavedViews:
    desk = request.app[SERVICES].saved
    if desk is None:
        raise ProblemError(409, "no-store", "this process has no store of its own to keep views in")
    return desk


def _view(one: SavedView, person: str) -> SavedViewView:
    return SavedViewView(
        id=one.id,
        page=one.page,
        name=one.name,
        query=one.query,
        shared=one.shared,
        owner=one.person,
        mine=one.person == person,
        is_default=one.is_default,
    )


async def list_views(request: web.Request) -> web.StreamResponse:
    person = actor_of(request)
    found = await _desk(request).listed(person, scope_of(request))
    return json_response(SavedViewsView(views=[_view(one, person) for one in found]))


async def _done(request: web.Request, work: Awaitable[None]) -> web.StreamResponse:
    """All views after `work`, or why it was refused."""
    try:
        await work
    except NoSuchViewError as error:
        raise ProblemError(404, "no-such-view", f"you have no view {str(error)!r}") from None
    except ViewError as error:
        raise ProblemError(409, "refused", str(error)) from None
    return await list_views(request)


async def save_view(request: web.Request) -> web.StreamResponse:
    desk, body = _desk(request), await json_body(request, NewViewBody)
    return await _done(
        request, desk.save(actor_of(request), body.page, body.name, body.query, shared=body.shared)
    )


async def change_view(request: web.Request) -> web.StreamResponse:
    desk, body = _desk(request), await json_body(request, ViewChangeBody)
    change = ViewChange(body.name, body.query, body.shared, body.place)
    if change == ViewChange():
        raise ProblemError(400, "bad-body", "nothing is to be changed")
    return await _done(request, desk.change(actor_of(request), request.match_info["view"], change))


async def drop_view(request: web.Request) -> web.StreamResponse:
    return await _done(request, _desk(request).drop(actor_of(request), request.match_info["view"]))


async def set_default(request: web.Request) -> web.StreamResponse:
    desk, body = _desk(request), await json_body(request, DefaultViewBody)
    return await _done(request, desk.open_with(actor_of(request), scope_of(request), body.page, body.view))


_VIEW = Param("view", "path", {"type": "string", "pattern": "^[0-9a-f]{12}$"}, "its id")

ROUTES: tuple[Route, ...] = (
    Route(
        "/api/views",
        list_views,
        "listViews",
        "One's saved views in one's order, then those that the department shares",
        SavedViewsView,
        problems=(409,),
        needs="alerts",
    ),
    Route(
        "/api/views",
        save_view,
        "saveView",
        "Save a page's narrowed list under a name; a name that is taken is written over",
        SavedViewsView,
        problems=(400, 409, 415),
        method="POST",
        body=NewViewBody,
        needs="alerts",
    ),
    Route(
        "/api/views/default",
        set_default,
        "setDefaultView",
        "Have a page open with a view, for oneself",
        SavedViewsView,
        problems=(400, 404, 409, 415),
        method="PUT",
        body=DefaultViewBody,
        needs="alerts",
    ),
    Route(
        "/api/views/{view}",
        change_view,
        "changeView",
        "Rename an own view, share it, move it, have it show another list",
        SavedViewsView,
        (_VIEW,),
        problems=(400, 404, 409, 415),
        method="PATCH",
        body=ViewChangeBody,
        needs="alerts",
    ),
    Route(
        "/api/views/{view}",
        drop_view,
        "dropView",
        "Delete an own view",
        SavedViewsView,
        (_VIEW,),
        problems=(404, 409),
        method="DELETE",
        needs="alerts",
    ),
)
