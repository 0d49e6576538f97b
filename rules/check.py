"""A rule's samples tried: each must fire or stay quiet as it says, and a failure shows the field.

A firing sample that is quiet: which selections were false, and what each test found.
A quiet sample that fires: which tests let it through.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rules.explain import Explanation, explain
from rules.facts import ReadText
from rules.fault import Fault
from rules.match import RuleSet
from rules.rule import Rule, Sample
from rules.text.reading import read_text


def check_samples(rules: Iterable[Rule], read: ReadText = read_text) -> Iterator[Fault]:
    """One fault a sample that does not do what it says.

    Each sample is put to the compiled set of its own rule, so that the fast way is tested too.
    """
    for rule in rules:
        alone = RuleSet((rule,), read)
        for sample in rule.samples:
            if bool(alone.match(sample.event)) is not sample.fires:
                yield Fault(rule.file, sample.line, differing(rule, sample, read))


def differing(rule: Rule, sample: Sample, read: ReadText = read_text) -> str:
    """What in `sample` made `rule` do the other thing."""
    seen = explain(rule, sample.event, read)
    head = f"{rule.id}: this sample must {'fire and is quiet' if sample.fires else 'be quiet and fires'}"
    parts = _decisive(seen) if seen.selections else []
    return f"{head}: {'; '.join(parts)}"


def _decisive(seen: Explanation) -> list[str]:
    views = seen.decisive() or [view for view in seen.selections if view.true is seen.fires]
    parts: list[str] = []
    for view in views or seen.selections:
        tests = view.tests if view.true else view.differing
        found = ", ".join(f"{test.en}{' (nearly)' if test.state == 'nearly' else ''}" for test in tests)
        parts.append(f"{view.name} is {str(view.true).lower()}: {found}")
    return parts
