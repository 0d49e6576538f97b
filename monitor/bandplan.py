"""The band plan: which service owns a frequency, and how suspicious an emission there is.

    bands:
      - {band: 174M:223M, service: broadcasting, weight: 0.85, narrower_than: 200k}
      - {band: 174M:223M, service: broadcasting, weight: 0}

The first row that fits the emission counts, so exceptions stand before the rule. Weights
are judgements (0 never accuse, 1 nobody should be here): they are data, to be changed by
those who know the province.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from monitor import yamltree
from sdr.units import parse_band, parse_frequency

SOUGHT_HZ = 12_500.0
SOUGHT_S = (0.5, 3.5)
"""What a sweep is for: a packet and a burst of data in one channel (published: under 2 s, and 3 to 4 s)."""
UNPLANNED_WEIGHT = 0.5
"""Of a band of which the plan says nothing: that of the plan's mixed bands."""


@dataclass(frozen=True, slots=True)
class Row:
    low_hz: float
    high_hz: float
    service: str
    weight: float
    narrower_than_hz: float | None = None
    longer_than_s: float | None = None
    usual_width_hz: float | None = None
    """Of the stations that belong there, as their usual modulation."""
    usual_modulation: tuple[str, ...] = ()
    decoding: bool = True
    """Whether content may be decoded: what belongs to the police or to rescue may not."""

    def fits(self, center_hz: float, bandwidth_hz: float, on_time_s: float) -> bool:
        return (
            self.low_hz <= center_hz < self.high_hz
            and (self.narrower_than_hz is None or bandwidth_hz < self.narrower_than_hz)
            and (self.longer_than_s is None or on_time_s > self.longer_than_s)
        )


class BandPlan:
    """Rows in the order of the file; looked up by frequency without walking all of them."""

    def __init__(
        self, rows: tuple[Row, ...] = (), names: Mapping[str, tuple[str, str]] = MappingProxyType({})
    ) -> None:
        self.rows = rows
        self._names = names
        self._edges = sorted({edge for row in rows for edge in (row.low_hz, row.high_hz)})
        self._between: list[tuple[Row, ...]] = [()]
        for low_hz in self._edges:
            self._between.append(tuple(row for row in rows if row.low_hz <= low_hz < row.high_hz))

    @property
    def no_decoding(self) -> tuple[tuple[float, float], ...]:
        """Bands, low and high in Hz, whose content is left alone."""
        return tuple((row.low_hz, row.high_hz) for row in self.rows if not row.decoding)

    def name(self, service: str) -> tuple[str, str]:
        """What people call `service`, in English and Chinese."""
        return self._names.get(service, (service, service))

    def weighted(self, bands: Sequence[tuple[float, float]]) -> list[tuple[float, float, float]]:
        """`bands` in the plan's own pieces: low and high in Hz, and what a burst missed there weighs.

        A piece weighs what the gravest short emission one channel wide does there, times its share of the
        band that it was cut from: a burst may come anywhere in that band.
        """
        cut: list[tuple[float, float, float]] = []
        for low_hz, high_hz in bands:
            pieces: list[tuple[float, float, float]] = []
            edges = [low_hz, *(edge for edge in self._edges if low_hz < edge < high_hz), high_hz]
            for low, high in pairwise(edges):
                weight = self._weight((low + high) / 2)
                if pieces and pieces[-1][1:] == (low, weight) and low > low_hz:
                    low = pieces.pop()[0]
                pieces.append((low, high, weight))
            width_hz = high_hz - low_hz
            cut += [(low, high, weight * (high - low) / width_hz) for low, high, weight in pieces]
        return cut

    def _weight(self, center_hz: float) -> float:
        rows = [self.find(center_hz, SOUGHT_HZ, on_time_s) for on_time_s in SOUGHT_S]
        return max(row.weight if row else UNPLANNED_WEIGHT for row in rows)

    def find(self, center_hz: float, bandwidth_hz: float, on_time_s: float) -> Row | None:
        """The row that an emission falls under; None where the plan says nothing."""
        candidates = self._between[bisect_right(self._edges, center_hz)]
        return next((row for row in candidates if row.fits(center_hz, bandwidth_hz, on_time_s)), None)


def _parse_band(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a band is written LOW:HIGH, such as 433M:435M")
    return parse_band(value)


def _parse_frequency(value: Any) -> Any:
    return parse_frequency(value) if isinstance(value, str) else value


Modulation = Literal["carrier", "am", "nfm", "wfm", "ook", "fsk2", "fsk4", "wideband", "unknown"]
"""The names that an emission's record has."""


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    band: Annotated[tuple[float, float], BeforeValidator(_parse_band)]
    service: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    weight: Annotated[float, Field(ge=0, le=1)]
    narrower_than: Annotated[float, BeforeValidator(_parse_frequency)] | None = None
    longer_than_s: float | None = None
    usual_width: Annotated[float, BeforeValidator(_parse_frequency)] | None = None
    usual_modulation: tuple[Modulation, ...] = ()
    decoding: bool = True
    note: str = ""


class _Name(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    en: str
    zh: str


class _Plan(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    bands: list[_Row]
    services: dict[str, _Name] = {}


def load(path: Path) -> BandPlan:
    """Read the plan in `path`.

    Raises
    ------
    InputError
        With every fault and its line.
    """
    raw = yamltree.validate(yamltree.read(path), _Plan)
    return BandPlan(
        tuple(
            Row(
                *row.band,
                row.service,
                row.weight,
                row.narrower_than,
                row.longer_than_s,
                row.usual_width,
                row.usual_modulation,
                row.decoding,
            )
            for row in raw.bands
        ),
        {service: (name.en, name.zh) for service, name in raw.services.items()},
    )
