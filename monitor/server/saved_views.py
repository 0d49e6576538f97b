"""Saved views over the wire."""

from __future__ import annotations

from monitor.people.saved import Page
from monitor.server.views import View


class SavedViewView(View, frozen=True, kw_only=True):
    """A page's narrowed list under a name."""

    id: str
    page: Page
    name: str
    query: str
    """Of the page's address."""
    shared: bool
    """The owner's department sees it too."""
    owner: str
    mine: bool
    """Only then it can be changed."""
    is_default: bool
    """The page opens with it."""


class SavedViewsView(View, frozen=True, kw_only=True):
    views: list[SavedViewView]
    """One's own in one's order, then those that others share."""


class NewViewBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    page: Page
    name: str
    query: str
    shared: bool = False


class ViewChangeBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be changed; null leaves it as it is."""

    name: str | None = None
    query: str | None = None
    shared: bool | None = None
    place: int | None = None
    """Its number among one's views of the page, from 0."""


class DefaultViewBody(View, frozen=True, kw_only=True, forbid_unknown_fields=True):
    page: Page
    view: str | None
    """null: the page opens with the whole list."""
