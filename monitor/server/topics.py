"""Hot topics over HTTP: counts of subjects by quarter hour, never of people."""

from __future__ import annotations

from datetime import datetime

from aiohttp import web

from monitor.server.problem import ProblemError
from monitor.server.route import Route
from monitor.server.services import SERVICES
from monitor.server.views import View
from monitor.server.wire import json_response
from monitor.topics import BUCKET_S, Topics

N_SHOWN = 200
"""Topics at most, those last added to."""
DAY_BUCKETS = 96


class TopicView(View, frozen=True, kw_only=True):
    category: str
    exam: str
    place: str
    hot: bool
    """Out of its own ordinary now."""
    counts: list[int]
    """Posts in each quarter hour of the last day, the current one last."""


class TopicsView(View, frozen=True, kw_only=True):
    begins_at: datetime
    """Of the first count."""
    bucket_s: float
    topics: list[TopicView]


def topics_view(topics: Topics, now: datetime) -> TopicsView:
    hot = set(topics.hot(now))
    rows: list[TopicView] = []
    begins_at = now
    for topic in topics.topics()[-N_SHOWN:]:
        counts = topics.counts(topic, now, DAY_BUCKETS)
        begins_at = counts[0][0]
        rows.append(
            TopicView(
                category=topic.category,
                exam=topic.exam,
                place=topic.place,
                hot=topic in hot,
                counts=[n for _, n in counts],
            )
        )
    rows.sort(key=lambda row: (not row.hot, -sum(row.counts), row.category))
    return TopicsView(begins_at=begins_at, bucket_s=BUCKET_S, topics=rows)


async def get_topics(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    if services.topics is None:
        raise ProblemError(409, "no-topics", "this process reads no posts")
    return json_response(topics_view(services.topics, services.now()))


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/topics",
        get_topics,
        "getTopics",
        "Subjects that rules found in posts, by quarter hour, and which are breaking out",
        TopicsView,
        problems=(409,),
        needs="alerts",
    ),
)
