"""Pictures of the console for the documentation, from the browser tests' exam day.

.venv/bin/python scripts/screenshots.py [FOLDER]        default: docs/screenshots
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from sdr.spectrogram import WIDTH

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "browser"))

from chromium import launched  # noqa: E402
from dayserver import running  # noqa: E402

SIZES = {"1366x768": (1366, 768), "1920x1080": (1920, 1080)}
THEMES = {"1366x768": ("dark", "light"), "1920x1080": ("dark",)}
LOCALES = {"zh": "zh-CN", "en": "en-GB"}
ROWS = {"overview": None, "radio": 1, "web": 3}
"""Which row of the list is opened for a picture."""
N_COLOURS = 256
"""Enough for a screen of few colours, and a third of the bytes."""


def shoot(page: Page, url: str, row: int | None, file: Path) -> None:
    page.goto(url)
    page.wait_for_selector("[data-testid=row]")
    page.wait_for_selector(".connection-live")
    if row is not None:
        page.locator("[data-testid=row]").nth(row).click()
        page.wait_for_selector("[data-testid=detail]")
        for picture in page.locator(".picture img").all():
            expect(picture).to_have_js_property("naturalWidth", WIDTH)
        page.wait_for_timeout(400)  # the plot of hearings draws itself after its code has come
    page.screenshot(path=file)
    with Image.open(file) as image:
        image.convert("RGB").quantize(N_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(
            file, optimize=True
        )


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as made,
        running(Path(made)) as day,
        sync_playwright() as playwright,
        launched(playwright) as browser,
    ):
        for size, (width, height) in SIZES.items():
            for language, locale in LOCALES.items():
                for theme in THEMES[size]:
                    context = browser.new_context(
                        viewport={"width": width, "height": height},
                        locale=locale,
                        timezone_id="Asia/Shanghai",
                    )
                    context.add_init_script(f"localStorage.setItem('examwatch.theme', '{theme}')")
                    context.add_init_script("localStorage.setItem('examwatch.tour', 'seen')")
                    page = context.new_page()
                    for view, row in ROWS.items():
                        shoot(page, day.url, row, folder / f"{view}-{language}-{theme}-{size}.png")
                    context.close()


if __name__ == "__main__":
    main()
