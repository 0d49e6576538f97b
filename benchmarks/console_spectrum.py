"""How smoothly the spectrum page runs, and what a viewer costs the scan.

    .venv/bin/python -m benchmarks.console_spectrum [--seconds 60] [--draw 2d|webgl2]

Eight synthetic sensors feed 25 rows a second each over real WebSockets to one page in scripted chromium.
Where the machine has no graphics card, as here, chromium draws on the processor: the page then takes its 2D
picture by itself, and WebGL2 is drawn by SwiftShader. Frames and pictures are those that the page itself
counts and shows.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from playwright.sync_api import CDPSession, Page, sync_playwright

from sdr.lookout import SpectrumRow
from sdr.scanner import Scanner, ScanSettings
from sdr.source import open_source

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "browser"))

from chromium import ARGS, CHROMIUM
from dayserver import running
from sky import Sky, SkySensor

N_SENSORS = 8
SETTLE_S = 5.0
SCAN_S = 8.0
RATE_HZ = 2.4e6


def counted(page: Page) -> tuple[int, int]:
    """Frames and pictures of the last second, as the page shows them."""
    found = re.findall(r"\d+", page.get_by_test_id("beat").inner_text())
    return int(found[0]), int(found[1])


def heap_mb(session: CDPSession) -> float:
    """What is alive in the page after a collection."""
    session.send("HeapProfiler.collectGarbage")
    metrics = {one["name"]: one["value"] for one in session.send("Performance.getMetrics")["metrics"]}
    return metrics["JSHeapUsedSize"] / 1e6


def watch(url: str, draw: str, seconds: float) -> None:
    args = [*ARGS, "--enable-unsafe-swiftshader"] if draw == "webgl2" else ARGS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=args)
        page = browser.new_page(viewport={"width": 1920, "height": 1080})
        page.goto(f"{url}/spectrum?draw={draw}")
        page.get_by_test_id("panel").nth(N_SENSORS - 1).wait_for()
        session = page.context.new_cdp_session(page)
        session.send("Performance.enable")
        time.sleep(SETTLE_S)
        kinds = {one.get_attribute("data-painter") for one in page.locator(".fall").all()}
        heaps, frames, pictures = [heap_mb(session)], [], []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(1.0)
            now = counted(page)
            frames.append(now[0])
            pictures.append(now[1])
            if len(frames) % 15 == 0:
                heaps.append(heap_mb(session))
        heaps.append(heap_mb(session))
        dropped = [re.findall(r"\d+", one)[-1] for one in page.locator(".panel footer").all_inner_texts()]
        browser.close()
    growth = (heaps[-1] - heaps[1]) / max(1.0, seconds) * 60 if len(heaps) > 2 else heaps[-1] - heaps[0]
    print(
        f"{'/'.join(sorted(str(kind) for kind in kinds))}: "
        f"{statistics.median(frames)} frames/s in the median, "
        f"{min(frames)} at least; {statistics.median(pictures) / N_SENSORS:.1f} pictures/s a sensor; "
        f"heap {heaps[0]:.1f} -> {heaps[-1]:.1f} MB ({growth:+.2f} MB a minute); "
        f"rows dropped {sum(map(int, dropped))}"
    )


def page_figures(draws: list[str], seconds: float) -> None:
    sensors = [SkySensor(f"s{i}", 169e6 + i * 3e6, "no1") for i in range(N_SENSORS)]
    with (
        tempfile.TemporaryDirectory() as folder,
        Sky(sensors, datetime.now(UTC)) as sky,
        running(Path(folder), with_morning=False) as day,
    ):
        day.hang_up()
        day.instead = {"health": sky.health, "held": {one.name: one for one in sensors}}
        day.listen()
        for draw in draws:
            watch(day.url, draw, seconds)


def scan_figures() -> None:
    """Samples a second of processor time of one scan, alone and looked at."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.cu8"
        rng = np.random.default_rng(1)
        n = round(SCAN_S * RATE_HZ)
        np.clip(rng.normal(127.5, 6, size=(n, 2)), 0, 255).astype(np.uint8).tofile(path)
        speeds: dict[bool, list[float]] = {False: [], True: []}
        n_rows = 0
        for turn in range(7):
            for is_watched in (False, True):
                settings = ScanSettings(with_modulation=False, decode=False)
                scanner = Scanner(
                    open_source(str(path), rate_hz=RATE_HZ, center_hz=169e6), settings, lambda _: None
                )
                rows: list[SpectrumRow] = []
                if is_watched:
                    scanner.show_rows(rows.append)
                began_s = time.thread_time()
                scanner.run()
                if turn:
                    speeds[is_watched].append(n / (time.thread_time() - began_s) / 1e6)
                n_rows = len(rows) or n_rows
        alone, watched = (max(speeds[key]) for key in (False, True))
        shares = [f"{RATE_HZ / 1e6 / one:.1%}" for one in (alone, watched)]
        print(
            f"scan of {RATE_HZ / 1e6} MS/s: {shares[0]} of a core alone, {shares[1]} looked at "
            f"(best of {len(speeds[True])}); {n_rows / SCAN_S:.1f} rows/s"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--draw", choices=("2d", "webgl2"), action="append")
    asked = parser.parse_args()
    cores = f"{os.cpu_count()} cores at load {os.getloadavg()[0]:.1f}"
    print(f"{N_SENSORS} sensors, 25 rows/s of 1024 bins each, 1920x1080, drawn in software, {cores}")
    page_figures(asked.draw or ["2d", "webgl2"], asked.seconds)
    scan_figures()


if __name__ == "__main__":
    main()
