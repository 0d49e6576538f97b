"""Posts on one page: a channel's preview, a board's front page, a comment section.

page ──post──> posts; ──next──> older page ... until a page shows nothing new
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from pydantic import AfterValidator, Field, model_validator

from crawlers.errors import CrawlError
from crawlers.source.base import Found, SourceConfig, Visit, is_url
from crawlers.source.forum import read_thread
from crawlers.source.presets import PAGE_PRESETS, filled
from crawlers.source.selectors import PostSelectors


class PageConfig(SourceConfig):
    url: Annotated[str, AfterValidator(is_url)]
    preset: str | None = None
    select: PostSelectors
    max_pages: int = Field(default=5, ge=1, le=1000)

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, data: Any) -> Any:
        return filled(data, PAGE_PRESETS)

    def urls(self) -> tuple[str, ...]:
        return (self.url,)


class PostsPage:
    def __init__(self, config: PageConfig) -> None:
        self.config = config

    async def read(self, visit: Visit) -> AsyncIterator[Found]:
        was_cut = await visit.begin_sweep()
        url: str | None = self.config.url
        for _ in range(self.config.max_pages):
            if url is None:
                break
            page = await visit.get(url)
            if page.unchanged:
                if not was_cut:
                    break
                url = page.next_url
                continue
            finds, next_url = await visit.run(read_thread, page, self.config.select)
            visit.found_by(f"select.post {self.config.select.post}", len(finds))
            if not finds:
                raise CrawlError("layout", str(page.url), f"select.post {self.config.select.post}")
            known = await visit.marks([found.key for found in finds])
            for found in finds:
                yield found
            for found in finds:
                await visit.mark(found.key, "")
            await visit.settle(page, next_url)
            if len(known) == len(finds) and not was_cut:
                break
            url = next_url
        await visit.end_sweep()
