"""``examwatch survey``: listen on an ordinary day and keep what the site sounds like.

The template appears whole or not at all; an interrupted survey keeps what it heard until then. A frozen
template is never overwritten.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor.cli.receiver import Opened, open_receiver, parsed, stopping
from monitor.faults import Fault, InputError, WorldError

if TYPE_CHECKING:
    from sdr.survey import Licence, Surveyor

SAVE_EVERY_S = 600.0
"""Of samples: a survey runs for days, and power fails."""


def survey(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE", help="A recording, rtl:0, rtl:serial=…, tcp://host:port or synth:WORLD.yml."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", help="The template: .json, or .msgpack for large ones.")],
    band: Annotated[list[str] | None, typer.Option("--band", help="LOW:HIGH, such as 433M:435M.")] = None,
    seconds: Annotated[float | None, typer.Option("--seconds", min=0.1, help="How long to listen.")] = None,
    licences: Annotated[
        Path | None, typer.Option("--licences", help="CSV of licensed stations; names what is known.")
    ] = None,
    site: Annotated[str | None, typer.Option("--site", help="Where this is.")] = None,
    receiver: Annotated[str | None, typer.Option("--receiver", help="Which set; else SOURCE.")] = None,
    antenna: Annotated[str | None, typer.Option("--antenna", help="Which antenna, and where.")] = None,
    bias_tee: Annotated[bool | None, typer.Option("--bias-tee/--no-bias-tee", help="Its power.")] = None,
    gain: Annotated[float | None, typer.Option("--gain", help="dB; levels compare only at one gain.")] = None,
    ppm: Annotated[int | None, typer.Option("--ppm", help="The receiver's frequency error.")] = None,
    dwell: Annotated[float, typer.Option("--dwell", min=0.01, help="Seconds at each hop of a sweep.")] = 0.1,
    rate: Annotated[str | None, typer.Option("--rate", help="Samples a second, such as 250k.")] = None,
    freq: Annotated[str | None, typer.Option("--freq", help="Centre, such as 433.92M.")] = None,
    frozen: Annotated[
        bool, typer.Option("--freeze", help="Close the template for the exam: it is never overwritten.")
    ] = False,
) -> None:
    """Build the template of a site. 勘测站点，生成对比模板。

    Example: examwatch survey rtl:0 --band 167M:174M --gain 30 --seconds 86400 --site gate --out gate.json
    """
    from sdr.source import SourceError
    from sdr.survey import Key, Surveyor, SurveyPlan, TemplateError, refuse_frozen

    bands = tuple(parsed("--band", text, band=True) for text in band or [])
    try:
        refuse_frozen(out)
    except TemplateError as error:
        raise InputError([_fault(error)]) from None
    if not out.parent.is_dir():
        raise InputError([Fault(str(out), 0, f"no folder {out.parent}")])
    listed = _licences(licences)
    opened = open_receiver(source, bands=bands, rate=rate, freq=freq, gain_db=gain, ppm=ppm)
    if opened.info.n_samples is None and seconds is None:
        opened.close()
        raise InputError([Fault("--seconds", 0, "this source has no end: say how long to listen")])
    key = Key(site, receiver or source, antenna, gain, ppm, bias_tee)
    saver = _Saver(out, listed, frozen)
    bar = _Bar(opened, seconds)

    def progress(heard_s: float) -> None:
        bar.show(heard_s)
        saver.progress(surveyor, heard_s)

    surveyor = Surveyor(opened.source, SurveyPlan(key, bands, dwell, seconds), progress)
    failed: SourceError | None = None
    try:
        with bar, stopping(surveyor.stop):
            surveyor.run()
    except SourceError as error:
        failed = error
    finally:
        opened.close()
    saver.finish(surveyor)
    if failed is not None:
        raise WorldError(f"{failed}; kept what was heard until then")


class _Bar:
    """A progress bar on a terminal, and nothing otherwise."""

    def __init__(self, opened: Opened, seconds: float | None) -> None:
        from rich.console import Console
        from rich.progress import Progress

        info = opened.info
        total = seconds if info.n_samples is None else info.n_samples / info.rate_hz
        self._progress = Progress(console=Console(stderr=True), disable=not sys.stderr.isatty())
        self._task = self._progress.add_task("survey / 勘测", total=min(total or 0.0, seconds or 1e12))

    def show(self, heard_s: float) -> None:
        self._progress.update(self._task, completed=heard_s)

    def __enter__(self) -> None:
        self._progress.start()

    def __exit__(self, *_: object) -> None:
        self._progress.stop()


class _Saver:
    """Writes the template now and then, and at the end."""

    def __init__(self, out: Path, licences: list[Licence], frozen: bool) -> None:
        self._out = out
        self._licences = licences
        self._frozen = frozen
        self._next_s = SAVE_EVERY_S

    def progress(self, surveyor: Surveyor, heard_s: float) -> None:
        if heard_s >= self._next_s:
            self._next_s = heard_s + SAVE_EVERY_S
            self._write(surveyor, last=False)

    def finish(self, surveyor: Surveyor) -> None:
        self._write(surveyor, last=True)

    def _write(self, surveyor: Surveyor, *, last: bool) -> None:
        from sdr.survey import TemplateError, freeze, write

        template = surveyor.template(self._licences)
        if template is None:
            raise WorldError(f"{self._out}: nothing written, the source gave no sample")
        if last and self._frozen:
            template = freeze(template, datetime.now(UTC))
        try:
            write(self._out, template)
        except TemplateError as error:
            raise WorldError(str(error)) from None
        if last:
            n_named = sum(one.name is not None for one in template.emissions)
            n_bins = sum(stretch.n_bins for stretch in template.stretches)
            sys.stderr.write(
                f"{self._out}: {template.seconds:.1f} s, {n_bins} bins, {len(template.emissions)} emissions, "
                f"{n_named} of them named / 信号 {len(template.emissions)} 个，已识别 {n_named} 个\n"
            )


def _licences(path: Path | None) -> list[Licence]:
    from sdr.survey import LicenceError, read_licences

    if path is None:
        return []
    try:
        found, faults = read_licences(path)
    except LicenceError as error:
        raise InputError([_fault(error)]) from None
    for fault in faults:
        sys.stderr.write(fault + "\n")
    return found


def _fault(error: Exception) -> Fault:
    name, _, message = str(error).partition(": ")
    return Fault(name, 0, message)
