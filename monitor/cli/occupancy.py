"""``examwatch occupancy``: how busy each channel of a band is, and how sure that is.

The result goes to standard output; files (``--plot``, ``--sm1809``) appear whole or not at all.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import ExitStack
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from monitor.cli.receiver import open_receiver, parsed, stopping
from monitor.faults import Fault, InputError, WorldError

if TYPE_CHECKING:
    from sdr.occupancy import LevelRow, Occupancy


class OccupancyFormat(StrEnum):
    table = "table"
    csv = "csv"
    jsonl = "jsonl"


def occupancy(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="A recording, rtl:0, rtl:serial=…, tcp://host:port or synth:WORLD.yml."
        ),
    ],
    band: Annotated[str, typer.Option("--band", help="LOW:HIGH, such as 409.74M:410M.")],
    channel: Annotated[str, typer.Option("--channel", help="Width of a channel, such as 12.5k.")],
    seconds: Annotated[float | None, typer.Option("--seconds", min=0.1, help="How long to listen.")] = None,
    threshold: Annotated[
        float, typer.Option("--threshold", help="dB over the noise from which a channel is occupied.")
    ] = 5.0,
    dwell: Annotated[
        float, typer.Option("--dwell", min=0.005, help="Seconds at each hop of a sweep.")
    ] = 0.02,
    rate: Annotated[str | None, typer.Option("--rate", help="Samples a second, such as 250k.")] = None,
    freq: Annotated[str | None, typer.Option("--freq", help="Centre, such as 433.92M.")] = None,
    gain: Annotated[float | None, typer.Option("--gain", help="dB.")] = None,
    ppm: Annotated[int | None, typer.Option("--ppm", help="The receiver's frequency error.")] = None,
    format: Annotated[
        OccupancyFormat, typer.Option("--format", help="table for people, csv or jsonl for programs.")
    ] = OccupancyFormat.table,
    plot: Annotated[Path | None, typer.Option("--plot", help="Draw it into this PNG.")] = None,
    sm1809: Annotated[
        Path | None, typer.Option("--sm1809", help="Write the levels in the manner of ITU-R SM.1809.")
    ] = None,
    site: Annotated[str, typer.Option("--site", help="Name of the place, for --sm1809.")] = "unknown",
) -> None:
    """Occupancy by channel (FCO) and of the band (FBO), after ITU-R SM.1880. 频道与频段占用度。

    Example: examwatch occupancy rtl:0 --band 409.74M:410M --channel 12.5k --seconds 3600
    """
    from sdr.occupancy import OccupancyError, OccupancyMeter
    from sdr.source import SourceError

    wanted = parsed("--band", band, band=True)
    channel_hz = parsed("--channel", channel)
    if threshold <= 0:
        raise InputError([Fault("--threshold", 0, "must be above 0 dB: at the noise itself all is occupied")])
    opened = open_receiver(source, bands=[wanted], rate=rate, freq=freq, gain_db=gain, ppm=ppm)
    failed: SourceError | None = None
    with ExitStack() as closing:
        closing.callback(opened.close)
        if opened.info.n_samples is None and seconds is None:
            raise InputError([Fault("--seconds", 0, "this source has no end: say how long to listen")])
        try:
            meter = OccupancyMeter(
                opened.source,
                wanted,
                channel_hz,
                threshold_db=threshold,
                seconds=seconds,
                dwell_s=dwell,
                gain_db=gain,
            )
        except OccupancyError as error:
            raise InputError([Fault(source, 0, str(error))]) from None
        scans = closing.enter_context(_Scans(sm1809)) if sm1809 else None
        closing.enter_context(stopping(meter.stop))
        try:
            for row in meter.run():
                if scans:
                    scans.add(row)
        except SourceError as error:
            failed = error
        try:
            found = meter.result()
        except OccupancyError as error:
            if failed is not None:
                raise WorldError(str(failed)) from None
            raise InputError([Fault(source, 0, str(error))]) from None
        if scans:
            scans.finish(found, site)
    _print(found, format)
    if plot:
        from sdr.occupancy_plot import plot as draw

        _write_whole(plot, draw(found))
    if failed is not None:
        raise WorldError(f"{failed}; this is what was heard until then")


def _print(found: Occupancy, format: OccupancyFormat) -> None:
    from sdr.occupancy_record import as_csv, records

    if format is OccupancyFormat.csv:
        sys.stdout.write(as_csv(found))
    elif format is OccupancyFormat.jsonl:
        sys.stdout.writelines(msgspec.json.encode(row).decode() + "\n" for row in records(found))
    else:
        sys.stdout.write(_table(found))


def _table(found: Occupancy) -> str:
    head = (
        f"{'MHz':>11} {'FCO %':>7} {'95 % interval':>17} {'samples':>9} {'worth':>7} "
        f"{'mean':>7} {'peak dBFS':>9}\n"
    )
    rows = [
        f"{one.center_hz / 1e6:11.5f} {one.fco.value * 100:7.2f} "
        f"{one.fco.low * 100:8.2f}-{one.fco.high * 100:<8.2f} {one.n_samples:9d} {one.n_effective:7.0f} "
        f"{one.mean_dbfs:7.1f} {one.peak_dbfs:9.1f}{'  dc' if one.has_dc else ''}\n"
        for one in found.channels
    ]
    foot = (
        f"FBO {found.fbo.value:.2%} ({found.fbo.low:.2%}-{found.fbo.high:.2%}), SRO {found.sro:.2%}; "
        f"{found.seconds:.1f} s, a sample every {found.revisit_s * 1e3:.1f} ms, "
        f"{found.threshold_db:g} dB over the noise\n"
    )
    return head + "".join(rows) + foot


class _Scans:
    """The lines of an SM.1809 file, kept on disk until its head is known."""

    def __init__(self, out: Path) -> None:
        self._out = out
        try:
            self._lines = tempfile.TemporaryFile("w+", encoding="ascii", dir=out.parent)  # noqa: SIM115
        except OSError as error:
            raise WorldError(f"{out}: {error.strerror or error}") from None

    def __enter__(self) -> _Scans:
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()

    def add(self, row: LevelRow) -> None:
        from sdr.occupancy_record import scan_line

        self._lines.write(scan_line(row))

    def finish(self, found: Occupancy, site: str) -> None:
        from sdr.occupancy_record import Station, scan_header

        self._lines.seek(0)
        head = scan_header(found, Station(site))
        _write_whole(self._out, head.encode() + self._lines.read().encode())


def _write_whole(path: Path, content: bytes) -> None:
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        raise WorldError(f"{path}: {error.strerror or error}") from None
