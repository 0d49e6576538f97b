"""A synthetic world as its author writes it: who sends what, when, where and how loudly.

    rate: 2.4M                 center: 433.92M        seconds: 60       seed: 1
    noise_dbfs: -40            power of the noise in the whole passband
    dc_dbfs: -35               the receiver's own carrier at its centre
    imbalance_gain_db: 0.3     imbalance_phase_deg: 2
    flat: 1.92M                the passband falls beyond this, by edge_db at its very edge
    edge_db: 8
    ip3_dbfs: 20               third-order intercept; none: linear
    image_if: 1.815M           the tuner's image: f is also heard at centre + 2 IF - f, weaker by
    image_db: 40
    gain_db: 30                the gain at which the levels hold; another one shifts them
    retune: 0.01               seconds that a retune costs
    emitters:
      - {frequency: 433.95M, snr_db: 15, modulation: nfm, start: 1, stop: 3}
      - {frequency: 434.2M, level_dbfs: -30, modulation: fsk2, symbol_rate: 1200, deviation: 4.5k,
         start: 2, burst: 0.2, period: 5, jitter: 1}

``snr_db`` is the emitter's mean power while it is on, over the noise (quantisation
included) in its bandwidth; ``level_dbfs`` that power itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import cast

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from sdr.source.base import SourceError
from sdr.units import parse_frequency

MODULATIONS = ("carrier", "am", "nfm", "wfm", "ook", "fsk2", "fsk4", "psk", "wideband")
AUDIO = ("voice", "tone")


@dataclass(frozen=True, slots=True)
class Emitter:
    """One sender. None leaves the choice to the modulation."""

    frequency: float
    modulation: str
    snr_db: float | None = None
    level_dbfs: float | None = None
    bandwidth: float | None = None
    """What `snr_db` refers to and the truth states; else the 99 % bandwidth of what is sent."""
    start: float = 0.0
    stop: float | None = None
    burst: float | None = None
    period: float | None = None
    jitter: float = 0.0
    """Each burst begins later by a chance part of this."""
    ramp: float = 0.0005
    drift: float = 0.0
    """Hertz a second."""
    symbol_rate: float | None = None
    deviation: float | None = None
    audio: str = "voice"
    tone: float = 1000.0
    name: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """The air and the receiver that listens to it."""

    rate: float
    center: float
    seconds: float | None = None
    seed: int = 0
    noise_dbfs: float = -40.0
    dc_dbfs: float | None = None
    imbalance_gain_db: float = 0.0
    imbalance_phase_deg: float = 0.0
    flat: float | None = None
    edge_db: float = 0.0
    ip3_dbfs: float | None = None
    image_if: float | None = None
    image_db: float = 40.0
    gain_db: float | None = None
    retune: float = 0.0
    emitters: tuple[Emitter, ...] = ()


class WorldError(SourceError):
    """The YAML is wrong. ``faults`` holds every ``file:line: message``, the message the first."""

    def __init__(self, faults: list[str]) -> None:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        super().__init__(faults[0] + more)
        self.faults = tuple(faults)


Check = Callable[[object], object]


def _number(low: float, high: float) -> Check:
    def check(value: object) -> object:
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"must be a number from {low:g} to {high:g}")
        return float(value)

    return check


def _hertz(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("must be a frequency, such as 433.92M")
    return parse_frequency(repr(value) if isinstance(value, float) else str(value))


def _one_of(choices: tuple[str, ...]) -> Check:
    def check(value: object) -> object:
        if value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return check


def _seed(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("must be a whole number, 0 or more")
    return value


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return value


_LEVEL, _TIME, _LENGTH = _number(-200, 60), _number(0, 1e7), _number(1e-6, 1e7)
_EMITTER: dict[str, Check] = {
    "frequency": _hertz,
    "modulation": _one_of(MODULATIONS),
    "snr_db": _number(-60, 120),
    "level_dbfs": _LEVEL,
    "bandwidth": _hertz,
    "start": _TIME,
    "stop": _TIME,
    "burst": _LENGTH,
    "period": _LENGTH,
    "jitter": _TIME,
    "ramp": _TIME,
    "drift": _number(-1e6, 1e6),
    "symbol_rate": _hertz,
    "deviation": _hertz,
    "audio": _one_of(AUDIO),
    "tone": _hertz,
    "name": _text,
}
_WORLD: dict[str, Check] = {
    "rate": _hertz,
    "center": _hertz,
    "seconds": _LENGTH,
    "seed": _seed,
    "noise_dbfs": _LEVEL,
    "dc_dbfs": _LEVEL,
    "imbalance_gain_db": _number(-6, 6),
    "imbalance_phase_deg": _number(-45, 45),
    "flat": _hertz,
    "edge_db": _number(0, 60),
    "ip3_dbfs": _number(-60, 120),
    "image_if": _hertz,
    "image_db": _number(0, 120),
    "gain_db": _number(-10, 60),
    "retune": _number(0, 10),
}
_N_MAX_BYTES = 4 << 20


def read_world(path: Path) -> World:
    """The world that `path` describes.

    Raises
    ------
    SourceError
        `WorldError` with every fault and its line, or that the file cannot be read.
    """
    try:
        if path.stat().st_size > _N_MAX_BYTES:
            raise SourceError(f"{path}: more than {_N_MAX_BYTES >> 20} MiB is no world")
        text = path.read_text(encoding="utf-8")
    except OSError as fault:
        raise SourceError(f"{path}: {fault.strerror or fault}") from fault
    except UnicodeDecodeError as fault:
        raise SourceError(f"{path}: not UTF-8 text") from fault
    return parse_world(text, str(path))


def parse_world(text: str, name: str) -> World:
    """The world in `text`; `name` stands in its faults.

    Raises
    ------
    WorldError
    """
    try:
        tree = YAML(typ="rt").load(text)
    except MarkedYAMLError as fault:
        line = fault.problem_mark.line + 1 if fault.problem_mark else 1
        said = " ".join((fault.problem or "not YAML").split())
        raise WorldError([f"{name}:{line}: {said}"]) from fault
    except (YAMLError, ValueError, RecursionError) as fault:
        raise WorldError([f"{name}:1: not YAML: {' '.join(str(fault).split())}"]) from fault
    if not isinstance(tree, CommentedMap):
        raise WorldError([f"{name}:1: a world is a mapping with rate, center and emitters"])
    faults: list[str] = []
    top = CommentedMap({key: value for key, value in tree.items() if key != "emitters"})
    top.lc.data = tree.lc.data
    values = _read(top, _WORLD, name, 1, faults, required=("rate", "center"))
    emitters = _read_emitters(tree, name, faults)
    if faults:
        raise WorldError(faults)
    return World(**values, emitters=emitters)  # pyright: ignore[reportArgumentType] # checked by _WORLD


def _read_emitters(tree: CommentedMap, name: str, faults: list[str]) -> tuple[Emitter, ...]:
    listed: object = tree.get("emitters", [])
    if not isinstance(listed, list):
        faults.append(f"{name}:{_line(tree, 'emitters')}: emitters must be a list")
        return ()
    emitters: list[Emitter] = []
    for index, entry in enumerate(cast("list[object]", listed)):
        line = listed.lc.item(index)[0] + 1 if isinstance(listed, CommentedSeq) else 1
        if not isinstance(entry, CommentedMap):
            faults.append(f"{name}:{line}: an emitter is a mapping with frequency, modulation and snr_db")
            continue
        n_before = len(faults)
        values = _read(entry, _EMITTER, name, line, faults, required=("frequency", "modulation"))
        faults += [f"{name}:{line}: {why}" for why in _contradictions(values)]
        if len(faults) == n_before:
            emitters.append(Emitter(**values))  # pyright: ignore[reportArgumentType] # checked by _EMITTER
    return tuple(emitters)


def _contradictions(values: dict[str, object]) -> list[str]:
    found: list[str] = []
    if ("snr_db" in values) == ("level_dbfs" in values):
        found.append("an emitter has either snr_db or level_dbfs")
    if "period" in values and "burst" not in values:
        found.append("period needs burst")
    start, stop = cast("float", values.get("start", 0.0)), cast("float", values.get("stop", math.inf))
    if stop <= start:
        found.append("stop must be after start")
    burst = cast("float", values.get("burst", 0.0)) + cast("float", values.get("jitter", 0.0))
    if burst > cast("float", values.get("period", math.inf)):
        found.append("burst and jitter together must not exceed period")
    return found


def _read(
    entry: CommentedMap,
    checks: dict[str, Check],
    name: str,
    line: int,
    faults: list[str],
    *,
    required: tuple[str, ...],
) -> dict[str, object]:
    values: dict[str, object] = {}
    for key, value in entry.items():
        place = f"{name}:{_line(entry, key)}: "
        if key not in checks:
            faults.append(f"{place}{key} is not known; known are {', '.join(checks)}")
            continue
        try:
            values[key] = checks[key](value)
        except ValueError as fault:
            faults.append(f"{place}{key}: {fault}")
    faults += [f"{name}:{line}: {key} is missing" for key in required if key not in entry]
    return values


def _line(entry: CommentedMap, key: object) -> int:
    try:
        return int(entry.lc.key(key)[0]) + 1
    except (KeyError, AttributeError, TypeError):
        return 1


assert {field.name for field in fields(Emitter)} == set(_EMITTER)
assert {field.name for field in fields(World)} == {*_WORLD, "emitters"}
