"""Rules that wait for rules: a correlation may ask for the firing of others, never of itself.

    web-answer-sale ──> corr-offer-and-emission ──> corr-city-wide
                                 ^______________________/    refused

What waits for nothing is asked first, then what waits for that.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from rules.fault import Fault, did_you_mean
from rules.rule import Rule


def tangled(rules: Iterable[Rule], others: Callable[[], Collection[str]]) -> Iterator[Fault]:
    """Faults: rules that wait for one that nobody knows, or in a circle.

    Parameters
    ----------
    others
        Ids outside of `rules` that may be waited for as well; asked only if needed.
    """
    known = {rule.id: rule for rule in rules}
    for rule in known.values():
        for wanted, line in rule.waits_for.items():
            if wanted not in known and wanted not in others():
                hint = did_you_mean(wanted, [*known, *others()])
                yield Fault(rule.file, line, f'waits for the rule "{wanted}", which there is not{hint}')
    waits = {rule.id: [name for name in rule.waits_for if name in known] for rule in known.values()}
    in_circles = _circular(waits)
    for name in sorted(in_circles):
        rule = known[name]
        circle = _circle(name, waits)
        line = rule.waits_for[circle[1]]
        yield Fault(rule.file, line, f"waits for itself: {' -> '.join(circle)}")


def layers(rules: Iterable[Rule]) -> list[list[Rule]]:
    """Correlation rules, each after all that it waits for.

    Raises
    ------
    ValueError
        If some wait in a circle; `tangled` says which.
    """
    left = {rule.id: rule for rule in rules}
    found: list[list[Rule]] = []
    while left:
        ready = [rule for rule in left.values() if not any(name in left for name in rule.waits_for)]
        if not ready:
            raise ValueError(f"rules wait in a circle: {', '.join(sorted(left))}")
        found.append(sorted(ready, key=lambda rule: rule.id))
        for rule in ready:
            del left[rule.id]
    return found


def _circular(waits: Mapping[str, list[str]]) -> set[str]:
    return {name for name in waits if len(_circle(name, waits)) > 1}


def _circle(start: str, waits: Mapping[str, list[str]]) -> list[str]:
    """The shortest way from `start` back to itself; only `start` where there is none."""
    ways: dict[str, list[str]] = {}
    edge = [[start, name] for name in waits[start]]
    while edge:
        following: list[list[str]] = []
        for way in edge:
            if way[-1] == start:
                return way
            if way[-1] not in ways:
                ways[way[-1]] = way
                following.extend([*way, name] for name in waits[way[-1]])
        edge = following
    return [start]
