"""Photos of a post as evidence: the files as they came, kept only where the post raised an alert.

    document ──rules fired──> <sha256>.photo.<ending> in the evidence store, role "photo"

A photo may show faces and names, as its text does not: it is opened only by who may see names, each
look is recorded, and it goes when names do. The ending says so, wherever the file lies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from crawlers.document import Document
from monitor.alert.alert import EvidenceRef
from monitor.evidence import EvidenceStore

ROLE = "photo"
MARK = "photo"
"""First part of a photo's ending."""
PERSONAL_ROLES = frozenset({ROLE, "screenshot"})
"""What shows a post's pictures as they are."""
_ENDINGS = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tif",
    "image/webp": "webp",
    "image/heif": "heif",
}


def keep_photos(evidence: EvidenceStore, document: Document, counts: Counter[str]) -> list[EvidenceRef]:
    """Keep the files that came with `document`, each once; `counts` tells what was kept and what was not.

    Blocking. Raises `OSError` if one could not be written.
    """
    kept: dict[str, EvidenceRef] = {}
    for part in document.attachments:
        picture = part.picture
        if picture is None or part.digest in kept:
            continue
        if picture.dropped is not None or not picture.content:
            counts[picture.dropped or "elsewhere"] += 1
            continue
        ending = f"{MARK}.{_ENDINGS.get(part.media_type, 'bin')}"
        ref = evidence.keep(picture.content, part.media_type, ROLE, ending, document.fetched_at)
        kept[ref.digest] = ref
        counts["kept"] += 1
    return list(kept.values())


def is_photo(name: str) -> bool:
    """Whether the file `name` of the evidence store is one."""
    return name.partition(".")[2].startswith(f"{MARK}.")


def document_texts(title: str, text: str, parts: Sequence[str]) -> list[str]:
    """What the rules read of a document, piece by piece: they stand in one text, a line apart."""
    return [piece for piece in (title, text, *parts) if piece]
