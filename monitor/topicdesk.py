"""Hot topics in the daemon: counts what rules found in posts, tells of an outbreak, keeps its week.

alerts of one document ──categories──> Topics ──out of the ordinary──> alert, durable in the queue
                                          └──every minute──> topics.json
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from crawlers.document import Document
from monitor.alert.alert import Alert, fingerprint
from monitor.clock import Clock
from monitor.queue import AlertQueue
from monitor.topics import Topic, TopicAlarm, Topics

KEEP_S = 60.0
HOLD = timedelta(hours=2)
"""An outbreak that is told once is news for so long; it is told again when it comes back."""
TITLE = ("A subject is breaking out online", "网络话题热度异常")
ADVICE = (
    "Read the newest posts of this kind together: many people who repeat one claim are public opinion, "
    "not many leaks. Tell publicity and the cyberspace office before it is answered piece by piece.",
    "把此类最新帖子放在一起看：众人转述同一说法是舆情，不等于多处泄题。逐条回应前先通报宣传与网信部门。",
)

log = structlog.get_logger()


class TopicDesk:
    def __init__(self, file: Path, queue: AlertQueue, clock: Clock) -> None:
        self._file = file
        self._queue = queue
        self._clock = clock
        self.topics = _read(file, clock.now())

    async def note(self, document: Document, alerts: Sequence[Alert]) -> None:
        """Count `document` under each category that rules found in it.

        Raises
        ------
        QueueError
            If an outbreak could not be made durable.
        """
        found = {
            Topic(hit.category, str(alert.event.get("exam") or ""), alert.venue or "")
            for alert in alerts
            if alert.kind == "web" and not alert.drill
            for hit in alert.rules
            if not hit.experimental
        }
        at = document.first_seen_at
        alarms = [self.topics.add(topic, document.id, at) for topic in sorted(found, key=_order)]
        raised = [_alert(alarm, at) for alarm in alarms if alarm is not None]
        if raised:
            await self._queue.put(raised)

    async def run(self) -> None:
        """Keep the counts on disk, until cancelled."""
        while True:
            await self._clock.sleep(KEEP_S)
            await self.keep()

    async def keep(self) -> None:
        body = json.dumps(self.topics.to_plain(), ensure_ascii=False)

        def write() -> None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            draft = self._file.with_suffix(".new")
            draft.write_text(body, encoding="utf-8")
            draft.replace(self._file)

        try:
            await asyncio.to_thread(write)
        except OSError as error:
            log.error("the counts of topics could not be kept", error=str(error))


def _order(topic: Topic) -> tuple[str, str, str]:
    return (topic.category, topic.exam, topic.place)


def _read(file: Path, now: datetime) -> Topics:
    try:
        return Topics.from_plain(json.loads(file.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Topics(now)
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("topics are counted anew", file=str(file), error=str(error))
        return Topics(now)


def _alert(alarm: TopicAlarm, at: datetime) -> Alert:
    topic = alarm.topic
    labels = {"topic": topic.category}
    labels |= {"exam": topic.exam} if topic.exam else {}
    labels |= {"venue": topic.place} if topic.place else {}
    cause = hashlib.sha256(f"{fingerprint(labels)}{alarm.bucket_at.isoformat()}".encode()).hexdigest()[:32]
    shown = " · ".join(part for part in (topic.category, topic.exam, topic.place) if part)
    return Alert(
        id=cause,
        cause=cause,
        kind="web",
        level="medium",
        labels=labels,
        annotations={
            "title_en": TITLE[0],
            "title_zh": TITLE[1],
            "summary_en": f"{shown}: {alarm.n} posts in a quarter of an hour, usually {alarm.usual:g}",
            "summary_zh": f"{shown}：15 分钟内 {alarm.n} 条，平时 {alarm.usual:g} 条",
            "advice_en": ADVICE[0],
            "advice_zh": ADVICE[1],
        },
        starts_at=alarm.bucket_at,
        updated_at=at,
        ends_at=at + HOLD,
        why=[],
        event={
            "kind": "web",
            "at": at.isoformat(),
            "exam": topic.exam or None,
            "venue": topic.place or None,
            "category": topic.category,
            "n_posts": alarm.n,
            "usual": alarm.usual,
            "z": round(alarm.z, 2),
        },
        venue=topic.place or None,
    )
