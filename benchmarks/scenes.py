"""Scenes that mislead a scanner: how many senders does it say there are, and which?

    python -m benchmarks.scenes [--seeds N] [--first SEED] [--write docs/detection.md] [SCENE...]

Each scene holds senders whose truth is known, in white noise, through an 8-bit receiver that may clip, mirror
or add its own carrier. A sender is *found* if a record without a ghost's flag lies in its band and time; what
more there is of it are *fragments*; a record without a ghost's flag and without a sender is *false*.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from benchmarks.modulation import write
from benchmarks.scenes_made import CENTER_HZ, SCENES, Scene, Truth
from sdr.scanner import EmissionReport, Scanner, ScanSettings
from sdr.source import open_source
from sdr.types import Emission
from tests import signals as s

GHOSTS = {"mirror", "image", "intermod", "dc"}


# --- scanning and counting ---


def scanned(scene: Scene) -> list[Emission]:
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / f"scene.{scene.format.value}"
        s.quantize(scene.iq, scene.format).tofile(path)
        source = open_source(str(path), rate_hz=scene.rate_hz, center_hz=CENTER_HZ)
        reports: list[EmissionReport] = []
        Scanner(source, ScanSettings(decode=False), reports.append).run()
    return [r.emission for r in reports if r.is_last and r.shown_by is None]


def _matches(one: Emission, truth: Truth) -> bool:
    low = truth.offset_hz + min(0.0, truth.drift_hz) - truth.width_hz / 2
    high = truth.offset_hz + max(0.0, truth.drift_hz) + truth.width_hz / 2
    at = one.center_hz - CENTER_HZ
    slack = max(2500.0, 0.3 * truth.width_hz)
    return low - slack < at < high + slack and one.start_s < truth.end_s and one.end_s > truth.start_s


def count(scene: Scene, found: list[Emission]) -> tuple[Counter[str], list[str]]:
    """The counts, and what was named wrongly."""
    n: Counter[str] = Counter(senders=len(scene.truths), records=len(found))
    clean = [one for one in found if not GHOSTS & {*one.flags}]
    n["flagged"] = len(found) - len(clean)
    said: list[str] = []
    for truth in scene.truths:
        mine = [one for one in clean if _matches(one, truth)]
        n["found"] += bool(mine)
        n["fragments"] += max(0, len(mine) - 1)
        if truth.kinds and mine:
            best = max(mine, key=lambda one: one.on_time_s)
            n["named"] += 1
            n["named right"] += best.modulation in truth.kinds
            if best.modulation not in truth.kinds:
                said.append(f"{truth.kinds[0]} as {best.modulation}")
    n["false"] = sum(not any(_matches(one, truth) for truth in scene.truths) for one in clean)
    if scene.overloaded:
        n["false"] -= (
            strange := sum(
                "overload" in one.flags and not any(_matches(one, truth) for truth in scene.truths)
                for one in clean
            )
        )
        n["only overload"] = strange
    return n, said


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--first", type=int, default=0, help="first seed: others than those tuned on")
    parser.add_argument("--write", type=Path)
    parser.add_argument("--show", action="store_true", help="every record")
    parser.add_argument("scenes", nargs="*", help="all of them if none is named")
    options = parser.parse_args()
    lines = [
        "| scene | senders | found | fragments | false | flagged as ghosts | named right |",
        "|---" * 7 + "|",
    ]
    for number, (name, make) in enumerate(SCENES.items()):
        if options.scenes and name not in options.scenes:
            continue
        total: Counter[str] = Counter()
        wrong: Counter[str] = Counter()
        for seed in range(options.first, options.first + options.seeds):
            scene = make(np.random.default_rng([number, seed]))
            found = scanned(scene)
            n, said = count(scene, found)
            total += n
            wrong.update(said)
            if options.show:
                for truth in scene.truths:
                    sys.stdout.write(
                        f"  truth {truth.offset_hz:10.0f} {truth.start_s:.3f} {truth.end_s:.3f}\n"
                    )
                for one in found:
                    sys.stdout.write(
                        f"  {seed} {one.center_hz - CENTER_HZ:10.0f} {one.bandwidth_hz:8.0f} "
                        f"{one.start_s:.3f} {one.end_s:.3f} {one.snr_db:5.1f} {one.bursts} "
                        f"{one.modulation} {one.confidence} {one.flags}\n"
                    )
        also = f", {total['only overload']} with `overload` only" if total["only overload"] else ""
        names = f"{total['named right']} of {total['named']}" if total["named"] else "-"
        mistakes = f" ({', '.join(f'{n} {what}' for what, n in wrong.most_common())})" if wrong else ""
        lines.append(
            f"| {name.replace('_', ' ')} | {total['senders']} | {total['found']} | {total['fragments']} | "
            f"{total['false']}{also} | {total['flagged']} | {names}{mistakes} |"
        )
        sys.stdout.write(lines[-1] + "\n")
        sys.stdout.flush()
    if options.write:
        for page in (options.write, options.write.with_suffix(".zh-CN.md")):
            write(page, "scenes", "\n".join(lines))


if __name__ == "__main__":
    main()
