"""The photos of a post over HTTP: where each line stands in them, and the photos themselves.

    /api/alerts/{fingerprint}/photos     sizes and boxes, names masked: needs ``evidence``
    /api/evidence/{digest}/picture       pixels, drawn anew: needs ``personal``, each look recorded

Boxes come out of the kept record of the document, which travels and goes as evidence does.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec
from aiohttp import web

from crawlers.errors import CrawlError
from crawlers.picture import Picture
from monitor.photos import PERSONAL_ROLES, ROLE, document_texts
from monitor.server.access import actor_of, scope_of
from monitor.server.alerts import get_alert
from monitor.server.evidence import DIGEST, shut_headers
from monitor.server.params import number
from monitor.server.photo_views import BoxView, PhotoState, PhotosView, PhotoView
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.services import SERVICES, EvidenceFile, OpenEvidence
from monitor.server.views import AlertDetail, EvidenceRef
from monitor.server.wire import json_response

MAX_DOCUMENTS = 8
"""The newest versions whose photos are shown."""
MAX_DOCUMENT_BYTES = 16 * 2**20
MAX_PICTURE_BYTES = 64 * 2**20
MIN_SIDE_PX, MAX_SIDE_PX = 64, 2400
SHOWN = "evidence.opened"


class _Part(msgspec.Struct, frozen=True):
    digest: str
    media_type: str
    text: str = ""
    picture: Picture | None = None


class _Document(msgspec.Struct, frozen=True):
    title: str
    text: str
    version: int = 1
    attachments: tuple[_Part, ...] = ()


async def photos_of(alert: AlertDetail, open_evidence: OpenEvidence) -> list[PhotoView]:
    """Photos of the newest version first, then of those before; then the page's screenshot."""
    refs = [ref for ref in alert.evidence if ref.role == "document" and ref.media_type == "application/json"]
    documents: list[_Document] = []
    for ref in refs[:MAX_DOCUMENTS]:
        file = await open_evidence(ref.digest)
        read = await asyncio.to_thread(_read_document, file) if file is not None else None
        if read is not None:
            documents.append(read)
    documents.sort(key=lambda one: one.version, reverse=True)
    newest = alert.event.get("version")
    found: dict[str, PhotoView] = {}
    for document in documents:
        for view in _of_document(document, document.version == newest):
            found.setdefault(view.digest, view)
    for ref in alert.evidence:
        # A photo whose document is gone, and what is no part of any: the picture of the page.
        if ref.role in PERSONAL_ROLES and ref.digest not in found:
            found[ref.digest] = _of_ref(ref)
    return [await _with_state(view, open_evidence) for view in found.values()]


def _of_document(document: _Document, is_newest: bool) -> list[PhotoView]:
    before = document_texts(document.title, document.text, ())
    at = sum(len(piece) + 1 for piece in before)
    views: list[PhotoView] = []
    for part in document.attachments:
        if part.picture is not None:
            views.append(_of_part(part, part.picture, document.version, at if is_newest else None))
        at += len(part.text) + 1 if part.text else 0
    return views


def _of_part(part: _Part, picture: Picture, version: int, at: int | None) -> PhotoView:
    boxes: list[BoxView] = []
    is_newest = at is not None
    for box in picture.boxes:
        end = None if at is None else at + len(box.text)
        boxes.append(
            BoxView(
                text=box.text, confidence=box.confidence, corners_px=list(box.corners_px), start=at, end=end
            )
        )
        at = None if end is None else end + 1
    return PhotoView(
        digest=part.digest,
        role=ROLE,
        state="kept" if picture.dropped is None else "dropped",
        why_dropped=picture.dropped,
        media_type=part.media_type,
        n_bytes=picture.n_bytes,
        width_px=picture.width_px,
        height_px=picture.height_px,
        n_quarters=picture.n_quarters,
        version=version,
        is_newest=is_newest,
        boxes=boxes,
        n_boxes_dropped=picture.n_boxes_dropped,
    )


