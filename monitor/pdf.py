"""A page of our own as PDF, printed by chromium. Nothing is loaded: the page is whole in itself."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from monitor.faults import WorldError

PROGRAMS = ("chromium", "chromium-browser")
LIMIT_S = 60.0
_FLAGS = (
    "--headless", "--disable-gpu", "--no-first-run", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-default-apps", "--disable-extensions", "--disable-sync",
    "--disable-dev-shm-usage", "--no-pings", "--no-pdf-header-footer",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--disable-javascript",
)  # fmt: skip


def print_pdf(html: str) -> bytes:
    """
    Raises
    ------
    WorldError
        If there is no chromium, or it does not do it.
    """
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise WorldError("a PDF needs chromium (apt install chromium); .html works without / 需安装 chromium")
    folder = Path(tempfile.mkdtemp(prefix="print-"))
    try:
        page, made = folder / "page.html", folder / "page.pdf"
        page.write_text(html, encoding="utf-8")
        command = [program, *_FLAGS, f"--user-data-dir={folder}", f"--print-to-pdf={made}", page.as_uri()]
        environment = {"HOME": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                check=False,
                timeout=LIMIT_S,
                env=environment,
                **_as_nobody(folder),
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise WorldError(f"chromium made no PDF: {type(error).__name__}") from None
        if done.returncode != 0 or not made.is_file():
            told = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or [""]
            raise WorldError(f"chromium made no PDF: {told[0]}")
        return made.read_bytes()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_nobody(folder: Path) -> dict[str, Any]:
    """As root the browser's own sandbox does not start: it is given to ``nobody``."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    for place in (folder, *folder.iterdir()):
        os.chown(place, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
