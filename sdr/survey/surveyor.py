"""The survey itself: a scan whose samples are also counted by level, and whose emissions become a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sdr.scanner import EmissionReport, Scanner, ScanSettings
from sdr.source.base import SampleSource, SourceInfo
from sdr.survey.known import KnownList
from sdr.survey.levels import LevelKeeper
from sdr.survey.licences import Licence
from sdr.survey.template import BIN_HZ, VERSION, Key, Template
from sdr.types import Block, Hop


class Tee:
    """A source that shows every block to someone else before its reader gets it."""

    def __init__(self, source: SampleSource, show: Callable[[Block], None]) -> None:
        self._source = source
        self._show = show

    @property
    def info(self) -> SourceInfo:
        return self._source.info

    def tune(self, hop: Hop) -> None:
        self._source.tune(hop)

    def read(self, n_samples: int) -> Block | None:
        block = self._source.read(n_samples)
        if block is not None:
            self._show(block)
        return block

    def close(self) -> None:
        self._source.close()


@dataclass(frozen=True, slots=True)
class SurveyPlan:
    """What to survey, and under which key the result holds."""

    key: Key
    bands: tuple[tuple[float, float], ...] = ()
    dwell_s: float = 0.1
    seconds: float | None = None


class Surveyor:
    """Surveys one source until it ends, `stop` is called or the plan's seconds are over.

    Parameters
    ----------
    on_progress : callable
        Called after each block with the seconds of samples heard so far.
    """

    def __init__(
        self, source: SampleSource, plan: SurveyPlan, on_progress: Callable[[float], None] | None = None
    ) -> None:
        info = source.info
        self._plan = plan
        self._on_progress = on_progress
        self._heard = KnownList()
        self._first_at: datetime | None = None
        self._last_at: datetime | None = None
        settings = ScanSettings(
            sensor=plan.key.site or "survey",
            bands=plan.bands,
            dwell_s=plan.dwell_s,
            gain_db=plan.key.gain_db,
            seconds=plan.seconds,
        )
        self.scanner = Scanner(Tee(source, self._show), settings, self._take)
        sweeping = info.tunable and bool(plan.bands)
        self._levels = LevelKeeper(info.format, info.rate_hz, plan.bands, sweeping=sweeping)

    def run(self) -> None:
        """Survey. What was heard until an error is in `template` all the same.

        Raises
        ------
        SourceError
        """
        self.scanner.run()

    def stop(self) -> None:
        """End `run` soon; from any thread."""
        self.scanner.stop()

    def template(self, licences: Sequence[Licence] = ()) -> Template | None:
        """What the survey has found so far; None if no sample has come."""
        if self._first_at is None or self._last_at is None:
            return None
        return Template(
            version=VERSION,
            key=self._plan.key,
            started_at=self._first_at,
            ended_at=self._last_at,
            seconds=round(self._levels.seconds, 3),
            bin_hz=BIN_HZ,
            stretches=self._levels.stretches(),
            emissions=self._heard.entries(licences),
            n_unlisted=self._heard.n_unlisted,
        )

    def _show(self, block: Block) -> None:
        self._first_at = self._first_at or block.started_at
        self._last_at = block.started_at + timedelta(seconds=block.iq.shape[0] / block.hop.rate_hz)
        self._levels.push(block)
        if self._on_progress is not None:
            self._on_progress(self._levels.seconds)

    def _take(self, report: EmissionReport) -> None:
        if report.is_last and report.shown_by is None:
            self._heard.add(report.emission)
