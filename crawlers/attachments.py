"""The files that hang on a post: fetched by the same rules as pages, read in the workshop.

What fails is told and left out; the post itself is never held up for longer than a cap.
"""

from __future__ import annotations

import hashlib

from crawlers.document import Attachment
from crawlers.errors import CrawlError
from crawlers.extract.file import Caps, Extracted, ImageReader
from crawlers.extract.read import LIMIT_S, read_bytes
from crawlers.url import parse
from crawlers.visit import PollVisit

MAX_ATTACHMENTS = 8
"""Of one post: a photographed paper has four to eight pages."""
MIN_IMAGE_BYTES = 3 * 1024
"""Below it are smileys and icons; a photo on which anything can be read has ten times that."""


async def gather(
    visit: PollVisit, links: tuple[str, ...], images: ImageReader | None
) -> tuple[Attachment, ...]:
    """What the first `MAX_ATTACHMENTS` of `links` hold."""
    found: list[Attachment] = []
    for link in links[:MAX_ATTACHMENTS]:
        try:
            attachment = await _one(visit, link, images)
        except CrawlError as error:
            visit.fault(error)
            if error.kind == "backoff":
                break
            continue
        if attachment is not None:
            found.append(attachment)
    return tuple(found)


async def _one(visit: PollVisit, link: str, images: ImageReader | None) -> Attachment | None:
    response = await visit.fetch(parse(link))
    if response.status >= 400:
        kind = "status_5xx" if response.status >= 500 else "status_4xx"
        raise CrawlError(kind, link, f"status {response.status}")
    data = response.body
    name = parse(link).path.rpartition("/")[2] or link
    extracted: Extracted = await visit.run(read_bytes, data, name, Caps(), images, limit_s=LIMIT_S)
    if extracted.media_type.startswith("image/") and len(data) < MIN_IMAGE_BYTES:
        return None
    for fault in extracted.faults:
        visit.fault(CrawlError("parse", link, fault))
    return Attachment(
        url=link,
        digest="sha256:" + hashlib.sha256(data).hexdigest(),
        media_type=extracted.media_type,
        text=extracted.text,
        qr=extracted.qr,
        pdq=extracted.pdq,
    )
