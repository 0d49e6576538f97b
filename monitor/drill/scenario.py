"""A drill's scenario: what is sent and posted, when, and what must come of it.

    name: {en: Morning of the exam, zh: 考试上午}
    venue: no1                                 one of the timetable's; none: of no place
    steps:
      - {id: answers, at_s: 0, signal: worlds/data-bursts.yml, within_s: 90}
      - {id: sale, at_s: 30, post: {title: 答案, text: 考前发…}, rule: web-answer-sale, within_s: 20}
      - {id: chat, at_s: 40, post: {text: 明天考试加油}, quiet: true}

A signal is a synthetic world (`sdr.source.world`), received by a sensor of the drill's own. ``within_s`` is
how soon after the step's start an alert must be there; ``rule`` is which, any if left out; ``quiet``
says that none may come of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from monitor import yamltree
from monitor.paths import ExistingPath
from monitor.strict import Id, Strict

MAX_STEPS = 200


class _Name(Strict):
    en: str
    zh: str


class _Post(Strict):
    text: Annotated[str, Field(min_length=1, max_length=100_000)]
    title: str = ""
    author: str | None = None


class _Step(Strict):
    id: Id
    at_s: float = Field(default=0, ge=0, le=86_400)
    signal: ExistingPath | None = None
    post: _Post | None = None
    rule: Id | None = None
    within_s: float = Field(default=120, gt=0, le=86_400)
    quiet: bool = False

    @model_validator(mode="after")
    def _one(self) -> _Step:
        if (self.signal is None) == (self.post is None):
            raise ValueError("a step has either a signal or a post")
        if self.quiet and self.rule is not None:
            raise ValueError("a quiet step names no rule: none may fire")
        return self


class _Scenario(Strict):
    name: _Name
    venue: Id | None = None
    steps: tuple[_Step, ...]

    @model_validator(mode="after")
    def _distinct(self) -> _Scenario:
        names = [step.id for step in self.steps]
        if not 1 <= len(names) <= MAX_STEPS:
            raise ValueError(f"a scenario has 1 to {MAX_STEPS} steps")
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled is not None:
            raise ValueError(f"step '{doubled}' stands twice")
        return self


@dataclass(frozen=True, slots=True)
class Post:
    title: str
    text: str
    author: str | None


@dataclass(frozen=True, slots=True)
class Step:
    id: str
    at_s: float
    within_s: float
    rule: str | None
    quiet: bool
    signal: Path | None = None
    post: Post | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    path: Path
    en: str
    zh: str
    venue: str | None
    steps: tuple[Step, ...]
    """By their start."""

    @property
    def ends_s(self) -> float:
        """By when all that must come has come."""
        return max(step.at_s + step.within_s for step in self.steps)


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A scenario that is played again and again to prove the chain."""

    scenario: Scenario
    every_s: float


def load_scenario(path: Path) -> Scenario:
    """
    Raises
    ------
    InputError
        With every fault and its line.
    """
    raw = yamltree.validate(yamltree.read(path), _Scenario, {"base": path.resolve().parent})
    steps = tuple(
        Step(
            one.id,
            one.at_s,
            one.within_s,
            one.rule,
            one.quiet,
            one.signal,
            Post(one.post.title, one.post.text, one.post.author) if one.post is not None else None,
        )
        for one in sorted(raw.steps, key=lambda one: one.at_s)
    )
    return Scenario(path.resolve(), raw.name.en, raw.name.zh, raw.venue, steps)
