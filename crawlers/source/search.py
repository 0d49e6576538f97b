"""Web search through a SearXNG instance: what the search engines have found of our words.

    GET /search?q=高考+答案&format=json&time_range=day&language=zh&pageno=1
    {"query": "…", "results": [{"url", "title", "content", "engine", "publishedDate", …}], …}

A result is a document of its own (title and snippet). JSON must be switched on in that
instance's ``settings.yml`` (``search: formats: [html, json]``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import product
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import AfterValidator, Field, model_validator

from crawlers.errors import CrawlError
from crawlers.source.base import Found, SourceConfig, Visit, is_url
from crawlers.source.json_api import JsonSelectors, read_pages

RESULTS = JsonSelectors(
    items="results",
    key="url",
    link="url",
    title="title",
    text="content",
    author="engine",
    time="publishedDate",
    images="[img_src || thumbnail][]",
)


class SearchConfig(SourceConfig):
    url: Annotated[str, AfterValidator(is_url)]
    """Of the instance, such as ``http://127.0.0.1:8888``."""
    exams: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    """Each exam is searched with each word; either alone is searched alone."""
    language: str = "zh"
    time_range: Literal["day", "week", "month", "year"] = "day"
    max_queries: int = Field(default=50, ge=1, le=1000)

    @model_validator(mode="after")
    def _something_to_search(self) -> SearchConfig:
        if not self.exams and not self.words:
            raise ValueError("give `exams`, `words`, or both")
        if len(self.queries()) > self.max_queries:
            raise ValueError(f"{len(self.queries())} queries a poll, over max_queries {self.max_queries}")
        return self

    def queries(self) -> list[str]:
        return [" ".join(filter(None, pair)) for pair in product(self.exams or ("",), self.words or ("",))]

    def urls(self) -> tuple[str, ...]:
        return (self.url,)


class Search:
    def __init__(self, config: SearchConfig) -> None:
        self.config = config

    async def read(self, visit: Visit) -> AsyncIterator[Found]:
        queries = self.config.queries()
        errors: list[CrawlError] = []
        for query in queries:
            url = (
                f"{self.config.url.rstrip('/')}/search?q={quote(query, safe='')}&format=json"
                f"&time_range={self.config.time_range}&language={self.config.language}"
            )
            try:
                async for found in read_pages(visit, url, RESULTS, max_pages=1):
                    yield found
            except CrawlError as error:
                errors.append(error)
                if error.kind in ("backoff", "refused", "dns", "connect") or len(errors) == len(queries):
                    raise
                visit.fault(error)
