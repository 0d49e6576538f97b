"""The built console: its files, and its page for every address that is the console's own."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from aiohttp import web

from monitor.server.problem import ProblemError
from monitor.server.services import SETTINGS

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
}
NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>examwatch</title>
<h1>The console is not built</h1>
<p>Run <code>make run</code>, or <code>npm ci &amp;&amp; npm run build</code> in <code>console/</code>.
The API under <a href="/api/openapi.json">/api</a> works without it.</p>
<div lang="zh"><h1>控制台尚未构建</h1>
<p>请运行 <code>make run</code>，或在 <code>console/</code> 目录运行
<code>npm ci &amp;&amp; npm run build</code>。
不构建也可使用 <a href="/api/openapi.json">/api</a> 接口。</p></div></html>
"""


def find_static(root: Path, path: str) -> Path | None:
    """The built file for a URL path; None if there is none of a type that we serve.

    Paths that would leave `root`, by dots, links or odd separators, find nothing.
    """
    if "\\" in path or "\x00" in path:
        return None
    parts = PurePosixPath(path.lstrip("/")).parts
    if not parts or ".." in parts or PurePosixPath(path).suffix not in MEDIA_TYPES:
        return None
    try:
        file = root.joinpath(*parts).resolve()
        return file if file.is_relative_to(root.resolve()) and file.is_file() else None
    except OSError:  # a name longer than any file's
        return None


async def get_static(request: web.Request) -> web.StreamResponse:
    """A built file, or the console's page: it finds its way by the address itself."""
    path = request.path
    root = request.app[SETTINGS].static_root
    file = find_static(root, path)
    if file is not None and file.name != "index.html":
        # Vite puts a digest in the names under assets/: such a file never changes.
        lasting = path.startswith("/assets/")
        return web.FileResponse(
            file,
            headers={
                "Content-Type": MEDIA_TYPES[file.suffix],
                "Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache",
            },
        )
    if (
        path == "/api"
        or path.startswith(("/api/", "/assets/"))
        or (file is None and PurePosixPath(path).suffix)
    ):
        raise ProblemError(404, "not-found", f"there is nothing at {path}")
    page = root / "index.html"
    if not page.is_file():
        return web.Response(
            status=503, text=NOT_BUILT, content_type="text/html", headers={"Cache-Control": "no-store"}
        )
    return web.FileResponse(page, headers={"Content-Type": MEDIA_TYPES[".html"], "Cache-Control": "no-cache"})
