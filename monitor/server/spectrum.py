"""The spectrum: its past, who owns it, and what of it is watched.

A band that nobody watches is told as plainly as one that somebody does.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from aiohttp import web

from monitor.bandplan import SOUGHT_HZ, SOUGHT_S, BandPlan
from monitor.faults import WorldError
from monitor.server.access import actor_of, scope_of
from monitor.server.looking import said_by
from monitor.server.problem import ProblemError
from monitor.server.route import Param, Route
from monitor.server.services import SERVICES
from monitor.server.spectrum_services import PastQuery, TemplateQuery
from monitor.server.spectrum_views import (
    BandPlanRow,
    BandPlanView,
    BlindSpot,
    CoverageView,
    PastView,
    SensorCoverage,
    SurveyView,
    VenueUnwatched,
)
from monitor.server.views import BandView, SensorHealth
from monitor.server.wire import json_response

MAX_ROWS = MAX_BINS = 4096
MOST_TEMPLATE_HZ = 2e9
BLIND: tuple[BlindSpot, ...] = (
    BlindSpot(en="2.4 and 5.8 GHz cameras", zh="2.4/5.8 GHz 摄像头"),
    BlindSpot(en="Bluetooth and Wi-Fi", zh="蓝牙与 Wi-Fi"),
    BlindSpot(en="LTE and 5G above 1766 MHz", zh="1766 MHz 以上的 LTE/5G"),
    BlindSpot(
        en="induction loops (only the radio that feeds one)", zh="感应线圈本身（只能听到供信号的电台）"
    ),
)
"""Of any RTL-SDR: it tunes 24 to 1766 MHz."""


def _number(request: web.Request, name: str) -> float:
    try:
        value = float(request.query[name])
    except KeyError:
        raise ProblemError(400, "bad-parameter", f"{name} is missing") from None
    except ValueError:
        raise ProblemError(400, "bad-parameter", f"{name}: {request.query[name]!r} is no number") from None
    if not 0 <= value < 1e12:
        raise ProblemError(400, "bad-parameter", f"{name}: {request.query[name]} is no frequency in Hz")
    return value


def _count(request: web.Request, name: str, default: int, most: int) -> int:
    given = request.query.get(name, str(default))
    if not given.isascii() or not given.isdigit() or not 1 <= int(given) <= most:
        raise ProblemError(400, "bad-parameter", f"{name}: {given!r} is not a number from 1 to {most}")
    return int(given)


def _instant(request: web.Request, name: str) -> datetime:
    given = request.query.get(name, "")
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise ProblemError(400, "bad-parameter", f"{name}: {given!r} is no instant (ISO 8601)") from None
    if at.tzinfo is None:
        raise ProblemError(400, "bad-parameter", f"{name}: {given!r} has no time zone")
    return at


def _sensor(request: web.Request) -> str:
    """The sensor that is asked about; as if it were not there for who may not see its venue."""
    name = request.match_info["sensor"]
    held = request.app[SERVICES].held.get(name)
    if held is not None and not scope_of(request).holds(held.venue):
        raise ProblemError(404, "no-such-sensor", f"no sensor here is called {name!r}")
    return name


async def get_past(request: web.Request) -> web.StreamResponse:
    sensor, past = _sensor(request), request.app[SERVICES].past
    query = PastQuery(
        sensor=sensor,
        low_hz=_number(request, "low_hz"),
        high_hz=_number(request, "high_hz"),
        start=_instant(request, "from"),
        end=_instant(request, "to"),
        n_rows=_count(request, "rows", 600, MAX_ROWS),
        n_bins=_count(request, "bins", 1024, MAX_BINS),
        asker=actor_of(request),
    )
    try:
        view = await past.view(query) if past is not None else None
    except (ValueError, OverflowError) as error:
        raise ProblemError(400, "bad-parameter", str(error)) from None
    except WorldError as error:
        raise ProblemError(503, "cut-off", str(error), {"Retry-After": "15"}) from None
    if view is None:
        raise ProblemError(404, "no-such-sensor", f"no sensor here is called {sensor!r}")
    return json_response(view)


async def get_template(request: web.Request) -> web.StreamResponse:
    services, sensor = request.app[SERVICES], _sensor(request)
    low_hz, high_hz = _number(request, "low_hz"), _number(request, "high_hz")
    if high_hz <= low_hz or high_hz - low_hz > MOST_TEMPLATE_HZ:
        raise ProblemError(400, "bad-parameter", f"high_hz: above low_hz, by {MOST_TEMPLATE_HZ:.0f} at most")
    query = TemplateQuery(sensor, low_hz, high_hz, _count(request, "bins", 1024, MAX_BINS), services.now())
    with said_by(sensor, "no-survey"):
        view = await services.templates.view(query) if services.templates is not None else None
    return json_response(SurveyView(template=view))


async def get_band_plan(request: web.Request) -> web.StreamResponse:
    plan = request.app[SERVICES].plan
    rows = [
        BandPlanRow(
            low_hz=row.low_hz,
            high_hz=row.high_hz,
            service=row.service,
            service_en=plan.name(row.service)[0],
            service_zh=plan.name(row.service)[1],
            weight=row.weight,
            narrower_than_hz=row.narrower_than_hz,
            longer_than_s=row.longer_than_s,
            usual_width_hz=row.usual_width_hz,
            usual_modulation=list(row.usual_modulation),
            decoding=row.decoding,
        )
        for row in plan.rows
    ]
    return json_response(BandPlanView(rows=rows))


async def get_coverage(request: web.Request) -> web.StreamResponse:
    services = request.app[SERVICES]
    return json_response(coverage(services.health().sensors, services.plan))


def coverage(sensors: Iterable[SensorHealth], plan: BandPlan) -> CoverageView:
    """What is watched, how well, and what is not: by sensor, and by place."""
    watched: list[SensorCoverage] = []
    unheard: dict[str | None, list[list[BandView]]] = {}
    for sensor in sensors:
        listening = sensor.state == "ok"
        here = unheard.setdefault(sensor.venue, [])
        if listening:
            here.append(sensor.unwatched)
        for band in sensor.bands:
            row = plan.find((band.low_hz + band.high_hz) / 2, SOUGHT_HZ, SOUGHT_S[1])
            name_en, name_zh = plan.name(row.service) if row else ("", "")
            watched.append(
                SensorCoverage(
                    sensor=sensor.id,
                    venue=sensor.venue,
                    listening=listening,
                    low_hz=band.low_hz,
                    high_hz=band.high_hz,
                    revisit_s=band.revisit_s,
                    intercept_100ms=band.intercept_100ms,
                    intercept_1s=band.intercept_1s,
                    intercept_5s=band.intercept_5s,
                    service_en=name_en,
                    service_zh=name_zh,
                    weight=row.weight if row else None,
                )
            )
    unwatched = [
        VenueUnwatched(venue=venue, low_hz=low_hz, high_hz=high_hz)
        for venue, lists in unheard.items()
        for low_hz, high_hz in _in_all(lists)
    ]
    return CoverageView(watched=watched, unwatched=unwatched, blind=list(BLIND))


def _in_all(lists: list[list[BandView]]) -> list[tuple[float, float]]:
    """What stands in each of `lists`; all that a receiver could tune to where there is no list."""
    common = [TUNABLE_HZ]
    for bands in lists:
        common = [
            (max(low, band.low_hz), min(high, band.high_hz))
            for low, high in common
            for band in bands
            if max(low, band.low_hz) < min(high, band.high_hz)
        ]
    return common


TUNABLE_HZ = (24e6, 1766e6)
"""By an R820T2 (osmocom.org, rtl-sdr wiki)."""
_HZ = {"type": "number", "minimum": 0}
_AT = {"type": "string", "format": "date-time"}

ROUTES: tuple[Route, ...] = (
    Route(
        "/api/sensors/{sensor}/history",
        get_past,
        "getSpectrumPast",
        "What a sensor heard: mean and maximum density over time and frequency",
        PastView,
        (
            Param("sensor", "path", {"type": "string"}, "its name in the configuration"),
            Param("from", "query", _AT, "ISO 8601 with a time zone"),
            Param("to", "query", _AT, "ISO 8601 with a time zone"),
            Param("low_hz", "query", _HZ, "lowest frequency"),
            Param("high_hz", "query", _HZ, "highest frequency"),
            Param("rows", "query", {"type": "integer", "minimum": 1, "maximum": MAX_ROWS}, "rows at most"),
            Param("bins", "query", {"type": "integer", "minimum": 1, "maximum": MAX_BINS}, "bins at most"),
        ),
        (400, 404, 503),
        needs="spectrum",
    ),
    Route(
        "/api/sensors/{sensor}/template",
        get_template,
        "getTemplate",
        "What the sensor's site sounded like at its survey, in the hour of the day that is nearest",
        SurveyView,
        (
            Param("sensor", "path", {"type": "string"}, "its name in the configuration"),
            Param("low_hz", "query", _HZ, "lowest frequency"),
            Param("high_hz", "query", _HZ, "highest frequency"),
            Param("bins", "query", {"type": "integer", "minimum": 1, "maximum": MAX_BINS}, "bins at most"),
        ),
        (400, 404, 409, 503),
        needs="spectrum",
    ),
    Route(
        "/api/bandplan",
        get_band_plan,
        "getBandPlan",
        "Who owns which band, how suspicious an emission there is; the first row that fits counts",
        BandPlanView,
        needs="health",
    ),
    Route(
        "/api/coverage",
        get_coverage,
        "getCoverage",
        "What is watched, with which chance, and what is not",
        CoverageView,
        needs="health",
    ),
)
