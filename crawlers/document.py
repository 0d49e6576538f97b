"""A document: one post, page, article or tip, at one version of its text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from crawlers.personal import Personal
from crawlers.picture import Picture


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that hangs on a document, with the text that was read from it."""

    url: str
    digest: str
    """``sha256:`` and 64 hex digits, of the bytes."""
    media_type: str
    text: str = ""
    qr: tuple[str, ...] = ()
    pdq: str | None = None
    """Perceptual hash of a picture, 64 hex digits."""
    personal: tuple[Personal, ...] = ()
    """Whom it names: for those alone who may know, so it is in no record (`recorded`)."""
    picture: Picture | None = None
    """Of a picture alone."""


@dataclass(frozen=True, slots=True)
class Document:
    """What a source delivered. The same post edited is the same ``id`` with the next ``version``."""

    id: str
    """Stable over versions: derived from the source and the canonical URL or the source's own id."""
    source: str
    url: str
    author: str | None
    title: str
    text: str
    published_at: datetime | None
    """What the page claims; never trusted."""
    first_seen_at: datetime
    """When we first saw any version: our own clock."""
    fetched_at: datetime
    digest: str
    """``sha256:`` of title and text, which a change of either changes."""
    version: int = 1
    attachments: tuple[Attachment, ...] = field(default=())
    placeholder: bool = False
    """It was posted empty or reserved and filled in later; memory has every version."""
    n_reposts: int = 0
    """Near copies of this text that were seen before it, from any source."""
    repost_of: str | None = None
    """The id of the first of them."""


def recorded(document: Document) -> Document:
    """`document` as it may be kept and sent: naming nobody, and without the files of its pictures."""
    return replace(document, attachments=tuple(_recorded(part) for part in document.attachments))


def _recorded(part: Attachment) -> Attachment:
    picture = part.picture
    if picture is not None and picture.content:
        picture = replace(picture, content=b"")
    return replace(part, personal=(), picture=picture)
