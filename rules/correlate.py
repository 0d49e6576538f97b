"""Correlation rules over a stream of events: several events that together mean more than each.

    event + rules that fired on it ─> which steps does it meet? ─> its group's window ─> complete?
                                                                                           │
    layer 2, which waits for layer 1 <──── the correlation's own id joins what fired <─────┘

Only the events' own times count, so a replay gives the same, byte for byte. An event may
come late, by the rule's own `within` and `LATE_S` against the newest of its group, and still
completes every window that it lies in; what comes later is counted and left out. Which
windows are complete does not depend on the order within that allowance; but for a period,
which a burst between the others spoils, and which is not taken back when that one comes late.

All state is bounded and can be written down and taken up again (`state`, `restore`).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from rules.chain import layers
from rules.condition import holds as condition_holds
from rules.correlated import members_why
from rules.facts import Facts, ReadText, value_of
from rules.match import Compiled, true_alternative
from rules.rule import Correlation, Match, Near, Rule
from rules.sketch import Sketch, sketch
from rules.text.reading import read_text
from rules.window import Entry, Window, complete, possible
from rules.write import dump_rule

LATE_S: Final = 120.0
"""Uplinks of a site that lost its network for a moment; one poll interval of a source."""
MAX_REMEMBERED: Final = 5_000
"""Events remembered for one rule over all its groups; the group untouched for longest goes first."""
MAX_CHARS: Final = 200
"""Of a text that is remembered with its event."""
STATE_VERSION: Final = 1

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Correlated:
    """A correlation rule that fired: the match, and the events that made it fire."""

    match: Match
    event: dict[str, Any]
    """The last of them, with labels that only the others know; long texts are cut."""
    members: tuple[str, ...]
    """Their ids, by time."""

    @property
    def rule(self) -> Rule:
        return self.match.rule

    def labels(self) -> dict[str, str]:
        return self.match.labels(self.event)

    def to_record(self) -> dict[str, Any]:
        """Everything, as JSON can have it."""
        return {
            "rule": self.rule.id,
            "labels": self.labels(),
            "event": self.event,
            "members": list(self.members),
            "why": self.match.reasons(),
        }


class Correlator:
    """Correlation rules in force and what they remember.

    Parameters
    ----------
    rules
        Those that are no correlations are left out.
    late_s
        How late an event may come.
    """

    def __init__(self, rules: Iterable[Rule], read: ReadText = read_text, late_s: float = LATE_S) -> None:
        own = [rule for rule in rules if rule.correlation is not None]
        self._layers = [(Compiled(layer), layer) for layer in layers(own)]
        self._digests = {rule.id: digest(rule) for rule in own}
        self._memory: dict[str, _Memory] = {rule.id: _Memory() for rule in own}
        self._read = read
        self._late_s = late_s
        self.n_dropped: Counter[str] = Counter()
        """Events that a rule could not count: undated, late, or forgotten for want of room."""

    def feed(self, event: Mapping[str, Any], fired: Collection[str] = ()) -> list[Correlated]:
        """Take one event and say what is complete now.

        Parameters
        ----------
        event
            Flat, by the names of `rules.event`; ``id`` tells it from others. News of one id counts once.
        fired
            Ids of the rules that fired on it.
        """
        if not self._layers:
            return []
        at = value_of(event.get("at"), "instant")
        if at is None:
            self.n_dropped["undated"] += 1
            return []
        names = set(fired)
        found: list[Correlated] = []
        for compiled, _ in self._layers:
            facts = Facts({**event, "rule": sorted(names)} if names else event, self._read)
            told: list[Correlated] = []
            for rule in compiled.candidates(facts):
                told.extend(self._count(rule, facts, at))
            names.update(each.rule.id for each in told)
            found.extend(told)
        return found

    def _count(self, rule: Rule, facts: Facts, at: float) -> list[Correlated]:
        correlation = cast("Correlation", rule.correlation)
        steps = steps_met(rule, facts)
        if not steps:
            return []
        key = group_of(correlation, facts.event)
        near = tuple(_near_value(each, facts) for each in correlation.near)
        value = _known(facts.event, correlation.field) if correlation.field else ""
        if key is None or value is None or None in near:
            return []
        memory = self._memory[rule.id]
        window = memory.window(key)
        if window.is_late(at, correlation.within_s + self._late_s):
            self.n_dropped["late"] += 1
            return []
        event_id = event_key(facts.event)
        entry = window.known(event_id)
        if entry is not None:
            if set(steps) <= set(entry.steps):
                return []  # news of an event that counts already
            entry.steps = tuple(sorted({*steps, *entry.steps}))
        else:
            start = at - (facts.value("duration_s", "number") or 0.0)
            values = cast("tuple[float | Sketch, ...]", near)
            entry = Entry(at, event_id, start, steps, value, values, brief(facts.event))
            self.n_dropped["forgotten"] += memory.add(window, entry, correlation.within_s * 2 + self._late_s)
        found: list[Correlated] = []
        if not possible(correlation, window.entries):
            return found
        for anchor in window.anchors(entry, correlation.within_s):
            members = complete(correlation, window.up_to(anchor, correlation.within_s), anchor)
            if members:
                anchor.anchored = True
                found.append(_told(rule, correlation, members, anchor))
        return found

    def state(self) -> dict[str, Any]:
        """What is remembered, as JSON can have it."""
        memories = {
            rule_id: {
                "digest": self._digests[rule_id],
                "groups": [
                    [list(key), [entry.to_list() for entry in window.entries]]
                    for key, window in memory.groups.items()
                ],
            }
            for rule_id, memory in sorted(self._memory.items())
        }
        return {"version": STATE_VERSION, "rules": memories}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take up what another has remembered; a rule that has changed since begins anew.

        Raises
        ------
        ValueError
            If `state` is none that `state()` has given; nothing is then taken up.
        """
        if state.get("version") != STATE_VERSION:
            raise ValueError("not a state of this version")
        try:
            taken = {
                rule_id: _Memory(
                    (tuple(key), Window(map(Entry.of_list, entries))) for key, entries in raw["groups"]
                )
                for rule_id, raw in state["rules"].items()
                if raw["digest"] == self._digests.get(rule_id)
            }
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError(f"not a state: {error}") from None
        self._memory.update(taken)


