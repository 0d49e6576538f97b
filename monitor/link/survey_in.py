"""Surveys of the edges' sites, at the hub: asked for when somebody compares, and kept for ten minutes.

A survey is some kB over the uplink and changes once in months, while each alert that is opened is held
against it. An edge that did not answer is not asked again for half a minute: whoever opens alerts does not
wait for it each time.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from monitor.clock import Clock
from monitor.faults import WorldError
from monitor.link import words
from monitor.link.asking import Asking, unpacked
from monitor.link.bus import LinkError
from monitor.link.words import AskSurvey, Survey
from monitor.sensors import CutOffError
from monitor.server.spectrum_services import TemplateQuery
from monitor.server.spectrum_views import TemplateView

ANSWER_S = 5.0
KEPT_S, FAILED_S = 600.0, 30.0
MOST_KEPT = 64


@dataclass(frozen=True, slots=True)
class _Kept:
    until_s: float
    template: TemplateView | None
    error: str | None = None


class FarSurveys:
    """As `monitor.server.spectrum_services.Templates`, for sensors as NODE:SENSOR."""

    def __init__(self, asking: Asking, clock: Clock) -> None:
        self._asking = asking
        self._clock = clock
        self._kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()
        self._failed: dict[str, tuple[float, str]] = {}
        """Edges that did not answer, and until when that is taken for granted."""

    async def view(self, query: TemplateQuery) -> TemplateView | None:
        """As `Templates.view`. Raises `CutOffError`, `TooOldError`."""
        node, _, sensor = query.sensor.partition(":")
        key = (query.sensor, query.low_hz, query.high_hz, query.n_bins, query.at.hour)
        now_s = self._clock.monotonic()
        kept = self._kept.get(key)
        if kept is None or now_s > kept.until_s:
            self._asking.need(node, words.SURVEY)
            kept = await self._ask(node, sensor, query)
            self._kept[key] = kept
            if len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)
        if kept.error is not None:
            raise WorldError(f"edge {node}: {kept.error}")
        return kept.template

    async def _ask(self, node: str, sensor: str, query: TemplateQuery) -> _Kept:
        failed_until_s, error = self._failed.get(node, (0.0, ""))
        if self._clock.monotonic() < failed_until_s:
            raise CutOffError(error)
        ask = AskSurvey(sensor, query.low_hz, query.high_hz, query.n_bins, query.at)
        try:
            answer = await self._asking.ask(node, words.spectra(node), ask, ANSWER_S)
            survey: Survey = unpacked(answer, Survey, node)
        except LinkError as failure:
            self._failed[node] = (self._clock.monotonic() + FAILED_S, str(failure))
            raise CutOffError(str(failure)) from None
        self._failed.pop(node, None)
        kept_s = KEPT_S if survey.error is None else FAILED_S
        return _Kept(self._clock.monotonic() + kept_s, survey.template, survey.error)
