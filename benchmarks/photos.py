"""Photographed pages: what is read, how long it takes, what is taken for a paper.

    python -m benchmarks.photos [DATA] [--photos N]

DATA holds `text/` and `img/` (see `benchmarks/page_texts.py` for the collections). Pages are set
and photographed by `benchmarks/pages_made.py`, easy and hard; the weights of `monitor.paper` were
set on the other half of the same kinds. Needs Debian's fonts-noto-cjk.
"""

from __future__ import annotations

import argparse
import time
import unicodedata
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from rapidfuzz.distance import Levenshtein

from benchmarks.page_texts import PageText, Texts, shows_question
from benchmarks.pages_made import SERIF, Style, any_shot, jpeg, photograph, typeset
from crawlers.errors import CrawlError
from crawlers.extract.image.codes import find_codes
from crawlers.extract.image.engine import Engine
from crawlers.extract.image.load import load
from crawlers.extract.image.page import read_page
from monitor.paper import THRESHOLD, likeness


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", nargs="?", type=Path, default=Path("../shared/data"))
    parser.add_argument("--photos", type=int, default=40, help="of each easy and hard")
    options = parser.parse_args()
    if not SERIF.is_file():
        raise SystemExit(f"{SERIF} is missing: apt install fonts-noto-cjk")
    pages = [page for page in Texts(options.data / "text").pages() if page.held_out]
    print("\nhalf that the weights were not set on (its misses were looked at while patterns were written)")
    of_texts(pages)
    print("\ncollections that nothing was set on")
    of_texts(list(Texts(options.data / "text", seed=2).fresh_pages()))
    codes(options.data / "img/qr")
    engine = Engine()
    for hard in (False, True):
        of_photos(engine, pages, options.photos, hard=hard)


def of_texts(pages: list[PageText]) -> None:
    found: dict[tuple[bool, str], list[float]] = defaultdict(list)
    for page in pages:
        found[not page.is_paper, page.kind].append(likeness(page.text).score)
    print(f"pages as text: share at {THRESHOLD} and over")
    for (harmless, kind), scores in sorted(found.items()):
        share = np.mean(np.array(scores) >= THRESHOLD)
        print(f"  {'harmless' if harmless else 'paper':9}{kind:28}{len(scores):5}{share:8.3f}")
    for is_paper in (True, False):
        scores = np.array([s for (harmless, _), own in found.items() if harmless != is_paper for s in own])
        cuts = "  ".join(f"{cut}: {np.mean(scores >= cut):.4f}" for cut in (0.3, 0.4, 0.5, 0.6, 0.7))
        print(f"  {'recall' if is_paper else 'false alarms':14}{len(scores):5}  {cuts}")


def codes(folder: Path) -> None:
    n = n_read = 0
    for told in sorted(folder.glob("*.txt")):
        pictures = [one for one in folder.iterdir() if one.stem == told.stem and one != told]
        for picture in pictures:
            gray = cv2.cvtColor(load(picture.read_bytes()).pixels, cv2.COLOR_RGB2GRAY)
            wanted = told.read_bytes().decode("utf-8", "replace").strip()
            n += 1
            n_read += any(text.strip() == wanted for text in find_codes(np.asarray(gray, np.uint8)))
    print(f"\ncodes on photos: {n_read} of {n} payloads read")


def of_photos(engine: Engine, pages: list[PageText], n: int, *, hard: bool) -> None:
    rng = np.random.default_rng(11 + hard)
    seconds: list[float] = []
    errors: list[float] = []
    hits: dict[str, list[bool]] = defaultdict(list)
    wrong: list[str] = []
    for _ in range(n):
        page = pages[int(rng.integers(len(pages)))]
        while page.is_paper != bool(rng.integers(2)):
            page = pages[int(rng.integers(len(pages)))]
        style = Style(size_px=int(rng.choice([20, 22, 26])), sheet=(1240, int(rng.choice([1240, 1754]))))
        sheet = typeset(page.text.split("\n"), style)
        shot = any_shot(rng, hard=hard)
        data = jpeg(photograph(sheet.picture, shot, rng), shot.quality)
        before = time.process_time()
        try:
            text = read_page(engine, data).text
        except CrawlError as error:
            text = str(error)
        seconds.append(time.process_time() - before)
        if shot.crop == (0.0, 0.0, 1.0, 1.0):
            wanted, got = _plain(sheet.in_view(shot.crop)), _plain(text)
            errors.append(Levenshtein.distance(wanted, got) / max(1, len(wanted)))
        found = likeness(text).score >= THRESHOLD
        kind = "papers" if page.is_paper else "harmless"
        hits[kind].append(found)
        in_view = shows_question(sheet.in_view(shot.crop))
        if page.is_paper and in_view:
            hits["papers with a question in view"].append(found)
        if found != page.is_paper:
            wrong.append(f"{page.kind} {shot.crop} {likeness(text).score} question in view: {in_view}")
    took = np.percentile(seconds, [50, 95, 100])
    print(f"\n{'hard' if hard else 'easy'} photos: {n}")
    print(f"  seconds of one core: median {took[0]:.2f}, p95 {took[1]:.2f}, most {took[2]:.2f}")
    middle, most = np.percentile(errors, [50, 90])
    print(f"  character errors of whole pages: median {middle:.3f}, p90 {most:.3f}")
    for kind, own in hits.items():
        print(f"  taken for a paper, {kind}: {sum(own)} of {len(own)}")
    for line in wrong:
        print(f"    wrong: {line}")


def _plain(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFKC", text) if char.isalnum())


if __name__ == "__main__":
    main()
