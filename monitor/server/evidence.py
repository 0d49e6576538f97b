"""Evidence files over HTTP.

What is in them came from strangers: a page, a picture, a recording. The browser may show the
few types below as what they are; all else is handed over as a download, never run, and a page
is shown as its source text. The type is ours, and the browser is told not to guess another.
What shows a post's photos as they are is a download for who may see names; `photos` shows it.
"""

from __future__ import annotations

import asyncio
import re
from collections import OrderedDict
from pathlib import Path

from aiohttp import web

from monitor.photos import PERSONAL_ROLES
from monitor.server.access import actor_of, granted_to, scope_of
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.services import SERVICES

SHOWN_AS = {
    "image/png": "image/png",
    "image/jpeg": "image/jpeg",
    "image/webp": "image/webp",
    "audio/flac": "audio/flac",
    "audio/wav": "audio/wav",
    "application/json": "application/json",
    "text/plain": "text/plain; charset=utf-8",
    "text/html": "text/plain; charset=utf-8",
}
DOWNLOAD = "application/octet-stream"
LOOK_S = 600.0
"""Parts of a file asked for within so long after its start are the same look."""
MAX_LOOKS = 4096
LOOKS: web.AppKey[OrderedDict[tuple[str, str], float]] = web.AppKey("evidence-looks")
"""When a person's newest look at a file began, seconds of the loop's clock."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def safe_headers(media_type: str, digest: str) -> dict[str, str]:
    """Response headers for a file whose store says it is `media_type`.

    Sound is kept by no cache: the next at the desk must not hear it, and each hearing is recorded.
    """
    shown = SHOWN_AS.get(media_type.partition(";")[0].strip().lower())
    name = digest.removeprefix("sha256:")[:16]
    return {
        "Content-Type": shown or DOWNLOAD,
        "Content-Disposition": "inline" if shown else f'attachment; filename="{name}.bin"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store" if _is_listening(media_type) else "private, max-age=3600, immutable",
    }


def shut_headers(media_type: str) -> dict[str, str]:
    """Response headers for what may show somebody: no cache keeps it for the next at the desk."""
    return {
        "Content-Type": media_type,
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }


def _is_listening(media_type: str) -> bool:
    """Whether opening it is listening to somebody: sound, or samples that become sound."""
    return media_type.startswith("audio/") or media_type not in SHOWN_AS


def _is_new_look(request: web.Request, digest: str) -> bool:
    """One look is one entry, not each stretch that a player asks for; a look may begin anywhere."""
    if request.method != "GET":
        return False
    looks, who, now = request.app[LOOKS], (actor_of(request), digest), asyncio.get_running_loop().time()
    given = request.headers.get("Range", "")
    if given and not given.replace(" ", "").startswith("bytes=0-") and now - looks.get(who, -LOOK_S) < LOOK_S:
        return False
    looks[who] = now
    looks.move_to_end(who)
    if len(looks) > MAX_LOOKS:
        looks.popitem(last=False)
    return True


async def get_evidence(request: web.Request) -> web.StreamResponse:
    digest = request.match_info["digest"]
    if not DIGEST.fullmatch(digest):
        raise ProblemError(400, "bad-parameter", f"{digest!r} is not sha256: and 64 hex digits")
    file = await request.app[SERVICES].open_evidence(digest)
    if file is None or not await request.app[SERVICES].in_scope(digest, scope_of(request)):
        raise ProblemError(404, "no-such-evidence", f"{digest} is not in the evidence store")
    headers = safe_headers(file.media_type, digest)
    shows_people = file.role in PERSONAL_ROLES
    if shows_people:
        if "personal" not in granted_to(request):
            raise ProblemError(403, "not-allowed", "a photo may show names: it needs 'personal'")
        # The file as it came, EXIF and all: to be handed on, never to be shown.
        name = Path(file.path.name).suffix.lstrip(".") or "bin"
        disposition = f'attachment; filename="{digest.removeprefix("sha256:")[:16]}.{name}"'
        headers = {**shut_headers(DOWNLOAD), "Content-Disposition": disposition}
    if (shows_people or _is_listening(file.media_type)) and _is_new_look(request, digest):
        await request.app[SERVICES].record(
            actor_of(request), "evidence.opened", digest, {"media_type": file.media_type}
        )
    return web.FileResponse(file.path, headers=headers)


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/evidence/{digest}",
        get_evidence,
        "getEvidence",
        "A file of the evidence store; ranges are answered",
        (*sorted({kind.partition(";")[0] for kind in SHOWN_AS.values()}), DOWNLOAD),
        (Param("digest", "path", {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}, "its digest"),),
        (400, 404),
        needs="evidence",
    ),
)
