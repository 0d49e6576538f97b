"""The nouns of the room: Rule, its selections and samples; Match and the reasons for it.

    Rule ── selections: Selection ── alternatives: tuple[Test, ...]     any alternative, all of its tests
         ├─ condition over the names of the selections
         └─ samples: events on which it must fire, and must stay quiet

Nothing here reads a file or tests an event: see `rules.load` and `rules.match`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from rules.condition import Condition
from rules.event import FIELDS, FieldType

Level = Literal["low", "medium", "high", "critical"]
Kind = Literal["radio", "web", "correlation"]
Status = Literal["stable", "experimental"]
Value = str | float | bool | tuple[float, float]

LEVELS: Final[Mapping[Level, str]] = {"low": "IV", "medium": "III", "high": "II", "critical": "I"}
"""Levels, mildest first, with the four grades of the emergency plans."""
CATEGORIES: Final[Mapping[Kind, tuple[str, ...]]] = {
    "radio": ("signal", "data", "voice", "video", "jamming"),
    "web": ("sell", "scam", "proxy", "device", "paper", "help", "rumour"),
    "correlation": ("signal", "leak", "campaign"),
}
IDENTITY: Final[Mapping[Kind, tuple[str, ...]]] = {
    "radio": ("channel",),
    "web": ("document",),
    "correlation": ("channel", "document"),
}
"""Labels that are no fields of the event: the channel that holds the centre, the document's id."""
DEFAULT_LABELS: Final[Mapping[Kind, tuple[str, ...]]] = {"radio": ("venue", "channel"), "web": ("document",)}


def label_names(kind: Kind) -> tuple[str, ...]:
    """What may identify the alert of a rule: words of the event, and `IDENTITY`."""
    words = [name for name, known in FIELDS[kind].items() if known.type == "word"]
    return (*IDENTITY[kind], *words)


@dataclass(frozen=True, slots=True)
class Both:
    """A text that a person reads, in both languages."""

    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Test:
    """One line of a selection: ``field|modifier: values``."""

    field: str
    type: FieldType
    modifier: str
    values: tuple[Value, ...]
    every: bool = False
    """All of the values instead of any."""
    line: int = dataclasses.field(default=0, compare=False)

    __test__ = False  # not a test of pytest's


Alternative = tuple[Test, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """True when every test of one of its alternatives is."""

    name: str
    alternatives: tuple[Alternative, ...]
    line: int = dataclasses.field(default=0, compare=False)


CorrelationType = Literal["count", "values", "sequence", "coincidence", "period"]


@dataclass(frozen=True, slots=True)
class Near:
    """Events count together when this field differs little between them."""

    field: str
    type: FieldType
    tolerance: float
    """Of a number: its greatest difference. Of running text: the least likeness, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """Which events together make a correlation rule fire; times are the events' own."""

    type: CorrelationType
    steps: tuple[Condition, ...]
    """What an event must be: one for count, values and period, one a step for the others."""
    within_s: float
    by: tuple[str, ...] = ()
    """Events count together when they agree in these labels; one that lacks a label counts nowhere."""
    near: tuple[Near, ...] = ()
    at_least: int = 0
    """Events, distinct values or bursts."""
    field: str = ""
    """Whose distinct values are counted."""
    period_s: tuple[float, float] = (0.0, 0.0)
    jitter: float = 0.0
    """Share of the period by which a burst may be early or late."""


@dataclass(frozen=True, slots=True)
class Budget:
    """False alarms of a rule a sensor-day (radio, correlation) or 10,000 posts (web)."""

    limit: float
    measured: float | None = None
    baseline: str = ""
    """On what it was measured."""


@dataclass(frozen=True, slots=True)
class Sample:
    """An event beside the rule that says what the rule must do with it; a correlation has several."""

    events: tuple[Mapping[str, Any], ...]
    fires: bool
    note: str = ""
    line: int = dataclasses.field(default=0, compare=False)

    @property
    def event(self) -> Mapping[str, Any]:
        """The last, for most the only one."""
        return self.events[-1]


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    title: Both
    advice: Both
    """What to check first."""
    kind: Kind
    level: Level
    category: str
    selections: tuple[Selection, ...]
    condition: Condition
    samples: tuple[Sample, ...]
    owner: str
    labels: tuple[str, ...]
    """What tells one case from another: with the rule's id, the identity of its alert."""
    tags: tuple[str, ...] = ()
    false_positives: tuple[Both, ...] = ()
    references: tuple[str, ...] = ()
    version: int = 1
    status: Status = "stable"
    correlation: Correlation | None = None
    """Of a rule of that kind; its condition is then true of each event that counts."""
    budget: Budget | None = None
    file: str = dataclasses.field(default="", compare=False)
    line: int = dataclasses.field(default=0, compare=False)
    """Of the condition."""

    @property
    def experimental(self) -> bool:
        return self.status == "experimental"

    @property
    def gravity(self) -> int:
        """0 for low to 3 for critical."""
        return list(LEVELS).index(self.level)

    def selection(self, name: str) -> Selection:
        return next(selection for selection in self.selections if selection.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(selection.name for selection in self.selections)

    @property
    def waits_for(self) -> dict[str, int]:
        """Ids of the rules whose firing a correlation asks for, each with its line."""
        tests = [test for s in self.selections for tests in s.alternatives for test in tests]
        asked = [test for test in tests if test.field == "rule" and test.modifier == "equals"]
        return {str(value): test.line for test in asked for value in test.values}


@dataclass(frozen=True, slots=True)
class Reason:
    """What one test wanted and found."""

    selection: str
    field: str
    modifier: str
    expected: Any
    actual: Any
    spans: tuple[tuple[int, int], ...]
    """Code-point ranges of the event's original ``text``; empty where the field is no running text."""
    text: str
    text_zh: str

    def to_record(self) -> dict[str, Any]:
        return {
            "selection": self.selection,
            "field": self.field,
            "modifier": self.modifier,
            "expected": self.expected,
            "actual": self.actual,
            "spans": [list(span) for span in self.spans],
            "text": self.text,
            "text_zh": self.text_zh,
        }


@dataclass(frozen=True, slots=True)
class Match:
    """A rule that fired on an event, and why."""

    rule: Rule
    why: tuple[Reason, ...]

    @property
    def level(self) -> Level:
        return self.rule.level

    @property
    def category(self) -> str:
        return self.rule.category

    def labels(self, event: Mapping[str, Any]) -> dict[str, str]:
        """The identity of the alert: the rule and what `event` says for its labels, where it says it."""
        found = {name: event.get(name) for name in self.rule.labels}
        return {"rule": self.rule.id} | {
            name: str(value) for name, value in found.items() if value is not None
        }

    def reasons(self) -> list[dict[str, Any]]:
        """`why` as an alert carries it."""
        return [reason.to_record() for reason in self.why]

    def to_record(self) -> dict[str, Any]:
        """As `examwatch match` prints it."""
        return {
            "rule": self.rule.id,
            "level": self.level,
            "category": self.category,
            "why": [reason.text for reason in self.why],
        }
