"""The survey of the days before, and the comparison on the day: see `template` for what is kept."""

from __future__ import annotations

from sdr.survey.compare import Comparison, Reason, compare, drift, setting_changes
from sdr.survey.licences import Licence, LicenceError, read_licences
from sdr.survey.surveyor import Surveyor, SurveyPlan
from sdr.survey.template import Key, Known, Template, TemplateError, freeze, read, refuse_frozen, write

__all__ = [
    "Comparison",
    "Key",
    "Known",
    "Licence",
    "LicenceError",
    "Reason",
    "SurveyPlan",
    "Surveyor",
    "Template",
    "TemplateError",
    "compare",
    "drift",
    "freeze",
    "read",
    "read_licences",
    "refuse_frozen",
    "setting_changes",
    "write",
]
