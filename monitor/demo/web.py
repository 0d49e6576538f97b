"""The demo's web: a forum and two feeds on loopback, whose posts appear as the demo goes on.

    /                              where to look
    /forum/forum-2-N.html          list of threads, page N      (the crawler's preset: discuz)
    /forum/thread-ID-1-1.html      one thread
    /forum/attachment/ID.png       its picture; .jpg: its photo
    /feeds/news.xml                RSS in UTF-8
    /feeds/campus.xml              Atom in GB18030
    /article/ID.html               what the items of the feeds link to

Answers carry an ETag and honour If-None-Match, so that a polite crawler is answered with 304.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

from aiohttp import web

from monitor.demo import pages
from monitor.demo.posts import DemoPost, DemoPosts, Place


def make_app(posts: DemoPosts, *, now: Callable[[], datetime], started_at: datetime) -> web.Application:
    """The application; `now` and `started_at` (both aware) decide which posts are out."""
    site = _Site(posts, now, started_at)
    app = web.Application()
    app.add_routes(
        [
            web.get("/", site.front),
            web.get("/robots.txt", site.robots),
            web.get("/forum/", site.forum_list),
            web.get(r"/forum/forum-2-{page:\d{1,6}}.html", site.forum_list),
            web.get(r"/forum/thread-{id:\d{1,9}}-1-1.html", site.thread),
            web.get(r"/forum/attachment/{id:\d{1,9}}.png", site.picture),
            web.get(r"/forum/attachment/{id:\d{1,9}}.jpg", site.photo),
            web.get("/feeds/news.xml", site.news),
            web.get("/feeds/campus.xml", site.campus),
            web.get(r"/article/{id:\d{1,9}}.html", site.article),
        ]
    )
    return app


class _Site:
    def __init__(self, posts: DemoPosts, now: Callable[[], datetime], started_at: datetime) -> None:
        self._posts, self._now, self._started_at = posts, now, started_at

    @property
    def _offset_s(self) -> float:
        return (self._now() - self._started_at).total_seconds()

    async def front(self, request: web.Request) -> web.Response:
        names = self._posts.names
        links = {
            "/forum/forum-2-1.html": names["forum"],
            "/feeds/news.xml": names["news"],
            "/feeds/campus.xml": names["campus"],
        }
        return _html(request, pages.front(links))

    async def robots(self, request: web.Request) -> web.Response:
        return _answer(request, b"User-agent: *\nDisallow: /admin/\n", "text/plain")

    async def forum_list(self, request: web.Request) -> web.Response:
        visible = self._posts.visible("forum", self._offset_s)
        page = int(request.match_info.get("page", "1"))
        if not 1 <= page <= pages.n_pages(len(visible)):
            raise web.HTTPNotFound
        return _html(request, pages.forum_list(self._posts.names["forum"], visible, page, self._started_at))

    async def thread(self, request: web.Request) -> web.Response:
        post = self._post(request, "forum")
        text = post.text_at(self._offset_s)
        return _html(request, pages.thread(self._posts.names["forum"], post, text, self._started_at))

    async def picture(self, request: web.Request) -> web.Response:
        post = self._post(request, "forum")
        if not post.picture:
            raise web.HTTPNotFound
        return _answer(request, pages.picture(post.picture), "image/png")

    async def photo(self, request: web.Request) -> web.Response:
        data = self._posts.photos.get(self._post(request, "forum").id)
        if data is None:
            raise web.HTTPNotFound
        return _answer(request, data, "image/jpeg")

    async def article(self, request: web.Request) -> web.Response:
        post = self._post(request, "news", "campus")
        text = post.text_at(self._offset_s)
        return _html(request, pages.article(self._posts.names[post.place], post, text, self._started_at))

    async def news(self, request: web.Request) -> web.Response:
        return _answer(request, self._feed(request, "news"), "application/rss+xml")

    async def campus(self, request: web.Request) -> web.Response:
        return _answer(request, self._feed(request, "campus"), "application/atom+xml")

    def _feed(self, request: web.Request, place: Place) -> bytes:
        offset_s = self._offset_s
        shown = [(post, post.text_at(offset_s)) for post in self._posts.visible(place, offset_s)[:50]]
        write = pages.rss if place == "news" else pages.atom
        return write(self._posts.names[place], str(request.url.origin()), shown, self._started_at)

    def _post(self, request: web.Request, *places: Place) -> DemoPost:
        post = self._posts.find(int(request.match_info["id"]), self._offset_s)
        if post is None or post.place not in places:
            raise web.HTTPNotFound
        return post


def _html(request: web.Request, text: str) -> web.Response:
    return _answer(request, text.encode(), "text/html", charset="utf-8")


def _answer(request: web.Request, body: bytes, media_type: str, charset: str | None = None) -> web.Response:
    tag = hashlib.sha256(body).hexdigest()[:20]
    asked = request.if_none_match or ()
    if any(each.value == tag for each in asked):
        return web.Response(status=304, headers={"ETag": f'"{tag}"'})
    return web.Response(body=body, content_type=media_type, charset=charset, headers={"ETag": f'"{tag}"'})
