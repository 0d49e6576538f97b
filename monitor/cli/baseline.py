"""``scan --baseline``: emissions held against the site's template; what is odd goes to standard error."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from monitor.baseline import Baseline
from sdr.record import emission_record
from sdr.survey import Reason
from sdr.types import Emission


class ScanBaseline:
    """Raises `InputError` if `path` holds no template."""

    def __init__(self, path: Path, *, gain_db: float | None, ppm: float | None) -> None:
        self._path = path
        self._baseline = Baseline(path, gain_db=gain_db, ppm=ppm)
        self._tell(self._baseline.setting_changes)

    def record(self, emission: Emission) -> dict[str, Any]:
        """The emission's record with ``new``, ``reasons`` and the ``known_as`` of the template."""
        judged = self._baseline.judge(emission)
        told = judged.extra["baseline"]
        return {**emission_record(judged), "reasons": told["reasons"], "known_as": told["known_as"]}

    def tell_drift(self) -> None:
        self._tell(self._baseline.drift())

    def _tell(self, reasons: list[Reason]) -> None:
        for one in reasons:
            sys.stderr.write(f"{self._path}: {one.en} / {one.zh}\n")
