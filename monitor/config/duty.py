"""The section ``duty:``: the roster, and what happens with alerts that nobody has seen."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from monitor.config.notify import MatcherText
from monitor.duty.plan import Plan, PlanStep, Target
from monitor.notify.matcher import parse
from monitor.paths import ExistingPath
from monitor.strict import Strict

_TARGET = re.compile(r"([A-Za-z0-9][A-Za-z0-9_.-]{0,63})(?::([1-9]))?")


def _target(text: str) -> str:
    if _TARGET.fullmatch(text) is None:
        raise ValueError(f"{text!r} is no department, such as duty, or duty:1 for the first of its people")
    return text


class StepEntry(Strict):
    after_min: float = Field(ge=0, le=1440)
    to: Annotated[tuple[Annotated[str, AfterValidator(_target)], ...], Field(min_length=1)]
    """Departments; ``duty:1`` is the first of those on duty, ``duty`` all of them."""


class PlanEntry(Strict):
    match: tuple[MatcherText, ...] = ()
    steps: Annotated[tuple[StepEntry, ...], Field(min_length=1, max_length=20)]
    drills: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> PlanEntry:
        times = [step.after_min for step in self.steps]
        if times != sorted(times):
            raise ValueError("steps: each comes after the one before")
        return self


class Duty(Strict):
    roster: ExistingPath
    escalation: tuple[PlanEntry, ...] = ()

    @property
    def plans(self) -> tuple[Plan, ...]:
        return tuple(
            Plan(
                tuple(map(parse, one.match)),
                tuple(
                    PlanStep(timedelta(minutes=step.after_min), tuple(map(_parsed, step.to)))
                    for step in one.steps
                ),
                one.drills,
            )
            for one in self.escalation
        )


def _parsed(text: str) -> Target:
    name, _, rank = text.partition(":")
    return Target(name, int(rank) if rank else None)
