"""``examwatch scan``: what is on the air in a recording, on a dongle or in a synthetic world.

Emissions go to standard output as they end, the summary last; warnings to standard error.
"""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from monitor.cli.receiver import open_receiver, parsed, stopping
from monitor.faults import Fault, InputError, WorldError

if TYPE_CHECKING:
    from monitor.cli.baseline import ScanBaseline


class Format(StrEnum):
    jsonl = "jsonl"
    table = "table"


def scan(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="A recording, rtl:0, rtl:serial=…, tcp://host:port or synth:WORLD.yml."
        ),
    ],
    band: Annotated[list[str] | None, typer.Option("--band", help="LOW:HIGH, such as 433M:435M.")] = None,
    rate: Annotated[str | None, typer.Option("--rate", help="Samples a second, such as 250k.")] = None,
    freq: Annotated[str | None, typer.Option("--freq", help="Centre, such as 433.92M.")] = None,
    dwell: Annotated[
        float, typer.Option("--dwell", min=0.01, max=3600, help="Seconds at each hop of a sweep.")
    ] = 0.1,
    gain: Annotated[
        float | None, typer.Option("--gain", min=-10, max=100, help="dB; a fixed gain makes levels compare.")
    ] = None,
    ppm: Annotated[
        int | None, typer.Option("--ppm", min=-1000, max=1000, help="The receiver's frequency error.")
    ] = None,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0.01, help="Stop after so long.")] = None,
    evidence: Annotated[
        Path | None, typer.Option("--evidence", help="Keep SigMF and a spectrogram of each emission here.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", help="A template from survey: say what is new, and why.")
    ] = None,
    format: Annotated[
        Format, typer.Option("--format", help="jsonl for programs, table for people.")
    ] = Format.jsonl,
) -> None:
    """Print what is on the air. 扫描并列出信号。

    Example: examwatch scan g001_433.92M_250k.cu8 --format table
    """
    from sdr.record import emission_record, summary_record
    from sdr.scanner import EmissionReport, Scanner, ScanSettings
    from sdr.source import SourceError

    bands = [parsed("--band", text, band=True) for text in band or []]
    compared = _baseline(baseline, gain, ppm)
    if evidence is not None:
        _must_be_writable(evidence)
    write = _Table() if format is Format.table else _Lines()
    opened = open_receiver(source, bands=bands, rate=rate, freq=freq, gain_db=gain, ppm=ppm)
    settings = ScanSettings(
        bands=tuple(bands), dwell_s=dwell, gain_db=gain, ppm=ppm, seconds=seconds, evidence_dir=evidence
    )

    def report(found: EmissionReport) -> None:
        if found.is_last and found.shown_by is None:
            write.emission(compared.record(found.emission) if compared else emission_record(found.emission))

    scanner = Scanner(opened.source, settings, report)
    failed: SourceError | None = None
    try:
        with stopping(scanner.stop):
            scanner.run()
    except SourceError as error:
        failed = error
    finally:
        opened.close()
    if compared:
        compared.tell_drift()
    rate_hz = opened.info.rate_hz
    write.summary(summary_record(scanner.status, rate_hz, scanner.odds, scanner.unwatched))
    if failed is not None:
        raise WorldError(str(failed))
    if n_failed := scanner.status.n_evidence_failed:
        raise WorldError(f"{evidence}: {n_failed} clips could not be kept / 有 {n_failed} 份证据未能保存")


def _must_be_writable(folder: Path) -> None:
    """Told before hours of listening, not after them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError([Fault(str(folder), 0, f"cannot be written: {error.strerror}")]) from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError([Fault(str(folder), 0, "cannot be written: Permission denied")])


def _baseline(path: Path | None, gain_db: float | None, ppm: int | None) -> ScanBaseline | None:
    if path is None:
        return None
    from monitor.cli.baseline import ScanBaseline

    return ScanBaseline(path, gain_db=gain_db, ppm=ppm)


class _Lines:
    def emission(self, record: dict[str, Any]) -> None:
        sys.stdout.write(msgspec.json.encode(record).decode() + "\n")
        sys.stdout.flush()

    summary = emission


class _Table:
    """Columns that fit a terminal of 100; no library decides where a number breaks."""

    HEAD = f"{'start s':>10} {'end s':>10} {'centre MHz':>12} {'kHz':>8} {'SNR dB':>7} {'bursts':>6}  kind"

    def __init__(self) -> None:
        sys.stdout.write(self.HEAD + "\n")

    def emission(self, record: dict[str, Any]) -> None:
        kind = record["modulation"] or "-"
        why = ["NEW"] if record["new"] else [one["code"] for one in record.get("reasons", [])]
        notes = " ".join([kind, *record["flags"], *why, *([] if record["ended"] else ["(still on)"])])
        sys.stdout.write(
            f"{record['start_s']:10.3f} {record['end_s']:10.3f} {record['center_hz'] / 1e6:12.5f} "
            f"{record['bandwidth_hz'] / 1e3:8.2f} {record['snr_db']:7.1f} {record['bursts']:6d}  {notes}\n"
        )
        sys.stdout.flush()

    def summary(self, record: dict[str, Any]) -> None:
        sys.stdout.write(
            f"{record['n_emissions']} emissions in {record['seconds']:.3f} s; "
            f"{record['n_gaps']} gaps, {record['n_dropped']} samples lost\n"
        )
        if record["overloaded_s"]:
            sys.stdout.write(
                f"  overloaded for {record['overloaded_s']:.1f} s: lower the gain / 过载，请降低增益\n"
            )
        for band in record["bands"]:
            sys.stdout.write(
                f"  {band['low_hz'] / 1e6:.4f}-{band['high_hz'] / 1e6:.4f} MHz: "
                f"revisit {band['revisit_s']} s, "
                f"a burst of 1 s is heard with {band['intercept_1s']:.0%}\n"
            )
