"""How often is the modulation named right, and is the confidence honest?

    python -m benchmarks.modulation [--seeds N] [--recordings DIR [--scan]] [--write docs/modulation.md]

Made signals by SNR (confusion, reliability of the confidence), then the labelled recordings
(file, what it is said to be, what we say). ``--write`` puts the tables between the markers of
the page and of its Chinese twin.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np

from benchmarks import made, recordings
from sdr.modulation import Identification, identify_in
from sdr.scanner import EmissionReport, Scanner, ScanSettings
from sdr.source import open_source

CLASSES = ("carrier", "am", "nfm", "wfm", "ook", "fsk2", "fsk4", "wideband", "unknown")
SNRS = (5.0, 10.0, 15.0, 20.0, 30.0)
BINS = ((0.5, 0.7), (0.7, 0.8), (0.8, 0.9), (0.9, 0.97), (0.97, 1.001))


def run_made(n_seeds: int) -> list[tuple[float, str, str, Identification]]:
    """(SNR, name, truth, answer) of every trial."""
    trials: list[tuple[float, str, str, Identification]] = []
    for snr_db in SNRS:
        for place, (name, (truth, _, _)) in enumerate(made.MAKERS.items()):
            for seed in range(n_seeds):
                rng = np.random.default_rng([int(snr_db), place, seed])
                got, offset, bandwidth, snr = made.heard(name, snr_db, rng)
                _, said = identify_in(got.iq, got.format, got.rate_hz, offset, bandwidth, snr)
                trials.append((snr_db, name, truth, said))
        print(f"made signals at {snr_db:g} dB done", file=sys.stderr)
    return trials


def table_by_snr(trials: list[tuple[float, str, str, Identification]]) -> str:
    lines = ["| signal | class | " + " | ".join(f"{snr:g} dB" for snr in SNRS) + " |"]
    lines.append("|---" * (2 + len(SNRS)) + "|")
    for name, (truth, _, _) in made.MAKERS.items():
        cells = []
        for snr in SNRS:
            answers = [t[3].modulation for t in trials if t[0] == snr and t[1] == name]
            wrong = Counter(a for a in answers if a != truth)
            right = answers.count(truth) / max(len(answers), 1)
            cells.append(f"{right:.0%}" + (f" ({', '.join(sorted(wrong))})" if wrong else ""))
        lines.append(f"| {name} | {truth} | " + " | ".join(cells) + " |")
    totals = [_share([t for t in trials if t[0] == snr]) for snr in SNRS]
    lines.append("| **all** | | " + " | ".join(f"**{share:.1%}**" for share in totals) + " |")
    guesses = [
        np.mean([t[3].modulation not in (t[2], "unknown") for t in trials if t[0] == snr] or [0])
        for snr in SNRS
    ]
    lines.append("| named, and wrongly | | " + " | ".join(f"{share:.1%}" for share in guesses) + " |")
    return "\n".join(lines)


def _share(trials: list[tuple[float, str, str, Identification]]) -> float:
    return float(np.mean([t[3].modulation == t[2] for t in trials])) if trials else 0.0


def table_confusion(trials: list[tuple[float, str, str, Identification]]) -> str:
    lines = ["| is \\ said | " + " | ".join(CLASSES) + " |", "|---" * (1 + len(CLASSES)) + "|"]
    for truth in CLASSES:
        counts = Counter(t[3].modulation for t in trials if t[2] == truth)
        lines.append(
            f"| {truth} | " + " | ".join(str(counts[c]) if counts[c] else "" for c in CLASSES) + " |"
        )
    return "\n".join(lines)


def table_reliability(trials: list[tuple[float, str, str, Identification]]) -> str:
    lines = ["| confidence said | answers | right |", "|---|---|---|"]
    for low, high in BINS:
        chosen = [t for t in trials if low <= t[3].confidence < high and t[3].modulation != "unknown"]
        if chosen:
            said = np.mean([t[3].confidence for t in chosen])
            lines.append(
                f"| {said:.2f} ({low:g} to {min(high, 1):g}) | {len(chosen)} | {_share(chosen):.2f} |"
            )
    return "\n".join(lines)


def run_recordings(folder: Path) -> tuple[str, float, int]:
    lines = ["| recording | said to be | we say | confidence | symbol rate |", "|---|---|---|---|---|"]
    right: dict[bool, list[bool]] = defaultdict(list)
    for recording in recordings.load(folder):
        offset, bandwidth, snr = recordings.strongest(recording)
        _, said = identify_in(
            recording.iq, recording.sample_format, recording.rate_hz, offset, bandwidth, snr
        )
        good = said.modulation == recording.truth
        right[recording.remodulated].append(good)
        symbols = f"{said.symbol_rate:.0f}" if said.symbol_rate else ""
        shown = said.modulation if good else f"**{said.modulation}** (should be {recording.truth})"
        note = " (audio, modulated again)" if recording.remodulated else ""
        lines.append(
            f"| {recording.name}{note} | {recording.said} | {shown} | {said.confidence:.2f} | {symbols} |"
        )
    everything = right[False] + right[True]
    share = float(np.mean(everything)) if everything else 0.0
    lines.append(
        f"\n{sum(everything)} of {len(everything)} right ({share:.1%}); without the audio files "
        f"{sum(right[False])} of {len(right[False])}."
    )
    return "\n".join(lines), share, len(everything)


def run_scanned(folder: Path) -> str:
    """What the whole scanner says: its strongest emission in each recording, against the label."""
    lines = [
        "| recording | said to be | emissions | strongest | SNR | symbol rate |",
        "|---|---|---|---|---|---|",
    ]
    n_right, n_all = 0, 0
    for recording in recordings.load(folder):
        if recording.remodulated:
            continue
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / f"recording.{recording.sample_format.value}"
            np.ascontiguousarray(recording.iq, recording.sample_format.dtype).tofile(path)
            source = open_source(str(path), rate_hz=recording.rate_hz, center_hz=433.92e6)
            reports: list[EmissionReport] = []
            Scanner(source, ScanSettings(decode=False), reports.append).run()
        # a receiver's own line at 0 Hz is not an emission
        found = [report.emission for report in reports if report.is_last]
        heard = [e for e in found if e.modulation is not None and "dc" not in e.flags]
        best = max(heard, key=lambda e: e.peak_dbfs, default=None)
        said = best.modulation if best is not None else None
        n_all += 1
        n_right += said == recording.truth
        shown = said if said == recording.truth else f"**{said}** (should be {recording.truth})"
        snr = f"{best.snr_db:.0f}" if best is not None else ""
        symbols = f"{best.symbol_rate:.0f}" if best is not None and best.symbol_rate else ""
        lines.append(f"| {recording.name} | {recording.said} | {len(found)} | {shown} | {snr} | {symbols} |")
    lines.append(f"\n{n_right} of {n_all} right ({n_right / max(n_all, 1):.1%}).")
    return "\n".join(lines)


def write(page: Path, marker: str, text: str) -> None:
    """Replace what stands between the two comments of `marker`."""
    old = page.read_text()
    pattern = re.compile(rf"(<!-- {marker} -->\n).*?(<!-- /{marker} -->)", re.DOTALL)
    page.write_text(pattern.sub(lambda m: f"{m.group(1)}\n{text.strip()}\n\n{m.group(2)}", old))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=4, help="trials of each signal at each SNR")
    parser.add_argument("--recordings", type=Path, help="folder of labelled recordings with manifest.csv")
    parser.add_argument("--scan", action="store_true", help="judge the recordings through the whole scanner")
    parser.add_argument("--write", type=Path, help="page to put the tables into")
    arguments = parser.parse_args()
    pages: list[Path] = []
    if arguments.write:
        pages = [arguments.write, arguments.write.with_suffix(".zh-CN.md")]
    tables: dict[str, str] = {}
    if arguments.seeds:
        trials = run_made(arguments.seeds)
        tables = {
            "by-snr": table_by_snr(trials),
            "confusion": table_confusion([t for t in trials if t[0] >= 15]),
            "reliability": table_reliability(trials),
        }
    if arguments.recordings:
        if arguments.scan:
            tables["scanned"] = run_scanned(arguments.recordings)
        else:
            tables["recordings"], _, _ = run_recordings(arguments.recordings)
    for marker, text in tables.items():
        print(f"\n{marker}\n{text}")
        for page in pages:
            write(page, marker, text)


if __name__ == "__main__":
    main()
