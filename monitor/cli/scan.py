"""``examwatch scan``: what is on the air in a recording, on a dongle or in a synthetic world.

Emissions go to standard output as they end, the summary last; warnings to standard error.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from monitor.faults import Fault, InputError, WorldError

if TYPE_CHECKING:
    from monitor.cli.baseline import ScanBaseline
    from sdr.scanner import Scanner


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
    dwell: Annotated[float, typer.Option("--dwell", help="Seconds at each hop of a sweep.")] = 0.1,
    gain: Annotated[
        float | None, typer.Option("--gain", help="dB; a fixed gain makes levels compare.")
    ] = None,
    ppm: Annotated[int | None, typer.Option("--ppm", help="The receiver's frequency error.")] = None,
    seconds: Annotated[float | None, typer.Option("--seconds", help="Stop after so long.")] = None,
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
    from sdr.source import SourceError, open_source
    from sdr.units import parse_band, parse_frequency

    bands = [_parsed(parse_band, text, "--band") for text in band or []]
    rate_hz = _parsed(parse_frequency, rate, "--rate") if rate else None
    center_hz = _parsed(parse_frequency, freq, "--freq") if freq else None
    if center_hz is None and bands and source.startswith(("rtl:", "tcp:")):
        # A recording knows its own centre, and a band of it must not move that.
        center_hz = (bands[0][0] + bands[0][1]) / 2
    compared = _baseline(baseline, gain, ppm)
    write = _Table() if format is Format.table else _Lines()
    try:
        opened = open_source(source, rate_hz=rate_hz, center_hz=center_hz, gain_db=gain, ppm=ppm)
    except SourceError as error:
        raise _as_fault(error) from None
    info = opened.info
    if not info.rate_known:
        sys.stderr.write(f"{source}: rate not known, taken as {info.rate_hz:.0f}; say --rate\n")
    settings = ScanSettings(
        bands=tuple(bands), dwell_s=dwell, gain_db=gain, ppm=ppm, seconds=seconds, evidence_dir=evidence
    )

    def report(found: EmissionReport) -> None:
        if found.is_last and found.shown_by is None:
            write.emission(compared.record(found.emission) if compared else emission_record(found.emission))

    scanner = Scanner(opened, settings, report)
    before = signal.signal(signal.SIGTERM, _stopper(scanner))
    failed: SourceError | None = None
    try:
        scanner.run()
    except SourceError as error:
        failed = error
    except KeyboardInterrupt:
        scanner.stop()
    finally:
        signal.signal(signal.SIGTERM, before)
        opened.close()
    if compared:
        compared.tell_drift()
    write.summary(summary_record(scanner.status, info.rate_hz, scanner.odds, scanner.unwatched))
    if failed is not None:
        raise WorldError(str(failed))


def _baseline(path: Path | None, gain_db: float | None, ppm: int | None) -> ScanBaseline | None:
    if path is None:
        return None
    from monitor.cli.baseline import ScanBaseline

    return ScanBaseline(path, gain_db=gain_db, ppm=ppm)


def _stopper(scanner: Scanner) -> Callable[[int, object], None]:
    def stop(_number: int, _frame: object) -> None:
        scanner.stop()

    return stop


def _parsed(parse: Any, text: str, option: str) -> Any:
    try:
        return parse(text)
    except ValueError as error:
        raise InputError([Fault(option, 0, str(error))]) from None


def _as_fault(error: Exception) -> Exception:
    if getattr(error, "retry", False):
        return WorldError(str(error))
    name, colon, message = str(error).partition(": ")
    return InputError([Fault(name, 0, message) if colon else Fault("SOURCE", 0, str(error))])


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
        for band in record["bands"]:
            sys.stdout.write(
                f"  {band['low_hz'] / 1e6:.4f}-{band['high_hz'] / 1e6:.4f} MHz: "
                f"revisit {band['revisit_s']} s, "
                f"a burst of 1 s is heard with {band['intercept_1s']:.0%}\n"
            )
