"""Every kind of source: one line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crawlers.source.base import Source, SourceConfig
from crawlers.source.feed import Feed, FeedConfig
from crawlers.source.folder import Folder, FolderConfig
from crawlers.source.forum import Forum, ForumConfig
from crawlers.source.json_api import JsonApi, JsonConfig
from crawlers.source.jsonl import JsonLines, JsonLinesConfig
from crawlers.source.nats_stream import NatsConfig, NatsStream
from crawlers.source.page import PageConfig, PostsPage
from crawlers.source.search import Search, SearchConfig
from crawlers.source.tips import Tips, TipsConfig
from crawlers.source.warc import Warc, WarcConfig


@dataclass(frozen=True, slots=True)
class Kind:
    config: type[SourceConfig]
    build: Callable[[Any], Source]


KINDS: Mapping[str, Kind] = {
    "feed": Kind(FeedConfig, Feed),
    "folder": Kind(FolderConfig, Folder),
    "forum": Kind(ForumConfig, Forum),
    "json": Kind(JsonConfig, JsonApi),
    "jsonl": Kind(JsonLinesConfig, JsonLines),
    "nats": Kind(NatsConfig, NatsStream),
    "page": Kind(PageConfig, PostsPage),
    "search": Kind(SearchConfig, Search),
    "tips": Kind(TipsConfig, Tips),
    "warc": Kind(WarcConfig, Warc),
}
