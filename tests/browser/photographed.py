"""A post with a photographed paper: the file, where its lines stand in it, and the record of the post.

The lines are those that the reader reads (`tests/unit/crawlers/test_picture.py` holds them to it), kept
beside the picture so that no browser test waits for it.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import msgspec

from crawlers.document import Attachment, Document, recorded
from crawlers.picture import Picture

FOLDER = Path(__file__).parents[1] / "data" / "pictures"
FILE = FOLDER / "paper_sideways.jpg"
PICTURE = msgspec.json.decode((FOLDER / "paper_sideways.json").read_bytes(), type=Picture)
LINES = [box.text for box in PICTURE.boxes]


def photo(data: bytes | None = None, dropped: str | None = None) -> Attachment:
    """The photographed paper hanging on a post; with other bytes as if they were its file."""
    data = FILE.read_bytes() if data is None else data
    return Attachment(
        url="https://forum.example/attachment/1.jpg",
        digest="sha256:" + hashlib.sha256(data).hexdigest(),
        media_type="image/jpeg",
        text="\n".join(LINES),
        picture=replace(PICTURE, n_bytes=len(data), dropped=dropped),
    )


def record(text: str, at: datetime, *parts: Attachment, version: int = 1) -> bytes:
    """The post as intake keeps it. `text` is what the rules read: title, body, and the lines of `parts`."""
    lines = "\n".join(part.text for part in parts if part.text)
    own = text.removesuffix(lines).rstrip("\n")
    title, _, body = own.partition("\n")
    document = Document(
        id="d1",
        source="forum",
        url="https://forum.example/thread-1-1-1.html",
        author=None,
        title=title,
        text=body,
        published_at=None,
        first_seen_at=at,
        fetched_at=at,
        digest="sha256:" + "0" * 64,
        version=version,
        attachments=parts,
    )
    return msgspec.json.encode(recorded(document))
