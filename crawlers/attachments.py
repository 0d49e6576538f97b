"""The files that hang on a post: fetched by the same rules as pages, read in the workshop.

What fails is told and left out; the post itself is never held up for longer than a cap.
"""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path

from crawlers.document import Attachment
from crawlers.errors import CrawlError
from crawlers.extract.file import Caps, Extracted, ImageReader, kind_of
from crawlers.extract.read import LIMIT_S, read_bytes
from crawlers.picture import Allowance, Picture
from crawlers.source.base import Found
from crawlers.url import parse
from crawlers.visit import PollVisit

MAX_ATTACHMENTS = 8
"""Of one post: a photographed paper has four to eight pages."""
MIN_IMAGE_BYTES = 3 * 1024
"""Below it are smileys and icons; a photo on which anything can be read has ten times that."""


async def gather(visit: PollVisit, post: Found, images: ImageReader | None) -> tuple[Attachment, ...]:
    """What the files that came with `post` and the first `MAX_ATTACHMENTS` of its links hold."""
    found, allowance = list(post.attachments), Allowance()
    for name, data in post.blobs:
        found.append(await _given(visit, post.url, name, data, images, allowance))
    for number, (name, path) in enumerate(post.files, 1):
        try:
            data = await asyncio.to_thread(Path(path).read_bytes)
        except OSError as error:
            visit.fault(CrawlError("file", path, error.strerror or str(error)))
            continue
        found.append(await _given(visit, f"{post.url}/{number}", name, data, images, allowance))
    for link in post.links[:MAX_ATTACHMENTS]:
        try:
            attachment = await _one(visit, link, images, allowance)
        except CrawlError as error:
            visit.fault(error)
            if error.kind == "backoff":
                break
            continue
        if attachment is not None:
            found.append(attachment)
    return tuple(found)


async def _given(
    visit: PollVisit, url: str, name: str, data: bytes, images: ImageReader | None, allowance: Allowance
) -> Attachment:
    """What came with the post or may soon be gone: a person must at least learn that it is there."""
    try:
        return await _read(visit, url, name, data, images, allowance)
    except CrawlError as error:
        visit.fault(error)
        kind = kind_of(data)
        picture = allowance.kept(Picture(), data) if kind.startswith("image/") else None
        return Attachment(url, _digest(data), kind, picture=picture)


async def _one(
    visit: PollVisit, link: str, images: ImageReader | None, allowance: Allowance
) -> Attachment | None:
    response = await visit.fetch(parse(link))
    if response.status >= 400:
        kind = "status_5xx" if response.status >= 500 else "status_4xx"
        raise CrawlError(kind, link, f"status {response.status}")
    data = response.body
    name = parse(link).path.rpartition("/")[2] or link
    if kind_of(data).startswith("image/"):
        # One that cannot be read, or not in time, may be what the post is about: it is kept all the same.
        return (
            await _given(visit, link, name, data, images, allowance) if len(data) >= MIN_IMAGE_BYTES else None
        )
    return await _read(visit, link, name, data, images, allowance)


async def _read(
    visit: PollVisit, url: str, name: str, data: bytes, images: ImageReader | None, allowance: Allowance
) -> Attachment:
    extracted: Extracted = await visit.run(read_bytes, data, name, Caps(), images, limit_s=LIMIT_S)
    for fault in extracted.faults:
        visit.fault(CrawlError("parse", url, fault))
    is_picture = extracted.media_type.startswith("image/")
    return Attachment(
        url=url,
        digest=_digest(data),
        media_type=extracted.media_type,
        text=extracted.text,
        qr=extracted.qr,
        pdq=extracted.pdq,
        personal=extracted.personal,
        picture=allowance.kept(extracted.picture or Picture(), data) if is_picture else None,
    )


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()
