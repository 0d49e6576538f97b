"""The condition of a rule: its words, its tree, and the way back to text.

    or      := and ("or" and)*
    and     := not ("and" not)*
    not     := "not" not | "(" or ")" | of | name
    of      := ("1" | "any" | "all") "of" ("them" | pattern)      pattern: name with * at its end

A tree keeps the grouping as written, so printing and parsing give the same tree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

MAX_LENGTH: Final = 2000
MAX_DEPTH: Final = 40
_TOKEN: Final = re.compile(r"\s*(?:(?P<word>[A-Za-z0-9_][A-Za-z0-9_.-]*\*?|\*)|(?P<mark>[()])|(?P<wrong>\S))")
_RESERVED: Final = frozenset(("and", "or", "not", "of", "them", "all", "any"))
NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Not:
    item: Condition


@dataclass(frozen=True, slots=True)
class And:
    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Of:
    every: bool
    """True: all of; False: 1 of."""
    pattern: str
    """``them``, or a name that may end in ``*``."""


Condition = Name | Not | And | Or | Of


class ConditionError(ValueError):
    """Not a condition; `column` counts from 1."""

    def __init__(self, message: str, column: int) -> None:
        self.column = column
        super().__init__(f"condition, column {column}: {message}")


def parse_condition(text: str) -> Condition:
    """The tree of `text`.

    Raises
    ------
    ConditionError
        With the column where it went wrong.
    """
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"longer than {MAX_LENGTH} characters", MAX_LENGTH + 1)
    return _Parser(text).whole()


def show_condition(condition: Condition) -> str:
    """`condition` as text; parsing it gives the same tree."""
    match condition:
        case Name(name):
            return name
        case Of(every, pattern):
            return f"{'all' if every else '1'} of {pattern}"
        case Not(item):
            return f"not {_inner(item)}"
        case And(items):
            return " and ".join(_inner(item) for item in items)
        case Or(items):
            return " or ".join(show_condition(i) if isinstance(i, And) else _inner(i) for i in items)


def _inner(condition: Condition) -> str:
    shown = show_condition(condition)
    return f"({shown})" if isinstance(condition, And | Or) else shown


def selected(of: Of, names: Collection[str]) -> list[str]:
    """The selections that a ``1 of`` or ``all of`` speaks of."""
    if of.pattern == "them":
        return [name for name in names if not name.startswith("_")]
    if of.pattern.endswith("*"):
        return [name for name in names if name.startswith(of.pattern[:-1])]
    return [name for name in names if name == of.pattern]


def expand(condition: Condition, names: Sequence[str]) -> Condition:
    """The same without ``of``: over `names`, as and and or of plain names."""
    match condition:
        case Name():
            return condition
        case Not(item):
            return Not(expand(item, names))
        case And(items):
            return And(tuple(expand(item, names) for item in items))
        case Or(items):
            return Or(tuple(expand(item, names) for item in items))
        case Of(every, _):
            found = tuple(Name(name) for name in selected(condition, names))
            if len(found) == 1:
                return found[0]
            return And(found) if every else Or(found)


def mentions(condition: Condition) -> Iterator[Name | Of]:
    """Each leaf, from left to right."""
    match condition:
        case Name() | Of():
            yield condition
        case Not(item):
            yield from mentions(item)
        case And(items) | Or(items):
            for item in items:
                yield from mentions(item)


def holds(condition: Condition, truth: Callable[[str], bool], names: Collection[str]) -> bool:
    """Whether `condition` is true, asking `truth` for as few selections as needed."""
    match condition:
        case Name(name):
            return truth(name)
        case Not(item):
            return not holds(item, truth, names)
        case And(items):
            return all(holds(item, truth, names) for item in items)
        case Or(items):
            return any(holds(item, truth, names) for item in items)
        case Of(every, _):
            found = selected(condition, names)
            return all(map(truth, found)) if every else any(map(truth, found))


def denied(condition: Condition, names: Collection[str]) -> set[str]:
    """Selections that stand somewhere under an odd number of `not`."""
    match condition:
        case Not(item):
            return _asserted(item, names)
        case And(items) | Or(items):
            return set[str]().union(*(denied(item, names) for item in items))
        case _:
            return set()


def _asserted(condition: Condition, names: Collection[str]) -> set[str]:
    match condition:
        case Name(name):
            return {name}
        case Of():
            return set(selected(condition, names))
        case Not(item):
            return denied(item, names)
        case And(items) | Or(items):
            return set[str]().union(*(_asserted(item, names) for item in items))


def deciding(condition: Condition, truth: Mapping[str, bool]) -> list[str]:
    """Selections that are true and speak for a condition that is true, in the order of mention."""
    names: list[str] = []

    def walk(part: Condition) -> None:
        match part:
            case Name(name):
                if truth[name] and name not in names:
                    names.append(name)
            case Of():
                for name in selected(part, truth):
                    walk(Name(name))
            case And(items):
                for item in items:
                    walk(item)
            case Or(items):
                for item in items:
                    if holds(item, truth.__getitem__, truth):
                        walk(item)
            case Not():
                pass  # what is absent has nothing to show

    walk(condition)
    return names


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, int]] = []
        position = 0
        while match := _TOKEN.match(text, position):
            column = match.end() - len(match.group().lstrip()) + 1
            if match["wrong"]:
                raise ConditionError(f'"{match["wrong"]}" has no meaning here', column)
            self._tokens.append((match["word"] or match["mark"], column))
            position = match.end()
        self._end = len(text) + 1
        self._next = 0

    def whole(self) -> Condition:
        condition = self._or(0)
        token, column = self._peek()
        if token:
            raise ConditionError(f'"and" or "or" expected before "{token}"', column)
        return condition

    def _peek(self) -> tuple[str, int]:
        return self._tokens[self._next] if self._next < len(self._tokens) else ("", self._end)

    def _accept(self, word: str) -> bool:
        if self._peek()[0] == word:
            self._next += 1
            return True
        return False

    def _or(self, depth: int) -> Condition:
        items = [self._and(depth)]
        while self._accept("or"):
            items.append(self._and(depth))
        return items[0] if len(items) == 1 else Or(tuple(items))

    def _and(self, depth: int) -> Condition:
        items = [self._not(depth)]
        while self._accept("and"):
            items.append(self._not(depth))
        return items[0] if len(items) == 1 else And(tuple(items))

    def _not(self, depth: int) -> Condition:
        token, column = self._peek()
        if depth > MAX_DEPTH:
            raise ConditionError(f"nested deeper than {MAX_DEPTH} levels", column)
        if self._accept("not"):
            return Not(self._not(depth + 1))
        if self._accept("("):
            inside = self._or(depth + 1)
            if not self._accept(")"):
                found, at = self._peek()
                raise ConditionError(f'")" expected{f" before {found!r}" if found else " at the end"}', at)
            return inside
        if token in ("1", "any", "all"):
            self._next += 1
            return self._of(token)
        if not token or token in (")", "and", "or"):
            raise ConditionError(
                "the name of a selection expected" + (f', not "{token}"' if token else ""), column
            )
        if token in _RESERVED or token.endswith("*") or not NAME.fullmatch(token):
            raise ConditionError(f'"{token}" is not the name of a selection', column)
        self._next += 1
        return Name(token)

    def _of(self, quantity: str) -> Condition:
        if not self._accept("of"):
            raise ConditionError(f'"of" expected after "{quantity}"', self._peek()[1])
        pattern, column = self._peek()
        stem = pattern.rstrip("*")
        if pattern != "them" and (not NAME.fullmatch(stem or "_") or stem in _RESERVED or not pattern):
            raise ConditionError('"them" or the name of selections (x*) expected after "of"', column)
        self._next += 1
        return Of(quantity == "all", pattern)


def valid_name(name: str) -> bool:
    """Whether a selection may be called so."""
    return bool(NAME.fullmatch(name)) and name not in _RESERVED
