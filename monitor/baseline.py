"""A sensor's emissions held against the template of its site, which is read and never changed.

survey ──template──┐
emission ──────────┴─> new? stronger, wider, at an unusual hour? ──> the emission, with the reasons
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from pathlib import Path

from monitor.faults import Fault, InputError
from sdr.survey import Comparison, Key, Reason, Template, TemplateError, compare, drift, read, setting_changes
from sdr.types import Emission

N_COMPARED = 2000
"""The newest emissions, from which the receiver's drift is told."""
CHANGES = ("stronger", "wider", "unusual-hour", "unnamed")
"""Codes of reasons that say how a known emission differs from the survey."""


def read_template(path: Path) -> Template:
    """Raises `InputError` if `path` holds no template."""
    try:
        return read(path)
    except TemplateError as error:
        name, _, message = str(error).partition(": ")
        raise InputError([Fault(name, 0, message)]) from None


class Baseline:
    """A template, and what has been held against it.

    Raises
    ------
    InputError
        If `path` holds no template.
    """

    def __init__(self, path: Path, *, gain_db: float | None, ppm: float | None) -> None:
        self._template = read_template(path)
        survey = self._template.key
        self.setting_changes: list[Reason] = setting_changes(survey, Key(gain_db=gain_db, ppm=ppm))
        """How the receiver is set up otherwise than at the survey."""
        self._levels_compare = survey.gain_db == gain_db
        self._compared: deque[tuple[Emission, Comparison]] = deque(maxlen=N_COMPARED)

    def compare(self, emission: Emission) -> Comparison:
        found = compare(emission, self._template, levels_compare=self._levels_compare)
        self._compared.append((emission, found))
        return found

    def judge(self, emission: Emission) -> Emission:
        """`emission` with ``new`` and ``service``; ``extra["baseline"]`` says what it is known as and why."""
        found = self.compare(emission)
        known = found.known
        told = {
            "known_as": known.name if known is not None else None,
            "changes": [one.code for one in found.reasons if one.code in CHANGES],
            "reasons": [{"code": one.code, "en": one.en, "zh": one.zh} for one in found.reasons],
        }
        return replace(
            emission,
            new=found.new,
            service=(known.service if known is not None else None) or emission.service,
            extra={**emission.extra, "baseline": told},
        )

    def drift(self) -> list[Reason]:
        """How the receiver, not the air, differs from the survey."""
        return drift(list(self._compared), self._template)
