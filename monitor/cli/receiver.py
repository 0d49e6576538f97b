"""What commands that listen to a SOURCE share: opening it, parsing bands, stopping on a signal."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from monitor.faults import Fault, InputError, WorldError
from monitor.plain import plain

if TYPE_CHECKING:
    from sdr.source import SampleSource, SourceInfo


@dataclass(frozen=True, slots=True)
class Opened:
    """A source that was opened, to be closed by its opener."""

    source: SampleSource
    info: SourceInfo

    def close(self) -> None:
        self.source.close()


def open_receiver(
    spec: str,
    *,
    bands: Sequence[tuple[float, float]] = (),
    rate: str | None = None,
    freq: str | None = None,
    gain_db: float | None = None,
    ppm: int | None = None,
) -> Opened:
    """Open `spec`; a receiver is put at `freq`, else in the middle of the first band.

    Raises
    ------
    InputError
        If `spec` or a number is wrong, or no band lies in what a recording holds.
    WorldError
        If it may work later (unplugged, refused).
    """
    from sdr.source import SourceError, open_source

    rate_hz = parsed("--rate", rate) if rate else None
    center_hz = parsed("--freq", freq) if freq else None
    live = spec.startswith(("rtl:", "tcp:"))
    if center_hz is None and bands and live:
        center_hz = (bands[0][0] + bands[0][1]) / 2
    try:
        source = open_source(spec, rate_hz=rate_hz, center_hz=center_hz, gain_db=gain_db, ppm=ppm, check=True)
    except SourceError as error:
        raise as_fault(spec, error) from None
    info = source.info
    for warning in info.warnings:
        sys.stderr.write(f"{plain(warning)}\n")
    if not info.rate_known:
        sys.stderr.write(f"{spec}: rate not known, taken as {info.rate_hz:.0f}; say --rate\n")
    if not info.tunable and bands:
        low, high = info.center_hz - info.rate_hz / 2, info.center_hz + info.rate_hz / 2
        outside = [band for band in bands if band[1] <= low or band[0] >= high]
        if outside:
            source.close()
            raise InputError(
                [
                    Fault("--band", 0, f"{a / 1e6:g}M:{b / 1e6:g}M lies outside what {spec} holds")
                    for a, b in outside
                ]
            )
    return Opened(source, info)


def parsed(option: str, text: str, *, band: bool = False) -> Any:
    """The frequency, or the band, that `text` says.

    Raises
    ------
    InputError
    """
    from sdr.units import parse_band, parse_frequency

    try:
        return parse_band(text) if band else parse_frequency(text)
    except ValueError as error:
        raise InputError([Fault(option, 0, str(error))]) from None


def as_fault(spec: str, error: Exception) -> InputError | WorldError:
    """What a source's error means for the exit code."""
    if getattr(error, "retry", False):
        return WorldError(str(error))
    name, colon, message = str(error).partition(": ")
    return InputError([Fault(name, 0, message) if colon else Fault(spec, 0, str(error))])


@contextmanager
def stopping(stop: Callable[[], None]) -> Generator[None, None, None]:
    """Inside, Ctrl-C and SIGTERM call `stop` and nothing else; a second Ctrl-C interrupts."""

    def handle(number: int, _frame: object) -> None:
        signal.signal(number, signal.default_int_handler)
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
