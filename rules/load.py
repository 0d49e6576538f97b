"""Rule files to Rules: everything is checked, and every fault of every file is said at once.

    one file -> yamltree (text to tree) -> one reader a key -> Rule
             \\-> Fault(file, line, message), as many as there are

A rule that does not load is never half a rule: `load_rules` gives all rules or raises.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

from rules.chain import tangled
from rules.condition import Condition, ConditionError, Name, mentions, parse_condition, selected, valid_name
from rules.correlation import condition_of, read_correlation, unused
from rules.event import FIELDS
from rules.fault import Fault, Faults, PartError, RuleErrors, did_you_mean
from rules.parts import both, boths, budget, one_of, rule_id, sample_time, version, word, words
from rules.reach import unreachable
from rules.rule import (
    CATEGORIES,
    DEFAULT_LABELS,
    IDENTITY,
    LEVELS,
    Both,
    Correlation,
    Kind,
    Level,
    Rule,
    Sample,
    Selection,
    Status,
    Test,
    label_names,
)
from rules.testline import find_field, read_field_value, read_test
from rules.yamltree import ListNode, MapNode, Node, Scalar, kind_of, parse, read_text

LIBRARY: Final = Path(__file__).parent / "library"
"""The rules that are shipped."""
SUFFIXES: Final = (".yml", ".yaml")
REQUIRED: Final = ("id", "title", "advice", "kind", "level", "category", "selections", "owner")
EITHER: Final = ("condition", "correlation")
"""The first for radio and web, the second for rules of that kind."""
OPTIONAL: Final = (
    "tags",
    "labels",
    "samples",
    "false_positives",
    "references",
    "version",
    "status",
    "budget",
)
MAX_SELECTIONS: Final = 64

_ID_LINE: Final = re.compile(r"^id: *(\S+)", re.MULTILINE)
_T = TypeVar("_T")


def load_rules(*paths: Path) -> list[Rule]:
    """The rules of files and of folders with all below them, by id.

    Raises
    ------
    RuleErrors
        With the faults of all files.
    """
    rules: list[Rule] = []
    faults: list[Fault] = []
    for path in paths:
        files = rule_files(path)
        if not files:
            what = "no rule file (*.yml) in this folder" if path.is_dir() else "no such file or folder"
            faults.append(Fault(str(path), 1, what))
        for file in files:
            rule, found = load_file(file)
            faults.extend(found)
            if rule:
                rules.append(rule)
    faults.extend(_doubled(rules))
    faults.extend(tangled(rules, _library_ids))
    if faults:
        raise RuleErrors(faults)
    return sorted(rules, key=lambda rule: rule.id)


def rule_files(path: Path) -> list[Path]:
    """`path` itself, or the rule files in and below it; hidden ones are left out."""
    if path.is_file():
        return [path]
    found: list[Path] = []
    for folder, below, names in os.walk(path):
        below[:] = sorted(name for name in below if not name.startswith("."))
        found.extend(Path(folder, name) for name in names if _is_rule(name))
    return sorted(found)


def _is_rule(name: str) -> bool:
    return name.endswith(SUFFIXES) and not name.startswith(".")


def load_file(file: Path) -> tuple[Rule | None, list[Fault]]:
    """The rule in `file`, or its faults."""
    faults = Faults(str(file))
    try:
        text = read_text(file)
    except PartError as error:
        faults.add(error.line, error.message)
        return None, faults.found
    return load_text(text, str(file))


def load_text(text: str, file: str) -> tuple[Rule | None, list[Fault]]:
    """As `load_file`, with the text at hand; `file` is what faults name."""
    faults = Faults(file)
    rule: Rule | None = None
    try:
        tree = parse(text, faults)
        if not isinstance(tree, MapNode):
            raise PartError(
                "empty: a rule is a mapping" if tree is None else f"a rule is a mapping, not {kind_of(tree)}",
                1,
            )
        rule = _Reader(tree, faults).rule()
    except PartError as error:
        faults.add(error.line, error.message)
    return (None, faults.found) if faults.found else (rule, [])


@cache
def _library_ids() -> frozenset[str]:
    """What a rule of somebody's own may wait for."""
    found = (_ID_LINE.search(file.read_text("utf-8")) for file in rule_files(LIBRARY))
    return frozenset(match[1] for match in found if match)


def _doubled(rules: Iterable[Rule]) -> Iterable[Fault]:
    seen: dict[str, str] = {}
    for rule in rules:
        if rule.id in seen:
            yield Fault(rule.file, 1, f'the id "{rule.id}" is taken by {seen[rule.id]}')
        seen.setdefault(rule.id, rule.file)


_OF_ANY_KIND: Final[Mapping[str, Callable[[Node], Any]]] = {
    "id": rule_id,
    "title": both,
    "advice": both,
    "level": lambda node: one_of(node, tuple(LEVELS), "level"),
    "owner": word,
    "tags": words,
    "false_positives": boths,
    "references": words,
    "version": version,
    "budget": budget,
}


