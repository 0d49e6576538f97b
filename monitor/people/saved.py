"""Views that people save: a page's narrowed list under a name, their own or shared with the department.

    own      seen and changed by its person, in the order that the person gives them
    shared   seen by the department too, changed by its person alone

Who belongs to no department shares with everyone, and sees what every department shares.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal, get_args

import sqlalchemy as sa

from monitor.clock import Clock
from monitor.people.scope import Scope
from monitor.store.book import StoreBook
from monitor.store.errors import translated
from monitor.store.people_tables import default_views, people, saved_views

Page = Literal["review", "cases"]
PAGES: Final[tuple[Page, ...]] = get_args(Page)
MOST: Final = 24
"""Views of one person on one page; more is a list to search in, not one to press on."""
MOST_SHARED: Final = 60
"""Views of others that are listed."""
LONGEST_NAME: Final = 24
LONGEST_QUERY: Final = 500


@dataclass(frozen=True, slots=True)
class SavedView:
    id: str
    page: Page
    name: str
    query: str
    """Of the page's address, as the page writes it."""
    shared: bool
    person: str
    is_default: bool
    """The page opens with it, for who asked."""


@dataclass(frozen=True, slots=True)
class ViewChange:
    """What is to be changed of a view; None leaves it as it is."""

    name: str | None = None
    query: str | None = None
    shared: bool | None = None
    place: int | None = None
    """Its number among the person's views of the page, from 0."""


class ViewError(Exception):
    """What was asked cannot be; the message is one line."""


class NoSuchViewError(Exception):
    """The person has none of that id."""


class SavedViews:
    """Every call may raise `StoreError`."""

    def __init__(self, book: StoreBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    async def listed(self, person: str, scope: Scope) -> list[SavedView]:
        """The person's own in their order, then what others share with the department."""

        def work() -> list[SavedView]:
            with translated(), self._book.store.reader.connect() as db:
                return _listed(db, person, scope)

        return await self._book.read(work)

    async def save(self, person: str, page: Page, name: str, query: str, *, shared: bool) -> None:
        """Under a name that is taken it takes that one's place.

        Raises
        ------
        ViewError
            Name or query is none, or the person has `MOST` views of the page.
        """
        name = _checked_name(name)
        _check_query(query)

        def work(db: sa.Connection) -> None:
            mine = _mine(db, person, page)
            known = next((row for row in mine if row.name == name), None)
            if known is not None:
                _alter(db, known.id, {"query": query, "shared": shared})
                return
            if len(mine) >= MOST:
                raise ViewError(f"there are {MOST} views of this page: delete one first")
            row = {
                "id": secrets.token_hex(6), "person": person, "page": page, "name": name,
                "query": query, "shared": shared, "place": len(mine),
            }  # fmt: skip
            db.execute(sa.insert(saved_views), [row])

        body = {"page": page, "query": query, "shared": shared}
        await self._change(person, "view.saved", name, body, work)

    async def change(self, person: str, view: str, change: ViewChange) -> None:
        """Raises `NoSuchViewError`, also for what is somebody else's, and `ViewError`."""
        name = None if change.name is None else _checked_name(change.name)
        if change.query is not None:
            _check_query(change.query)
        given = {"name": name, "query": change.query, "shared": change.shared}
        values = {key: value for key, value in given.items() if value is not None}

        def work(db: sa.Connection) -> None:
            found = _own(db, person, view)
            mine = _mine(db, person, found.page)
            if any(row.name == name and row.id != view for row in mine):
                raise ViewError(f"there is a view {name!r} already")
            if values:
                _alter(db, view, values)
            if change.place is not None:
                order = [row.id for row in mine if row.id != view]
                order.insert(min(max(0, change.place), MOST), view)
                for place, one in enumerate(order):
                    _alter(db, one, {"place": place})

        body = values | ({} if change.place is None else {"place": change.place})
        await self._change(person, "view.changed", view, body, work)

    async def drop(self, person: str, view: str) -> None:
        """Raises `NoSuchViewError`."""

        def work(db: sa.Connection) -> None:
            _own(db, person, view)
            db.execute(sa.delete(saved_views).where(saved_views.c.id == view))
            db.execute(sa.delete(default_views).where(default_views.c.view == view))

        await self._change(person, "view.dropped", view, {}, work)

    async def open_with(self, person: str, scope: Scope, page: Page, view: str | None) -> None:
        """Have the page open with a view that the person sees; None: with the whole list.

        Raises
        ------
        NoSuchViewError
            The person sees none of that id on the page.
        """

        def work(db: sa.Connection) -> None:
            table = default_views
            db.execute(sa.delete(table).where(table.c.person == person, table.c.page == page))
            if view is None:
                return
            if not any(one.id == view and one.page == page for one in _listed(db, person, scope)):
                raise NoSuchViewError(view)
            db.execute(sa.insert(table), [{"person": person, "page": page, "view": view}])

        await self._change(person, "view.default", page, {"view": view}, work)

    async def _change(self, person: str, action: str, subject: str, body: dict[str, Any], work: Any) -> None:
        store, now = self._book.store, self._clock.now()
        await self._book.write(partial(store.change, person, action, subject, body, now, work))


def _checked_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise ViewError(f"name: 1 to {LONGEST_NAME} printable characters")
    return name


def _check_query(query: str) -> None:
    if len(query) > LONGEST_QUERY or not (query.isascii() and query.isprintable()):
        raise ViewError(f"query: at most {LONGEST_QUERY} characters, as in an address")


def _mine(db: sa.Connection, person: str, page: str) -> list[sa.Row[Any]]:
    table = saved_views.c
    wanted = sa.select(saved_views).where(table.person == person, table.page == page)
    return list(db.execute(wanted.order_by(table.place, table.name)))


def _own(db: sa.Connection, person: str, view: str) -> sa.Row[Any]:
    found = db.execute(
        sa.select(saved_views).where(saved_views.c.id == view, saved_views.c.person == person)
    ).one_or_none()
    if found is None:
        raise NoSuchViewError(view)
    return found


def _alter(db: sa.Connection, view: str, values: dict[str, Any]) -> None:
    db.execute(sa.update(saved_views).where(saved_views.c.id == view).values(values))


def _listed(db: sa.Connection, person: str, scope: Scope) -> list[SavedView]:
    table, owner = saved_views.c, people.c
    opens = set(db.execute(sa.select(default_views.c.view).where(default_views.c.person == person)).scalars())
    own = sa.select(saved_views).where(table.person == person).order_by(table.page, table.place, table.name)
    # Who may no longer log in shares nothing; where logins are off nobody is registered.
    others = (
        sa.select(saved_views)
        .join_from(saved_views, people, owner.name == table.person)
        .where(table.person != person, table.shared, owner.disabled.is_(False))
        .order_by(table.page, table.name, table.person)
        .limit(MOST_SHARED)
    )
    if scope.department is not None:
        others = others.where(sa.or_(owner.department.is_(None), owner.department == scope.department))
    return [
        SavedView(row.id, row.page, row.name, row.query, row.shared, row.person, row.id in opens)
        for row in (*db.execute(own), *db.execute(others))
    ]
