"""A sensor's spectrum, past and present, and holding or hearing it, as the server asks for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from monitor.earphone import Hearing, ListenMode
from monitor.onlookers import Glance
from monitor.server.spectrum_views import PastView, TemplateView
from monitor.server.views import StareView


@dataclass(frozen=True, slots=True)
class PastQuery:
    """Which stretch of a sensor's spectrum is asked for, with how many rows and bins at most."""

    sensor: str
    low_hz: float
    high_hz: float
    start: datetime
    end: datetime
    n_rows: int
    n_bins: int
    asker: str = ""
    """Who asks; where it costs a narrow line one question of each goes at a time."""


class Held(Protocol):
    """One sensor, as far as people may look at it, listen to it and hold it somewhere."""

    @property
    def venue(self) -> str | None: ...

    def look(self) -> tuple[Glance, Callable[[], None]]:
        """Rows of its spectrum from now on, and what ends that."""
        ...

    async def listen(self, channel_hz: float, mode: ListenMode, actor: str, /) -> Hearing:
        """Sound of a channel, until it is closed.

        Raises
        ------
        SensorError
            If the sensor gives none; `TooOldError` if its edge cannot send any, `CutOffError` if that does
            not answer.
        """
        ...

    async def stare(self, center_hz: float, seconds: float, actor: str, reason: str, /) -> StareView:
        """Raises `SensorError` if it cannot be held there, and as `listen`."""
        ...

    async def end_stare(self, actor: str, /) -> bool:
        """False where it was not held. Raises as `listen`."""
        ...


class SpectrumPast(Protocol):
    async def view(self, query: PastQuery) -> PastView | None:
        """None where no sensor has the name.

        Raises
        ------
        ValueError
            If the time or the band is empty.
        WorldError
            If the sensor's edge does not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class TemplateQuery:
    """Which part of a site's survey is asked for."""

    sensor: str
    low_hz: float
    high_hz: float
    n_bins: int
    at: datetime


class Templates(Protocol):
    async def view(self, query: TemplateQuery) -> TemplateView | None:
        """None where the sensor has no survey.

        Raises
        ------
        WorldError
            If the survey's file cannot be read any more.
        SensorError
            `CutOffError` or `TooOldError`, of an edge's sensor.
        """
        ...
