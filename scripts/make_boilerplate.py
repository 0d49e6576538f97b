"""Make rules/text/boilerplate.npz from openly licensed past papers.

    python scripts/make_boilerplate.py GAOKAO_BENCH_DIR AGIEVAL_DIR

Standing phrases of printed papers (``standing_phrases.txt``, own compilation) are boilerplate as
they are. Sources of the rest: OpenLMLab/GAOKAO-Bench (Apache-2.0) and ruixiangcui/AGIEval (MIT). A gram is
boilerplate when at least COMMON_ITEMS items hold it, and tells half when SEEN_ITEMS do. Only
32-bit values are kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rules.text.boilerplate import public_values
from rules.text.fingerprint import squeeze

COMMON_ITEMS = 6
SEEN_ITEMS = 4
REPRINT_SHARE = 0.4
"""An item of which so much was seen before is the same item in another collection: not counted."""
STANDING = Path(__file__).with_name("standing_phrases.txt")
OUT = Path(__file__).parents[1] / "rules" / "text" / "boilerplate.npz"


def items(bench: Path, agieval: Path) -> Iterator[str]:
    for path in sorted(bench.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"))
        for entry in content["example"] if isinstance(content, dict) else content:
            yield entry["question"]
    for path in sorted(agieval.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            yield "\n".join([entry["passage"] or "", entry["question"], *(entry["options"] or [])])


def main(bench: str, agieval: str) -> None:
    counts: dict[int, int] = {}
    n_reprints = 0
    for text in items(Path(bench), Path(agieval)):
        values = np.unique(public_values(squeeze(text))).tolist()
        if sum(value in counts for value in values) > REPRINT_SHARE * len(values):
            n_reprints += 1
            continue
        for value in values:
            counts[value] = counts.get(value, 0) + 1
    for line in STANDING.read_text(encoding="utf-8").splitlines():
        for value in public_values(squeeze(line)).tolist():
            counts[value] = counts.get(value, 0) + COMMON_ITEMS
    known = np.array(sorted(value for value, n in counts.items() if n >= SEEN_ITEMS), dtype=np.uint32)
    common = np.array([counts[value] >= COMMON_ITEMS for value in known.tolist()])
    np.savez_compressed(OUT, known=known, common=common)
    print(f"{n_reprints} reprints left out of {len(counts)} grams")
    print(f"{len(known)} seen elsewhere, {int(common.sum())} of them common, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
