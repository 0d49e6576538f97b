"""A Rule back to YAML text; reading it gives an equal rule.

Scalars are written as JSON, which YAML reads the same whatever they hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from rules.condition import show_condition
from rules.correlation import STEPPED
from rules.rule import Both, Correlation, Rule, Sample, Selection, Test


def dump_rule(rule: Rule) -> str:
    """The rule as a file of its own."""
    return "".join(f"{line}\n" for line in _lines(rule))


def _lines(rule: Rule) -> Iterator[str]:
    yield f"id: {rule.id}"
    yield f"title: {_flow(_both(rule.title))}"
    yield f"advice: {_flow(_both(rule.advice))}"
    yield f"kind: {rule.kind}"
    yield f"level: {rule.level}"
    yield f"category: {rule.category}"
    yield f"status: {rule.status}"
    yield f"owner: {_flow(rule.owner)}"
    yield f"version: {rule.version}"
    for name in ("tags", "labels", "references"):
        if getattr(rule, name):
            yield f"{name}: {_flow(list(getattr(rule, name)))}"
    if rule.false_positives:
        yield "false_positives:"
        yield from (f"  - {_flow(_both(text))}" for text in rule.false_positives)
    yield "selections:"
    for selection in rule.selections:
        yield from _selection(selection)
    if rule.correlation is None:
        yield f"condition: {_flow(show_condition(rule.condition))}"
    else:
        yield f"correlation: {_flow(dict(_correlation(rule.correlation)))}"
    if rule.budget is not None:
        figure = {"measured": rule.budget.measured, "baseline": rule.budget.baseline}
        known = figure if rule.budget.measured is not None else {}
        yield f"budget: {_flow({'limit': rule.budget.limit, **known})}"
    if rule.samples:
        yield "samples:"
        for name, fires in (("fires", True), ("quiet", False)):
            own = [sample for sample in rule.samples if sample.fires is fires]
            if own:
                yield f"  {name}:"
                yield from (f"    - {_flow(_sample(rule, sample))}" for sample in own)


def _selection(selection: Selection) -> Iterator[str]:
    if len(selection.alternatives) == 1:
        yield f"  {selection.name}:"
        for test in selection.alternatives[0]:
            yield f"    {_flow(_key(test))}: {_flow(_values(test))}"
        return
    yield f"  {selection.name}:"
    for tests in selection.alternatives:
        yield f"    - {_flow({_key(test): _values(test) for test in tests})}"


def _key(test: Test) -> str:
    modifiers = [] if test.modifier == "equals" else [test.modifier]
    return "|".join([test.field, *modifiers, *(["all"] if test.every else [])])


def _values(test: Test) -> Any:
    if test.type == "instant" and test.modifier != "exists":
        values: list[Any] = [
            [_iso(limit) for limit in value] if isinstance(value, tuple) else _iso(float(value))
            for value in test.values
        ]
    else:
        values = [list(value) if isinstance(value, tuple) else value for value in test.values]
    return values[0] if len(values) == 1 else values


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def _sample(rule: Rule, sample: Sample) -> Mapping[str, Any]:
    note = {"note": sample.note} if sample.note else {}
    if rule.correlation is not None:
        return {**note, "events": [dict(event) for event in sample.events]}
    return {**note, "event": {name: value for name, value in sample.event.items() if name != "kind"}}


def _correlation(correlation: Correlation) -> Iterator[tuple[str, Any]]:
    yield "type", correlation.type
    steps = [show_condition(step) for step in correlation.steps]
    yield ("steps", steps) if correlation.type in STEPPED else ("of", steps[0])
    yield "within", f"{correlation.within_s!r}s"
    if correlation.by:
        yield "by", list(correlation.by)
    if correlation.near:
        yield "near", {near.field: near.tolerance for near in correlation.near}
    if correlation.at_least:
        yield "at_least", correlation.at_least
    if correlation.field:
        yield "field", correlation.field
    if correlation.type == "period":
        yield "period", [f"{limit!r}s" for limit in correlation.period_s]
        yield "jitter", correlation.jitter


def _both(text: Both) -> dict[str, str]:
    return {"en": text.en, "zh": text.zh}


def _flow(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
