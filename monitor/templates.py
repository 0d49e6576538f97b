"""A site's survey for people: the levels that the live spectrum is held against, in the hour nearest to now.

A template holds powers in bins of 12.5 kHz, a spectrum densities: the power is spread over its bin. Noise
then compares as it is; a carrier narrower than the bin reads lower than in the finer rows of the live
spectrum.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from monitor.config.model import Sensor
from monitor.faults import InputError, WorldError
from monitor.server.spectrum_services import TemplateQuery
from monitor.server.spectrum_views import TemplateView

if TYPE_CHECKING:
    from sdr.survey import Template
    from sdr.survey.template import HourLevels

SHOWN = ("p50", "p90", "max")
Levels = list[float | None]


class SiteTemplates:
    """The surveys of this machine's sensors, read when somebody asks and again when the file changes."""

    def __init__(self, sensors: Iterable[Sensor]) -> None:
        self._sensors = {sensor.id: sensor for sensor in sensors if sensor.baseline is not None}
        self._read: dict[Path, tuple[float, Template]] = {}

    async def view(self, query: TemplateQuery) -> TemplateView | None:
        """None where the sensor has no survey.

        Raises
        ------
        WorldError
            If the survey's file cannot be read any more.
        """
        sensor = self._sensors.get(query.sensor)
        if sensor is None or sensor.baseline is None:
            return None
        return await asyncio.to_thread(self._view, sensor, sensor.baseline, query)

    def _view(self, sensor: Sensor, path: Path, query: TemplateQuery) -> TemplateView:
        from sdr.survey import Key, setting_changes

        template = self._template(path)
        changes = setting_changes(template.key, Key(gain_db=sensor.gain_db, ppm=sensor.ppm))
        return template_view(template, query, [one.en for one in changes])

    def _template(self, path: Path) -> Template:
        from monitor.baseline import read_template

        try:
            changed_at = path.stat().st_mtime
            known = self._read.get(path)
            if known is not None and known[0] == changed_at:
                return known[1]
            template = read_template(path)
        except OSError as error:
            raise WorldError(f"{path}: {error.strerror or error}") from None
        except InputError as error:
            raise WorldError(str(error)) from None
        self._read[path] = (changed_at, template)
        return template


def template_view(template: Template, query: TemplateQuery, settings_differ: list[str]) -> TemplateView:
    """The part of `template` that is asked for, in `query.n_bins` bins at most: of several the highest."""
    first = math.floor(query.low_hz / template.bin_hz + 0.5)
    last = max(first + 1, math.ceil(query.high_hz / template.bin_hz - 0.5) + 1)
    group = max(1, math.ceil((last - first) / query.n_bins))
    n_bins = math.ceil((last - first) / group)
    spread_db = 10 * math.log10(template.bin_hz)
    found: dict[str, Levels] = {name: [None] * n_bins for name in SHOWN}
    for stretch in template.stretches:
        hour = _nearest_hour(stretch.hours, query.at.hour)
        begin = max(first, stretch.first_bin)
        end = min(last, stretch.first_bin + stretch.n_bins)
        if hour is None or begin >= end:
            continue
        for name in SHOWN:
            levels, shown = hour.percentiles[name], found[name]
            for number in range(begin, end):
                level = round(levels[number - stretch.first_bin] - spread_db, 1)
                place = (number - first) // group
                before = shown[place]
                shown[place] = level if before is None else max(before, level)
    return TemplateView(
        surveyed_at=template.ended_at,
        hour=query.at.hour,
        low_hz=(first - 0.5) * template.bin_hz,
        bin_hz=template.bin_hz * group,
        p50=found["p50"],
        p90=found["p90"],
        max=found["max"],
        settings_differ=settings_differ,
    )


def _nearest_hour(hours: list[HourLevels], wanted: int) -> HourLevels | None:
    """Round the clock: 23 and 0 are neighbours."""
    return min(hours, key=lambda one: min((one.hour - wanted) % 24, (wanted - one.hour) % 24), default=None)
