"""``scan --baseline``: every emission held against the site's template, which is read and never changed."""

from __future__ import annotations

import sys
from collections import deque
from pathlib import Path
from typing import Any

from monitor.faults import Fault, InputError
from sdr.record import emission_record
from sdr.survey import Comparison, Key, Reason, TemplateError, compare, drift, read, setting_changes
from sdr.types import Emission

N_COMPARED = 2000
"""The newest emissions, from which the receiver's drift is told."""


class Baseline:
    """A template, and what has been held against it.

    Raises
    ------
    InputError
        If `path` holds no template.
    """

    def __init__(self, path: Path, *, gain_db: float | None, ppm: float | None) -> None:
        try:
            self._template = read(path)
        except TemplateError as error:
            name, _, message = str(error).partition(": ")
            raise InputError([Fault(name, 0, message)]) from None
        self._path = path
        survey = self._template.key
        changes = setting_changes(survey, Key(gain_db=gain_db, ppm=ppm))
        self._levels_compare = survey.gain_db == gain_db
        self._compared: deque[tuple[Emission, Comparison]] = deque(maxlen=N_COMPARED)
        self._tell(changes)

    def record(self, emission: Emission) -> dict[str, Any]:
        """The emission's record with ``new``, ``reasons`` and the ``known_as`` of the template."""
        found = compare(emission, self._template, levels_compare=self._levels_compare)
        self._compared.append((emission, found))
        known = found.known
        return {
            **emission_record(emission),
            "new": found.new,
            "reasons": [{"code": one.code, "en": one.en, "zh": one.zh} for one in found.reasons],
            "known_as": known.name if known is not None else None,
            "service": (known.service if known is not None else None) or emission.service,
        }

    def tell_drift(self) -> None:
        """Say on standard error how the receiver, not the air, differs from the survey."""
        self._tell(drift(list(self._compared), self._template))

    def _tell(self, reasons: list[Reason]) -> None:
        for one in reasons:
            sys.stderr.write(f"{self._path}: {one.en} / {one.zh}\n")
