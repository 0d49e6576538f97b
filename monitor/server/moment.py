"""The spectrum of the moment that raised a radio alert, beside its site's survey.

    /api/alerts/{fingerprint}/spectrum    as the picture of the moment: needs ``evidence``

Levels alone: no sound can be made of them, so looking is not listening and is not recorded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from aiohttp import web

from monitor.faults import WorldError
from monitor.moment import Window, excess, read
from monitor.sensors import SensorError
from monitor.server.alerts import get_alert
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.services import SERVICES, ServerServices
from monitor.server.spectrum_services import TemplateQuery
from monitor.server.spectrum_views import MomentState, MomentView, SurveyState, TemplateView
from monitor.server.views import AlertDetail, EvidenceRef
from monitor.server.wire import json_response

N_BINS = 1024
MAX_SPAN_HZ = 20e6
"""Wider than any receiver here hears at once."""


async def get_moment(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    await get_alert(request)
    alert = await services.alerts.get_alert(request.match_info["fingerprint"])
    window, band = _window(alert.event) if alert is not None else (None, None)
    if alert is None or window is None or band is None:
        raise ProblemError(404, "no-such-moment", "this alert has no recording of a moment")
    return json_response(await moment_view(services, alert, window, band))


async def moment_view(
    services: ServerServices, alert: AlertDetail, window: Window, band: tuple[float, float]
) -> MomentView:
    """What was recorded of the moment, and what the survey has of the same band at the same hour."""
    sensor = str(alert.event.get("sensor", ""))
    survey, template = await _survey(services, sensor, alert.event, window)
    samples = _samples(alert.evidence, _spectrogram(alert.event))
    file = await services.open_evidence(samples.digest) if samples is not None else None
    view = MomentView(
        state="kept",
        low_hz=window.low_hz,
        bin_hz=1.0,
        mean=[],
        max=[],
        band_low_hz=band[0],
        band_high_hz=band[1],
        seconds=window.t1_s - window.t0_s,
        survey=survey,
        template=template,
    )
    if file is None:
        return _without(view, "none" if samples is None else "gone")
    try:
        moment = await asyncio.to_thread(read, file.path, window)
    except WorldError:
        return _without(view, "broken")
    mean, top = moment.mean.tolist(), moment.max.tolist()
    compares = template is not None and not template.settings_differ
    over = excess(moment.low_hz, moment.bin_hz, mean, template, band) if template and compares else None
    if template is not None and compares and over is None:
        survey = "not-there"
    return MomentView(
        state="kept",
        low_hz=moment.low_hz,
        bin_hz=moment.bin_hz,
        mean=[round(level, 1) for level in mean],
        max=[round(level, 1) for level in top],
        band_low_hz=band[0],
        band_high_hz=band[1],
        seconds=view.seconds,
        survey=survey,
        template=template,
        over_median_db=round(over.over_median_db, 1) if over else None,
        over_max_db=round(over.over_max_db, 1) if over else None,
        at_hz=over.at_hz if over else None,
    )


def _without(view: MomentView, state: MomentState) -> MomentView:
    return MomentView(
        **{name: getattr(view, name) for name in view.__struct_fields__ if name != "state"}, state=state
    )


async def _survey(
    services: ServerServices, sensor: str, event: dict[str, Any], window: Window
) -> tuple[SurveyState, TemplateView | None]:
    if "node" in event:
        sensor = f"{event['node']}:{sensor}"
    if services.templates is None or (services.held and sensor not in services.held):
        return "elsewhere", None
    try:
        at = datetime.fromisoformat(str(event.get("at", "")))
    except ValueError:
        at = services.now()
    query = TemplateQuery(sensor, window.low_hz, window.high_hz, N_BINS, at)
    try:
        template = await services.templates.view(query)
    except SensorError:
        # Of an edge that does not answer now.
        return "elsewhere", None
    except WorldError:
        return "broken", None
    return ("none", None) if template is None else ("there", template)


def _spectrogram(event: dict[str, Any]) -> dict[str, Any]:
    shown = event.get("spectrogram")
    return cast("dict[str, Any]", shown) if isinstance(shown, dict) else {}


def _window(event: dict[str, Any]) -> tuple[Window | None, tuple[float, float] | None]:
    """The emission's seconds over all that the picture of the moment shows, and the emission's own band."""
    shown = _spectrogram(event)
    box = shown.get("box")
    try:
        low_hz, high_hz = float(shown["low_hz"]), float(shown["high_hz"])
        own = cast("dict[str, Any]", box)
        window = Window(float(own["t0_s"]), float(own["t1_s"]), low_hz, high_hz)
        band = (float(own["low_hz"]), float(own["high_hz"]))
    except (KeyError, TypeError, ValueError):
        return None, None
    whole = 0 < high_hz - low_hz <= MAX_SPAN_HZ and window.t1_s > window.t0_s and band[1] > band[0]
    return (window, band) if whole else (None, None)


def _samples(evidence: Sequence[EvidenceRef], shown: dict[str, Any]) -> EvidenceRef | None:
    """The recording that the picture of the moment was drawn from; of an older release's alert the newest."""
    found = [ref for ref in evidence if ref.role == "samples"]
    if "samples" in shown:
        found = [ref for ref in found if ref.digest == shown["samples"]]
    return next(iter(found), None)


ROUTES: tuple[Route, ...] = (
    Route(
        "/api/alerts/{fingerprint}/spectrum",
        get_moment,
        "getMoment",
        "Mean and maximum density over the seconds of a radio alert's emission, beside its site's survey",
        MomentView,
        (Param("fingerprint", "path", {"type": "string"}, "16 hex digits"),),
        (404,),
        needs="evidence",
    ),
)
