"""The route tree: from an alert's labels to the receivers that are told, with Alertmanager's meaning. Pure.

The first child whose matchers hold takes the alert, and so on down; with ``continue`` its next
sisters are asked as well. Where no child takes it, the node itself does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from monitor.notify.matcher import Matcher, all_hold


@dataclass(frozen=True, slots=True)
class Route:
    """One node, with all that it inherits filled in."""

    path: str
    """Where it stands in the tree: part of a group's key, so that two routes never share a group."""
    receiver: str
    matchers: tuple[Matcher, ...]
    group_by: tuple[str, ...]
    group_wait: timedelta
    """From a group's first alert to its first message."""
    group_interval: timedelta
    """Between messages of one group that tell something new."""
    repeat_interval: timedelta
    """After so long, what still fires is told again."""
    goes_on: bool = False
    """``continue``."""
    drills: bool = False
    """Also told of drills."""
    routes: tuple[Route, ...] = ()


def routes_of(root: Route, labels: Mapping[str, str]) -> list[Route]:
    """The nodes that take an alert; none where not even the root's matchers hold."""
    return list(_taking(root, labels)) if all_hold(root.matchers, labels) else []


def _taking(node: Route, labels: Mapping[str, str]) -> Iterator[Route]:
    is_taken = False
    for child in node.routes:
        if not all_hold(child.matchers, labels):
            continue
        yield from _taking(child, labels)
        is_taken = True
        if not child.goes_on:
            break
    if not is_taken:
        yield node


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While what `source` fits fires, what `target` fits is not told, where their `equal` labels agree."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()

    def mutes(self, target: Mapping[str, str], source: Mapping[str, str]) -> bool:
        return (
            target != source
            and all_hold(self.target, target)
            and all_hold(self.source, source)
            # As in Alertmanager, what fits both sides does not inhibit itself.
            and not (all_hold(self.target, source) and all_hold(self.source, target))
            and all(target.get(name, "") == source.get(name, "") for name in self.equal)
        )
