"""Hot topics in the daemon: counted by subject, told once when one breaks out, kept over a restart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crawlers.document import Document
from monitor.alert.alert import Alert, RuleHit
from monitor.clock import FakeClock
from monitor.queue.memory import MemoryQueue
from monitor.server.topics import topics_view
from monitor.topicdesk import TopicDesk
from monitor.topics import Topics

NOON = datetime(2026, 6, 7, 4, 0, tzinfo=UTC)


def post(number: int, at: datetime) -> Document:
    return Document(
        id=f"d{number}",
        source="forum",
        url=f"http://x/{number}",
        author="somebody",
        title="",
        text="",
        published_at=None,
        first_seen_at=at,
        fetched_at=at,
        digest="sha256:0",
    )


def found(category: str, at: datetime, *, experimental: bool = False, drill: bool = False) -> list[Alert]:
    hit = RuleHit("r", "high", category, experimental, {}, at, "e")
    return [
        Alert(
            id="a",
            cause="c",
            kind="web",
            level="high",
            labels={},
            annotations={},
            starts_at=at,
            updated_at=at,
            ends_at=None,
            why=[],
            event={"exam": "gaokao"},
            drill=drill,
            rules=[hit],
        )
    ]


@pytest.fixture
def queue():
    return MemoryQueue()


@pytest.fixture
def desk(tmp_path, queue):
    desk = TopicDesk(tmp_path / "topics.json", queue, FakeClock(NOON))
    # Two quiet days lie behind.
    desk.topics = Topics(NOON - timedelta(days=2))
    return desk


async def test_an_outbreak_is_told_once_with_its_usual_count(desk, queue):
    for number in range(12):
        await desk.note(post(number, NOON), found("rumour", NOON))
    (told,) = [queued.alert for queued in await queue.take(100, 0.0)]
    assert told.labels == {"topic": "rumour", "exam": "gaokao"}
    assert "usually 0" in told.annotations["summary_en"]
    assert "平时 0" in told.annotations["summary_zh"]
    view = topics_view(desk.topics, NOON)
    assert (view.topics[0].category, view.topics[0].hot, view.topics[0].counts[-1]) == ("rumour", True, 12)
    assert "somebody" not in str(view)


async def test_unproven_rules_drills_and_doubles_make_no_topic(desk, queue):
    for number in range(12):
        await desk.note(post(number, NOON), found("rumour", NOON, experimental=True))
        await desk.note(post(number, NOON), found("rumour", NOON, drill=True))
        await desk.note(post(1, NOON), found("sell", NOON))
    assert queue.stats().n_waiting == 0
    assert [(row.category, sum(row.counts)) for row in topics_view(desk.topics, NOON).topics] == [("sell", 1)]


async def test_the_week_is_kept_over_a_restart_and_what_cannot_be_read_begins_anew(desk, queue, tmp_path):
    await desk.note(post(1, NOON), found("sell", NOON))
    await desk.keep()
    again = TopicDesk(tmp_path / "topics.json", queue, FakeClock(NOON))
    assert [sum(row.counts) for row in topics_view(again.topics, NOON).topics] == [1]
    (tmp_path / "topics.json").write_text('{"first": "x"}')
    assert TopicDesk(tmp_path / "topics.json", queue, FakeClock(NOON)).topics.topics() == []