class _Reader:
    """Reads one rule; a part that is wrong becomes a fault and the other parts are still read."""

    def __init__(self, tree: MapNode, faults: Faults) -> None:
        self._tree, self._faults = tree, faults
        self._kind: Kind = "radio"

    def rule(self) -> Rule | None:
        known = (*REQUIRED, *EITHER, *OPTIONAL)
        for key, _ in self._tree.pairs:
            if key.text not in known:
                self._faults.add(key.line, f'unknown key "{key.text}"{did_you_mean(key.text, known)}')
        for name in REQUIRED:
            if self._tree.get(name) is None:
                self._faults.add(1, f"{name} is missing")
        kind = self._part("kind", lambda node: one_of(node, tuple(FIELDS), "kind"), None)
        if kind is None:
            # Without its kind no field can be checked; what does not hang on it still is.
            for name, read in _OF_ANY_KIND.items():
                self._part(name, read, None)
            return None
        self._kind = cast("Kind", kind)
        wanted, unwanted = EITHER[:: -1 if kind == "correlation" else 1]
        if self._tree.get(wanted) is None:
            self._faults.add(1, f"{wanted} is missing")
        if self._tree.get(unwanted) is not None:
            self._faults.add(self._tree.line_of(unwanted), f"a rule of kind {kind} has no {unwanted}")
        selections = self._part("selections", self._selections, ())
        correlation: Correlation | None = None
        if kind == "correlation":
            correlation = self._part("correlation", lambda node: self._correlation(node, selections), None)
            condition = condition_of(correlation) if correlation else Name("")
        else:
            condition = self._part("condition", lambda node: self._condition(node, selections), Name(""))
        status = self._part(
            "status", lambda node: one_of(node, ("stable", "experimental"), "status"), "stable"
        )
        samples = self._part("samples", self._samples, ())
        rule = Rule(
            id=self._part("id", rule_id, ""),
            title=self._part("title", both, Both("", "")),
            advice=self._part("advice", both, Both("", "")),
            kind=self._kind,
            level=cast(
                "Level", self._part("level", lambda node: one_of(node, tuple(LEVELS), "level"), "low")
            ),
            category=self._part(
                "category", lambda node: one_of(node, CATEGORIES[self._kind], "category"), ""
            ),
            selections=selections,
            condition=condition,
            samples=samples,
            owner=self._part("owner", word, ""),
            labels=self._part("labels", self._labels, self._default_labels(correlation)),
            tags=self._part("tags", words, ()),
            false_positives=self._part("false_positives", boths, ()),
            references=self._part("references", words, ()),
            version=self._part("version", version, 1),
            status=cast("Status", status),
            correlation=correlation,
            budget=self._part("budget", budget, None),
            file=self._faults.file,
            line=self._tree.line_of(wanted),
        )
        if not self._faults.found:
            self._whole(rule)
        return rule

    def _part(self, name: str, read: Callable[[Node], _T], default: _T) -> _T:
        node = self._tree.get(name)
        return default if node is None else self._read(read, node, default)

    def _read(self, read: Callable[[Node], _T], node: Node, default: _T) -> _T:
        try:
            return read(node)
        except PartError as error:
            self._faults.add(error.line, error.message)
            return default

    def _whole(self, rule: Rule) -> None:
        """What only shows when all parts are there."""
        if rule.status != "experimental":
            for fires, name in ((True, "fires"), (False, "quiet")):
                if not any(sample.fires is fires for sample in rule.samples):
                    line = self._tree.line_of("samples")
                    self._faults.add(line, f"no sample under {name}: a rule without one must be experimental")
        for message, line in unreachable(rule):
            self._faults.add(line, message)

    def _selections(self, node: Node) -> tuple[Selection, ...]:
        if not isinstance(node, MapNode) or not node.pairs:
            raise PartError(f"selections: a mapping of names expected, not {kind_of(node)}", node.line)
        if len(node.pairs) > MAX_SELECTIONS:
            raise PartError(f"more than {MAX_SELECTIONS} selections: split the rule", node.line)
        found: list[Selection] = []
        for key, value in node.pairs:
            if not valid_name(key.text):
                self._faults.add(key.line, f'"{key.text}" cannot be the name of a selection')
            items = value.items if isinstance(value, ListNode) else (value,)
            found.append(Selection(key.text, tuple(map(self._alternative, items)), key.line))
            if not items:
                self._faults.add(key.line, f'selection "{key.text}" is an empty list')
        return tuple(found)

    def _alternative(self, node: Node) -> tuple[Test, ...]:
        if not isinstance(node, MapNode) or not node.pairs:
            self._faults.add(node.line, f"a selection is a mapping of tests, not {kind_of(node)}")
            return ()
        tests: list[Test] = []
        for key, value in node.pairs:
            try:
                tests.append(read_test(key, value, self._kind))
            except PartError as error:
                self._faults.add(error.line, error.message)
        return tuple(tests)

    def _condition(self, node: Node, selections: tuple[Selection, ...]) -> Condition:
        if not isinstance(node, Scalar) or not isinstance(node.value, str) or not node.value.strip():
            raise PartError(f"condition: words like `a and not b` expected, not {kind_of(node)}", node.line)
        try:
            condition = parse_condition(node.value)
        except ConditionError as error:
            raise PartError(str(error), node.line) from None
        names = [selection.name for selection in selections]
        used: set[str] = set()
        for leaf in mentions(condition):
            found = [leaf.name] if isinstance(leaf, Name) else selected(leaf, names)
            used.update(found)
            if isinstance(leaf, Name) and leaf.name not in names and names:
                self._faults.add(node.line, f'no selection "{leaf.name}"{did_you_mean(leaf.name, names)}')
            elif not found:
                wanted = cast("Any", leaf).pattern
                self._faults.add(node.line, f'no selection fits "{wanted}"{did_you_mean(wanted, names)}')
        for selection in selections:
            if selection.name not in used:
                self._faults.add(selection.line, f'selection "{selection.name}" is not used in the condition')
        return condition

    def _correlation(self, node: Node, selections: tuple[Selection, ...]) -> Correlation:
        names = [selection.name for selection in selections]
        correlation = read_correlation(node, names, self._faults)
        for name in unused(correlation, names) if not self._faults.found else ():
            self._faults.add(node.line, f'selection "{name}" is not used in any step')
        return correlation

    def _default_labels(self, correlation: Correlation | None) -> tuple[str, ...]:
        if self._kind != "correlation":
            return DEFAULT_LABELS[self._kind]
        return correlation.by if correlation and correlation.by else ("venue",)

    def _samples(self, node: Node) -> tuple[Sample, ...]:
        found: list[Sample] = []
        for name, events in self._named(node, ("fires", "quiet"), "samples"):
            if not isinstance(events, ListNode):
                self._faults.add(events.line, f"{name}: a list of events expected, not {kind_of(events)}")
            else:
                found.extend(self._sample(event, name == "fires") for event in events.items)
        return tuple(found)

    def _sample(self, node: Node, fires: bool) -> Sample:
        several = self._kind == "correlation"
        key = "events" if several else "event"
        parts = dict(self._named(node, (key, "note"), "a sample"))
        note = self._read(word, parts["note"], "") if "note" in parts else ""
        given = parts.get(key)
        if several and isinstance(given, ListNode) and given.items:
            return Sample(tuple(map(self._sample_event, given.items)), fires, note, node.line)
        if several or not isinstance(given, MapNode):
            what = "events (a list, each with its time)" if several else "an event (a mapping of fields)"
            self._faults.add(node.line, f"a sample is {what} and, if you like, a note")
            return Sample(({},), fires, note, node.line)
        return Sample((self._sample_event(given),), fires, note, node.line)

    def _sample_event(self, given: Node) -> dict[str, Any]:
        correlated = self._kind == "correlation"
        event: dict[str, Any] = {} if correlated else {"kind": self._kind}
        if not isinstance(given, MapNode):
            self._faults.add(given.line, f"an event is a mapping of fields, not {kind_of(given)}")
            return event
        for key, value in given.pairs:
            try:
                if correlated and key.text == "at":
                    event["at"] = sample_time(value)
                elif key.text in IDENTITY[self._kind]:
                    event[key.text] = word(value)
                else:
                    field = find_field(key.text, self._kind, key.line)
                    event[key.text] = read_field_value(value, field)
            except PartError as error:
                self._faults.add(error.line, error.message)
        if correlated and not {"kind", "at"} <= set(event):
            self._faults.add(given.line, "an event of a correlation has its kind (radio or web) and its at")
        return event

    def _named(self, node: Node, known: tuple[str, ...], what: str) -> Iterator[tuple[str, Node]]:
        """The pairs of a mapping whose keys are `known`; others are faults."""
        if not isinstance(node, MapNode):
            self._faults.add(node.line, f"{what} is a mapping, not {kind_of(node)}")
            return
        for key, value in node.pairs:
            if key.text in known:
                yield key.text, value
            else:
                self._faults.add(key.line, f'{what} has no "{key.text}"{did_you_mean(key.text, known)}')

    def _labels(self, node: Node) -> tuple[str, ...]:
        labels = words(node)
        known = label_names(self._kind)
        for label in labels:
            if label not in known:
                raise PartError(f'"{label}" cannot be a label{did_you_mean(label, known)}', node.line)
        if not labels:
            raise PartError("labels: at least one is needed to tell one case from another", node.line)
        return labels
