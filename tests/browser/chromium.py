"""Debian's chromium, started so that it asks nobody anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Playwright

CHROMIUM = Path("/usr/bin/chromium")
ARGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NO_GRAPHICS = ("--disable-gpu",)
PROCESSOR_GRAPHICS = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader")
"""WebGL2 that the processor draws: slow, and pixel for pixel what a card draws."""


@contextmanager
def launched(playwright: Playwright, graphics: Sequence[str] = NO_GRAPHICS) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=[*ARGS, *graphics])
    try:
        yield browser
    finally:
        browser.close()
