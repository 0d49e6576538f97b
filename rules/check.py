"""A rule's samples tried: each must fire or stay quiet as it says, and a failure shows the field.

A firing sample that is quiet: which selections were false, and what each test found.
A quiet sample that fires: which tests let it through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rules.condition import show_condition
from rules.correlate import Correlator, steps_met
from rules.explain import Explanation, explain
from rules.facts import Facts, ReadText
from rules.fault import Fault
from rules.match import RuleSet
from rules.rule import Correlation, Rule, Sample
from rules.text.reading import read_text


def check_samples(rules: Iterable[Rule], read: ReadText = read_text) -> Iterator[Fault]:
    """One fault a sample that does not do what it says.

    Each sample is put to the compiled set of its own rule, so that the fast way is tested too.
    """
    for rule in rules:
        alone = RuleSet((rule,), read)
        for sample in rule.samples:
            fired = (
                bool(alone.match(sample.event)) if rule.correlation is None else complete(rule, sample, read)
            )
            if fired is not sample.fires:
                yield Fault(rule.file, sample.line, differing(rule, sample, read))


def complete(rule: Rule, sample: Sample, read: ReadText = read_text) -> bool:
    """Whether the events of a correlation's sample, in the order written, complete it."""
    alone = Correlator((rule,), read)
    return any(alone.feed(event, event.get("rule") or ()) for event in sample.events)


def differing(rule: Rule, sample: Sample, read: ReadText = read_text) -> str:
    """What in `sample` made `rule` do the other thing."""
    head = f"{rule.id}: this sample must {'fire and is quiet' if sample.fires else 'be quiet and fires'}"
    if rule.correlation is not None:
        return f"{head}: {_counted(rule, rule.correlation, sample, read)}"
    parts = _decisive(explain(rule, sample.event, read))
    return f"{head}: {'; '.join(parts)}"


def _counted(rule: Rule, correlation: Correlation, sample: Sample, read: ReadText) -> str:
    """Which events count for which step; of one that counts for none, why."""
    parts: list[str] = []
    met: dict[int, list[str]] = {number: [] for number in range(len(correlation.steps))}
    for number, event in enumerate(sample.events, start=1):
        facts = Facts(event, read)
        lacking = [name for name in correlation.by if event.get(name) is None]
        lacking += [near.field for near in correlation.near if not facts.known(near.field)]
        steps = steps_met(rule, facts)
        for step in steps:
            met[step].append(str(number))
        if not steps:
            parts.append(
                f"event {number} does not count ({'; '.join(_decisive(explain(rule, event, read)))})"
            )
        elif lacking:
            parts.append(f"event {number} does not count: it has no {', '.join(lacking)}")
    for step, numbers in met.items():
        shown = show_condition(correlation.steps[step])
        parts.insert(step, f"{shown} is true of {'events ' + ', '.join(numbers) if numbers else 'no event'}")
    return "; ".join(parts)


def _decisive(seen: Explanation) -> list[str]:
    views = seen.decisive() or [view for view in seen.selections if view.true is seen.fires]
    parts: list[str] = []
    for view in views or seen.selections:
        tests = view.tests if view.true else view.differing
        found = ", ".join(f"{test.en}{' (nearly)' if test.state == 'nearly' else ''}" for test in tests)
        parts.append(f"{view.name} is {str(view.true).lower()}: {found}")
    return parts
