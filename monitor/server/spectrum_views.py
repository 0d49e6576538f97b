"""What is told of the spectrum and of those who own it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from monitor.server.views import StareView, View


class PastView(View, frozen=True, kw_only=True):
    """A stretch of the spectrum's past. Level in dBFS/Hz = ``code_1_db + (code - 1) * step_db``."""

    start: datetime
    step_s: float
    low_hz: float
    bin_hz: float
    n_rows: int
    """From ``start`` on, ``step_s`` each."""
    n_bins: int
    """From ``low_hz`` up, ``bin_hz`` each."""
    code_1_db: float
    step_db: float
    mean: str
    """Base64 of ``n_rows * n_bins`` bytes, row by row; 0: nobody listened."""
    max: str


class BandPlanRow(View, frozen=True, kw_only=True):
    low_hz: float
    high_hz: float
    service: str
    service_en: str
    service_zh: str
    weight: float
    """0: never accuse; 1: nobody should be here."""
    narrower_than_hz: float | None = None
    """The row is for emissions narrower than this."""
    longer_than_s: float | None = None
    usual_width_hz: float | None = None
    usual_modulation: list[str]
    decoding: bool


class BandPlanView(View, frozen=True, kw_only=True):
    rows: list[BandPlanRow]


class BlindSpot(View, frozen=True, kw_only=True):
    """What no receiver of this kind can hear."""

    en: str
    zh: str


class SensorCoverage(View, frozen=True, kw_only=True):
    sensor: str
    venue: str | None
    listening: bool
    """Whether it hears anything now."""
    low_hz: float
    high_hz: float
    revisit_s: float | None
    intercept_100ms: float | None
    intercept_1s: float | None
    intercept_5s: float | None
    service_en: str
    service_zh: str
    """Of the band plan, for a narrow emission in the middle; empty where the plan says nothing."""
    weight: float | None


class VenueUnwatched(View, frozen=True, kw_only=True):
    venue: str | None
    low_hz: float
    high_hz: float
    """No sensor that is listening now at this place hears it."""


class CoverageView(View, frozen=True, kw_only=True):
    watched: list[SensorCoverage]
    unwatched: list[VenueUnwatched]
    blind: list[BlindSpot]


class StareBody(View, frozen=True, kw_only=True):
    center_hz: float
    seconds: float
    reason: str


class StaringView(View, frozen=True, kw_only=True):
    stare: StareView | None
    """None: the sensor goes by its plan."""


class TemplateView(View, frozen=True, kw_only=True):
    """What a site sounded like at its survey, in the hour that is nearest to now. Levels in dBFS/Hz."""

    surveyed_at: datetime
    hour: int
    """Of the day, UTC."""
    low_hz: float
    bin_hz: float
    p50: list[float | None]
    """None: not surveyed."""
    p90: list[float | None]
    max: list[float | None]
    settings_differ: list[str]
    """How the receiver is set up otherwise than at the survey; levels then do not compare."""


class SurveyView(View, frozen=True, kw_only=True):
    template: TemplateView | None
    """None: the sensor's site was not surveyed."""


MomentState = Literal["kept", "gone", "none", "broken"]
SurveyState = Literal["there", "none", "not-there", "elsewhere", "broken"]


class MomentView(View, frozen=True, kw_only=True):
    """A radio alert's emission beside its site's survey. Levels in dBFS/Hz, lowest frequency first."""

    state: MomentState
    """Of the recording. ``gone``: past its time, or still on its way from an edge; ``none``: never kept."""
    low_hz: float
    bin_hz: float
    mean: list[float]
    """Over the emission's seconds; empty where there is no recording."""
    max: list[float]
    band_low_hz: float
    """Of the emission."""
    band_high_hz: float
    seconds: float
    survey: SurveyState
    """``none``: this site was not surveyed; ``not-there``: this band was not; ``elsewhere``: another
    machine has it."""
    template: TemplateView | None
    over_median_db: float | None = None
    """Of the mean in the survey's bin where it stands highest; None where nothing compares."""
    over_max_db: float | None = None
    at_hz: float | None = None
    """Middle of that bin."""
