"""``examwatch listen``: what was said, as FLAC, WAV, Ogg or MP3: the ending of the file says which.

The file appears whole or not at all: it is written beside its place and moved there at the end.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.faults import Fault, InputError, WorldError
from monitor.plain import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from sdr.source import SampleSource

_BLOCK_SAMPLES = 1 << 18
_KINDS = {
    ".flac": ("FLAC", "PCM_16"),
    ".wav": ("WAV", "PCM_16"),
    ".ogg": ("OGG", "VORBIS"),
    ".opus": ("OGG", "OPUS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}
"""What libsndfile calls them; an older one knows no MP3."""


class ListenMode(StrEnum):
    nfm = "nfm"
    am = "am"


def listen_command(
    clip: Annotated[str, typer.Argument(metavar="CLIP", help="A recording, SigMF evidence among them.")],
    mode: Annotated[ListenMode, typer.Option("--mode", help="nfm for voice radios, am for aircraft.")],
    out: Annotated[Path, typer.Option("--out", help="FILE.flac, .wav, .ogg, .opus or .mp3.")],
    offset: Annotated[
        str, typer.Option("--offset", help="HZ from the recording's centre, such as -12.5k.")
    ] = "0",
    squelch: Annotated[
        bool, typer.Option("--squelch/--no-squelch", help="Silence where nobody talks.")
    ] = True,
    rate: Annotated[str | None, typer.Option("--rate", help="Samples a second, such as 250k.")] = None,
    freq: Annotated[str | None, typer.Option("--freq", help="Centre, such as 433.92M.")] = None,
) -> None:
    """Demodulate a recording to sound. 将录制的信号解调为音频。

    Example: examwatch listen clip.sigmf-meta --mode nfm --offset 12.5k --out clip.flac
    """
    from sdr.source import SourceError, open_source
    from sdr.units import parse_frequency

    try:
        offset_hz = _signed(offset)
        rate_hz = parse_frequency(rate) if rate else None
        center_hz = parse_frequency(freq) if freq else None
    except ValueError as error:
        raise InputError([Fault("listen", 0, str(error))]) from error
    kind = _kind_of(out)
    try:
        source = open_source(clip, rate_hz=rate_hz, center_hz=center_hz, check=True)
    except SourceError as error:
        raise InputError([Fault(clip, 0, str(error).removeprefix(f"{clip}: "))]) from error
    for warning in source.info.warnings:
        sys.stderr.write(f"{plain(warning)}\n")
    try:
        if source.info.live:
            raise InputError([Fault(clip, 0, "listen wants a recording, not a receiver")])
        if abs(offset_hz) >= source.info.rate_hz / 2:
            raise InputError([Fault(clip, 0, f"--offset {offset} lies outside the recording")])
        seconds, open_share = _write(source, mode, offset_hz, squelch, out, kind)
    except SourceError as error:
        raise WorldError(f"{clip}: {error}") from error
    finally:
        source.close()
    sys.stderr.write(f"{out}: {seconds:.1f} s, squelch open {open_share:.0%}\n")


def _kind_of(out: Path) -> tuple[str, str]:
    """Format and subtype for `out`, before minutes of work and not after them."""
    import soundfile

    kind = _KINDS.get(out.suffix.lower())
    if kind is None:
        raise InputError([Fault(str(out), 0, f"its ending must be one of {' '.join(_KINDS)}")])
    if not soundfile.check_format(*kind):
        raise InputError([Fault(str(out), 0, f"the libsndfile of this machine writes no {out.suffix}")])
    if out.is_dir():
        raise InputError([Fault(str(out), 0, "is a folder")])
    return kind


def _signed(text: str) -> float:
    """Hertz, negative too; ``0`` is the centre."""
    from sdr.units import parse_frequency

    bare = text.strip()
    sign = -1.0 if bare.startswith("-") else 1.0
    bare = bare.lstrip("+-")
    return 0.0 if bare.strip("0.") == "" and bare else sign * parse_frequency(bare)


def _blocks(source: SampleSource) -> Iterator[NDArray[Any]]:
    while (block := source.read(_BLOCK_SAMPLES)) is not None:
        yield block.iq


def _write(
    source: SampleSource,
    mode: ListenMode,
    offset_hz: float,
    squelched: bool,
    out: Path,
    kind: tuple[str, str],
) -> tuple[float, float]:
    import soundfile

    from sdr.demod import AUDIO_RATE_HZ, Mode, demodulate_stream

    pieces = demodulate_stream(
        _blocks(source),
        source.info.format,
        source.info.rate_hz,
        offset_hz,
        Mode(mode.value),
        squelched=squelched,
    )
    n_samples, n_open = 0, 0.0
    try:
        handle, name = tempfile.mkstemp(dir=out.parent, prefix=".part-", suffix=out.suffix)
        os.close(handle)
    except OSError as error:
        raise WorldError(f"{out}: {error.strerror}") from error
    temporary = Path(name)
    try:
        with soundfile.SoundFile(
            temporary, "w", samplerate=AUDIO_RATE_HZ, channels=1, format=kind[0], subtype=kind[1]
        ) as file:
            for piece in pieces:
                file.write(piece.samples)
                n_samples += len(piece.samples)
                n_open += piece.open_share * len(piece.samples)
        if not n_samples:
            raise InputError([Fault(source.info.name, 0, "too short to hold any sound")])
        os.replace(temporary, out)
    except OSError as error:
        raise WorldError(f"{out}: {error.strerror}") from error
    except soundfile.LibsndfileError as error:
        raise WorldError(f"{out}: cannot be written: {error.error_string}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return n_samples / AUDIO_RATE_HZ, n_open / n_samples
