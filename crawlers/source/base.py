"""The door of every source: a configuration, and a way to read what the site shows now.

A source yields what it finds and never remembers: what is new, what has changed and
what was already delivered is the crawler's business. Code after a ``yield`` runs only
once that find has been delivered, so a page is settled after its last find, and a crash
in between reads the page again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from crawlers.document import Attachment
from crawlers.errors import CrawlError
from crawlers.url import Url, parse

MAX_TITLE_CHARS = 1_000
MAX_TEXT_CHARS = 200_000
"""A whole paper with its answers has under 20,000 characters; the rest is somebody's bomb."""


class Strict(BaseModel):
    """A mapping in the configuration: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def under(path: Path, info: ValidationInfo) -> Path:
    """`path` from the folder of the configuration, where there is one."""
    base = (info.context or {}).get("base")
    return Path(base) / path if base else path


class SourceConfig(Strict):
    """What every source has in common."""

    kind: str
    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")
    every_s: float | None = Field(default=None, ge=1, le=86_400)
    """A fixed polling interval; unset, it follows the source's own rhythm."""
    delay_s: float = Field(default=1.0, ge=0, le=3600)
    """Between two requests to the same host; robots.txt may ask for more."""
    timeout_s: float = Field(default=30.0, gt=0, le=600)
    max_bytes: int = Field(default=4 * 2**20, gt=0, le=64 * 2**20)
    """Of one answer, after decompression."""
    robots: bool = True
    """Off only for a site whose owner has asked for the monitoring."""
    allow_hosts: tuple[str, ...] = ()
    """``host:port`` in a private network that this source may reach."""
    cookie_file: Path | None = None
    header_files: Mapping[str, Path] = {}
    """Header name to the file that holds its value, for tokens."""
    attachments: bool = True
    render: bool = False
    """Read the page after its scripts, in chromium where it is installed; it carries no cookies."""
    logged_out: str | None = None
    """A text that the page shows to visitors who are not logged in."""

    @field_validator("cookie_file", mode="after")
    @classmethod
    def _cookie_under_base(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        return value and under(value, info)

    @field_validator("header_files", mode="after")
    @classmethod
    def _headers_under_base(cls, value: Mapping[str, Path], info: ValidationInfo) -> Mapping[str, Path]:
        return {name: under(path, info) for name, path in value.items()}

    def urls(self) -> tuple[str, ...]:
        """Every address that the configuration itself names."""
        return ()

    def named_hosts(self) -> frozenset[str]:
        """``host:port`` that may be reached though not public.

        Those of `allow_hosts`, and addresses or ``localhost`` written out as the source's own
        URL: whoever wrote them knew where they lead, which a name in public DNS does not promise.
        """
        named = set(self.allow_hosts)
        for text in self.urls():
            url = parse(text)
            if url.address is not None or url.host == "localhost":
                named.add(f"{url.host}:{url.port}")
        return frozenset(named)


def is_url(value: str) -> str:
    """A pydantic validator: `value` must be an absolute http or https URL."""
    try:
        parse(value)
    except CrawlError as error:
        raise ValueError(str(error)) from None
    return value


@dataclass(frozen=True, slots=True)
class Found:
    """One post as the source shows it now; whether that is news, memory knows."""

    key: str
    """Names the post within its source, whatever its text: a canonical URL or the site's own id."""
    url: str
    title: str
    text: str
    author: str | None = None
    published_at: datetime | None = None
    links: tuple[str, ...] = ()
    """Pictures and files that hang on the post, absolute."""
    files: tuple[tuple[str, str], ...] = ()
    """Files that came with it: a name for people, and where on our own disk it lies."""
    blobs: tuple[tuple[str, bytes], ...] = ()
    """Files that came with it as they are: a name for people, and the bytes."""
    attachments: tuple[Attachment, ...] = ()
    """Files that somebody else has read already."""
    fetched_at: datetime | None = None
    """When another crawler fetched it; unset, it is read now."""
    first_seen_at: datetime | None = None
    """When another crawler first saw it; unset, that is when it was fetched."""


def sound(found: Found) -> Found:
    """`found` without NUL and halves of characters (JSON can carry them), which databases do not take."""
    values = {
        name: value.encode("utf-8", "replace").decode().replace("\0", "\ufffd")
        for name in ("key", "url", "title", "text", "author")
        if isinstance(value := getattr(found, name), str)
    }
    return replace(found, **values)


@dataclass(slots=True)
class Page:
    """An answer, as a source sees it."""

    url: Url
    """After redirects."""
    body: bytes
    content_type: str
    unchanged: bool = False
    """The site said 304, or sent the same bytes again: there is nothing new to read in it."""
    next_url: str | None = None
    """Where an unchanged page led to when it was last read."""
    ttl_s: float | None = None
    """How long the site says that its answer stays good."""
    fetched_at: datetime | None = None
    validators: Mapping[str, str] = field(default_factory=dict[str, str])


class Visit(Protocol):
    """What the crawler gives a source for one poll."""

    @property
    def now(self) -> datetime: ...

    async def get(self, url: str, *, accept: str = "") -> Page:
        """The page, through every rule of politeness. Raises CrawlError."""
        ...

    async def settle(self, page: Page, next_url: str | None = None) -> None:
        """All that `page` showed has been delivered: it need not be read again unless it changes."""
        ...

    async def run(self, work: Callable[..., Any], *arguments: Any) -> Any:
        """Run parsing off the event loop."""
        ...

    async def marks(self, urls: list[str]) -> dict[str, str]:
        """Of `urls`, those that were read to the end, with the mark they had then."""
        ...

    async def mark(self, url: str, mark: str) -> None:
        """`url` has been read to the end while it carried `mark`."""
        ...

    async def due(self, younger_than_s: float, limit: int) -> list[str]:
        """Marked URLs first seen that recently, the longest unread first."""
        ...

    async def begin_sweep(self) -> bool:
        """A sweep over list pages begins; True if the last one did not come to its end."""
        ...

    async def end_sweep(self) -> None:
        """Everything that the list pages led to has been read."""
        ...

    def found_by(self, selector: str, n: int) -> None:
        """A selector or expression of the configuration matched `n` times."""
        ...

    def fault(self, error: CrawlError) -> None:
        """A part failed; the rest goes on."""
        ...


class Source(Protocol):
    """One configured source; holds no state between polls."""

    @property
    def config(self) -> SourceConfig: ...

    def read(self, visit: Visit) -> AsyncIterator[Found]:
        """Everything that may be news. Raises CrawlError when the source as a whole failed."""
        ...