class _Memory:
    """The groups of one rule, the one touched last at the end."""

    def __init__(self, groups: Iterable[tuple[Key, Window]] = ()) -> None:
        self.groups: OrderedDict[Key, Window] = OrderedDict(groups)
        self._n_held = sum(len(window.entries) for window in self.groups.values())

    def window(self, key: Key) -> Window:
        window = self.groups.setdefault(key, Window())
        self.groups.move_to_end(key)
        return window

    def add(self, window: Window, entry: Entry, keep_s: float) -> int:
        """Put `entry` into `window`; how many events were forgotten for want of room."""
        n_before = len(window.entries)
        n_forgotten = window.add(entry, keep_s)
        self._n_held += len(window.entries) - n_before
        while self._n_held > MAX_REMEMBERED:
            _, oldest = self.groups.popitem(last=False)
            self._n_held -= len(oldest.entries)
            n_forgotten += len(oldest.entries)
        return n_forgotten


def digest(rule: Rule) -> str:
    """Of the whole rule as it would be written."""
    return hashlib.sha256(dump_rule(rule).encode()).hexdigest()


def steps_met(rule: Rule, facts: Facts) -> tuple[int, ...]:
    """Which steps of a correlation one event meets."""
    correlation = cast("Correlation", rule.correlation)
    known: dict[str, bool] = {}

    def truth(name: str) -> bool:
        if name not in known:
            known[name] = true_alternative(rule, name, facts) is not None
        return known[name]

    met = (condition_holds(step, truth, rule.names) for step in correlation.steps)
    return tuple(number for number, true in enumerate(met) if true)


def group_of(correlation: Correlation, event: Mapping[str, Any]) -> Key | None:
    """The labels that events must agree in; None where the event lacks one."""
    values = [_known(event, name) for name in correlation.by]
    if event.get("drill"):
        # A drill and the real thing never complete each other.
        values.append("drill")
    return None if None in values else cast("Key", tuple(values))


def event_key(event: Mapping[str, Any]) -> str:
    """What tells one event from another: its id, or its whole content where it has none."""
    given = event.get("id")
    if given is not None:
        return str(given)
    content = {name: value for name, value in event.items() if name != "rule"}
    shown = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(shown.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def brief(event: Mapping[str, Any]) -> dict[str, Any]:
    """The event as it is remembered: JSON throughout, long texts cut."""
    return {name: _brief(value) for name, value in event.items() if name != "rule"}


def _brief(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset | tuple):
        value = sorted(cast("Iterable[Any]", value))
    return value[:MAX_CHARS] if isinstance(value, str) else value


def _known(event: Mapping[str, Any], name: str) -> str | None:
    value = event.get(name)
    return None if value is None or value == "" else str(value)


def _near_value(near: Near, facts: Facts) -> float | Sketch | None:
    value = facts.value(near.field, near.type)
    return sketch(value) if near.type == "text" and value is not None else value


def _told(rule: Rule, correlation: Correlation, members: list[Entry], anchor: Entry) -> Correlated:
    event = dict(anchor.event)
    for name in {"venue", "exam", *rule.labels}:
        for entry in [] if _known(event, name) else reversed(members):
            if _known(entry.event, name):
                event[name] = entry.event[name]
                break
    why = members_why(correlation, members)
    return Correlated(Match(rule, tuple(why)), event, tuple(entry.id for entry in members))