def _of_ref(ref: EvidenceRef) -> PhotoView:
    return PhotoView(digest=ref.digest, role=ref.role, state="kept", media_type=ref.media_type)


async def _with_state(view: PhotoView, open_evidence: OpenEvidence) -> PhotoView:
    if view.state == "dropped" or await open_evidence(view.digest) is not None:
        return view
    gone: PhotoState = "gone"
    return msgspec.structs.replace(view, state=gone)


def _read_document(file: EvidenceFile) -> _Document | None:
    """None where the file went, or is no record of a document (an edge of an older release)."""
    try:
        if file.path.stat().st_size > MAX_DOCUMENT_BYTES:
            return None
        return msgspec.json.decode(file.path.read_bytes(), type=_Document)
    except (OSError, msgspec.DecodeError):
        return None


async def get_photos(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    await get_alert(request)
    alert = await services.alerts.get_alert(request.match_info["fingerprint"])
    if alert is None:
        raise ProblemError(404, "no-such-alert", "the alert is gone")
    return json_response(PhotosView(photos=await photos_of(alert, services.open_evidence)))


async def get_picture(request: web.Request) -> web.StreamResponse:
    services, digest = request.app[SERVICES], request.match_info["digest"]
    if not DIGEST.fullmatch(digest):
        raise ProblemError(400, "bad-parameter", f"{digest!r} is not sha256: and 64 hex digits")
    side_px = number(request, "side_px") or MAX_SIDE_PX
    if not MIN_SIDE_PX <= side_px <= MAX_SIDE_PX:
        raise ProblemError(400, "bad-parameter", f"side_px: {MIN_SIDE_PX} to {MAX_SIDE_PX}")
    file = await services.open_evidence(digest)
    known = file is not None and file.role in PERSONAL_ROLES
    if file is None or not known or not await services.in_scope(digest, scope_of(request)):
        raise ProblemError(404, "no-such-evidence", f"{digest} is no photo in the evidence store")
    if services.show is None:
        raise ProblemError(409, "no-pictures", "this process shows no pictures")
    try:
        data = await asyncio.to_thread(_read_picture, file.path)
    except OSError:
        raise ProblemError(404, "no-such-evidence", f"{digest} is gone") from None
    # Before anything is shown: what cannot be recorded is not looked at.
    what = {"media_type": file.media_type, "role": file.role, "side_px": side_px}
    await services.record(actor_of(request), SHOWN, digest, what)
    try:
        shown = await services.show(data, side_px)
    except CrawlError as error:
        raise ProblemError(422, "picture-unreadable", error.detail) from None
    return web.Response(body=shown, headers=shut_headers("image/jpeg"))


def _read_picture(path: Path) -> bytes:
    """Raises `OSError`; `ProblemError` for what is larger than any picture that we keep."""
    if path.stat().st_size > MAX_PICTURE_BYTES:
        raise ProblemError(422, "picture-unreadable", f"over {MAX_PICTURE_BYTES} bytes")
    return path.read_bytes()


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/alerts/{fingerprint}/photos",
        get_photos,
        "getPhotos",
        "The photos of a post and the picture of its page: sizes, and where each line stands, names masked",
        PhotosView,
        (Param("fingerprint", "path", {"type": "string"}, "16 hex digits"),),
        (404,),
        needs="evidence",
    ),
    Route(
        "/api/evidence/{digest}/picture",
        get_picture,
        "getPicture",
        "A post's photo or the picture of its page, upright and drawn anew; each look is recorded",
        ("image/jpeg",),
        (
            Param("digest", "path", {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}, "its digest"),
            Param(
                "side_px",
                "query",
                {"type": "integer", "minimum": MIN_SIDE_PX, "maximum": MAX_SIDE_PX, "default": MAX_SIDE_PX},
                "its longest side at most",
            ),
        ),
        (400, 404, 409, 422),
        needs="personal",
    ),
)
