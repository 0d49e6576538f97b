"""A page as a browser shows it: its text after the scripts have run, and a picture of it.

Every page gets a browser of its own with an empty profile, no secrets, hard limits and the gate as
its only way out. It runs in its own sandbox, never as root: as root it is given to ``nobody``.
Where its sandbox cannot be had it does not start, and the reason is told.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from crawlers.address import Resolver, SystemResolver
from crawlers.errors import CrawlError
from crawlers.render.gate import Gate, GateLimits
from crawlers.url import Url

PROGRAMS = ("chromium", "chromium-browser")
LIMIT_S = 30.0
SETTLE_MS = 5_000
"""Virtual time that scripts get; waits between requests cost none of it."""
MAX_MEMORY_KB = 3 * 2**20
"""Of each process's data; chromium reserves far more address space than it writes to."""
MAX_FILE_BLOCKS = 128 * 1024
"""Of 512 bytes: the profile and the picture."""
MAX_DOM_BYTES = 4 * 2**20
MAX_PICTURE_BYTES = 16 * 2**20
WINDOW = "1280,2000"
_LIMITS = f'ulimit -c 0 -t {int(LIMIT_S)} -d {MAX_MEMORY_KB} -f {MAX_FILE_BLOCKS}; exec "$@"'
_FLAGS = (
    "--headless", "--disable-gpu", "--no-first-run", "--hide-scrollbars", "--mute-audio", "--disable-quic",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--disable-domain-reliability", "--disable-extensions", "--disable-sync", "--no-pings", "--dump-dom",
    "--disable-dev-shm-usage", "--renderer-process-limit=2", "--deny-permission-prompts",
    "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    # Not even a name leaves but through the gate; <-loopback> sends loopback there, too.
    "--proxy-bypass-list=<-loopback>", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    f"--window-size={WINDOW}", f"--virtual-time-budget={SETTLE_MS}", f"--timeout={int(LIMIT_S * 800)}",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rendered:
    dom: bytes
    """UTF-8."""
    picture: bytes
    """PNG of the first screens; empty when the browser made none."""
    refused: tuple[CrawlError, ...]
    """What the page wanted to load and was not let to."""


class Renderer(Protocol):
    """The door to a browser."""

    async def render(self, url: Url, named: frozenset[str]) -> Rendered:
        """`url` after its scripts. Raises CrawlError of kind ``render``."""
        ...


class Chromium:
    """`Renderer`, one page at a time.

    Parameters
    ----------
    program : str, optional
        Path of the browser; by default what the system has.
    """

    def __init__(
        self, program: str | None = None, resolver: Resolver | None = None, limit_s: float = LIMIT_S
    ) -> None:
        self._program = program or next(filter(None, map(shutil.which, PROGRAMS)), None)
        self._resolver = resolver or SystemResolver()
        self._limit_s = limit_s
        self._turn = asyncio.Lock()

    @property
    def missing(self) -> str | None:
        """Why nothing can be rendered here, or None."""
        if self._program is None:
            return "chromium is not installed (apt install chromium) / 未安装 chromium"
        return None

    async def render(self, url: Url, named: frozenset[str]) -> Rendered:
        if self._program is None:
            raise CrawlError("render", str(url), self.missing or "")
        async with self._turn, Gate(self._resolver, named, GateLimits()) as gate:
            folder = Path(tempfile.mkdtemp(prefix="render-"))
            try:
                dom = await self._run(self._program, url, folder, gate.port)
                picture = await asyncio.to_thread(_picture, folder / "page.png")
            finally:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            return Rendered(dom, picture, tuple(gate.refused))

    async def _run(self, program: str, url: Url, folder: Path, port: int) -> bytes:
        child = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", _LIMITS, "sh", program, *_FLAGS,
            f"--proxy-server=http://127.0.0.1:{port}", f"--user-data-dir={folder}",
            f"--screenshot={folder / 'page.png'}", str(url),
            stdin=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            start_new_session=True, **_unprivileged(folder),
        )  # fmt: skip
        assert child.stdout is not None
        try:
            async with asyncio.timeout(self._limit_s):
                dom = await _bounded(child.stdout, url)
                code = await child.wait()
        except TimeoutError:
            raise CrawlError("render", str(url), f"over {self._limit_s:g} s") from None
        finally:
            # Its helpers are of its session, and must not outlive it.
            _end_session(child.pid)
            await child.wait()
        if code != 0 or not dom.strip():
            raise CrawlError("render", str(url), f"the browser ended with {code} and no page")
        return dom


async def _bounded(stream: asyncio.StreamReader, url: Url) -> bytes:
    dom = bytearray()
    while chunk := await stream.read(64 * 1024):
        dom += chunk
        if len(dom) > MAX_DOM_BYTES:
            raise CrawlError("too_large", str(url), f"over {MAX_DOM_BYTES} bytes rendered")
    return bytes(dom)


def _picture(path: Path) -> bytes:
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_PICTURE_BYTES else b""
    except OSError:
        return b""
    return data if data.startswith(b"\x89PNG") else b""


def _end_session(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _unprivileged(folder: Path) -> dict[str, Any]:
    """How to start a child that is not root, and has `folder` for its own."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": ()}
