"""The demo is held to what its posts really are: the whole of it, through the real intake and rules."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest

from crawlers.document import Document
from monitor.bandplan import BandPlan
from monitor.config.load import LIBRARY
from monitor.demo.posts import DemoPosts, load_posts
from monitor.evidence import EvidenceStore
from monitor.intake import Intake
from monitor.queue.memory import MemoryQueue
from monitor.timetable import Name, Session, Timetable
from rules.book import RuleBook
from rules.load import load_rules
from tests.acceptance.stage import CONFIGS

STARTED_AT = datetime(2026, 6, 7, 1, 5, tzinfo=UTC)
TABLE = Timetable(
    (Session("e", "s", Name("", ""), STARTED_AT - timedelta(minutes=5), STARTED_AT + timedelta(days=1), ()),)
)


def versions_of(post) -> list[tuple[float, str]]:
    return [(max(post.at_s, 0.0), post.text), *((edit.at_s, edit.text) for edit in post.edits)]


@pytest.fixture(scope="module")
def fired(tmp_path_factory) -> dict[int, set[str]]:
    """Categories of the rules that fired, by post."""
    rules = RuleBook([rule for rule in load_rules(LIBRARY) if rule.kind == "web"], "test")
    evidence = EvidenceStore(tmp_path_factory.mktemp("evidence"))
    intake = Intake(rules, TABLE, BandPlan(), MemoryQueue(), evidence)
    found: dict[int, set[str]] = defaultdict(set)
    posts: DemoPosts = load_posts(CONFIGS / "demo" / "posts.yml")
    for post in posts.posts:
        first_seen_at = STARTED_AT + timedelta(seconds=max(post.at_s, 0.0))
        for number, (at_s, text) in enumerate(versions_of(post), 1):
            document = Document(
                id=str(post.id),
                source=post.place,
                url="http://127.0.0.1/",
                author=post.author,
                title=post.title,
                text=text,
                published_at=None,
                first_seen_at=first_seen_at,
                fetched_at=STARTED_AT + timedelta(seconds=at_s),
                digest=f"sha256:{number}",
                version=number,
            )
            for alert in asyncio.run(intake.document(document)):
                found[post.id] |= {hit.category for hit in alert.rules}
    return found


POSTS = load_posts(CONFIGS / "demo" / "posts.yml").posts


@pytest.mark.parametrize("post", [p for p in POSTS if p.truth != "harmless"], ids=lambda p: str(p.id))
def test_every_harmful_post_raises_an_alert_of_its_kind(fired, post):
    assert post.truth in fired[post.id], post.title


def test_no_harmless_post_raises_anything(fired):
    harmless = {post.id: post.title for post in POSTS if post.truth == "harmless"}
    assert len(harmless) > 50
    raised = {post_id: fired[post_id] for post_id in harmless if fired[post_id]}
    assert raised == {}
