"""The lexicon: YAML files of terms, and one automaton over all of them.

    source: where the words come from, with their licence
    groups:
      - category: sell          # sell scam proxy device paper help rumour, or "any"
        role: object
        weight: 0.6
        ambiguous: true         # optional: never counts without company
        terms: |
          答案; 试题 =0.5
          leaked answers

A term may carry its own weight (``=0.5``). ``any`` counts for every category. Faults are
collected and named as ``file:line: message``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import ahocorasick
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rules.text.normalise import Canonical, canonical_term

CATEGORIES: Final = ("sell", "scam", "proxy", "device", "paper", "help", "rumour")
ANY: Final = "any"
ROLES: Final = (
    "deal",  # an offer whole in itself: 出售答案, proxy test taker
    "offer",
    "object",
    "exam",
    "contact",
    "price",
    "time",
    "guarantee",
    "ask",
    "hall",  # being in the examination room
    "claim",  # it has leaked, they say
    "layout",  # what is printed on a paper
    "news",
    "warning",
    "doubt",
    "negation",
    "study",  # past papers, courses, homework, books
    "chat",  # jokes, feelings, wishes
    "other",  # another world: games, travel, meals
)
SHIPPED: Final = Path(__file__).parent / "lexicon"


@dataclass(frozen=True, slots=True)
class Term:
    term: str
    """As written in the file."""
    canonical: str
    category: str
    role: str
    weight: float
    ambiguous: bool = False


class LexiconError(ValueError):
    """Every fault of a lexicon, each as ``file:line: message``."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Found:
    """Terms with one surface, at one canonical range."""

    terms: tuple[Term, ...]
    start: int
    end: int


class Lexicon:
    """Terms, findable in a canonical text in one pass."""

    def __init__(self, terms: Iterable[Term]) -> None:
        surfaces: dict[str, list[Term]] = {}
        for term in terms:
            surfaces.setdefault(term.canonical, []).append(term)
        self.terms = tuple(term for group in surfaces.values() for term in group)
        self._automaton: Any = ahocorasick.Automaton()
        for surface, group in surfaces.items():
            first, last = _is_latin(surface[0]), _is_latin(surface[-1])
            self._automaton.add_word(surface, (len(surface), first, last, tuple(group)))
        if surfaces:
            self._automaton.make_automaton()

    def __len__(self) -> int:
        return len(self.terms)

    def find(self, canonical: Canonical) -> list[Found]:
        """All terms; of overlapping ones with the same end only the longest keeps its weight.

        Latin terms must stand between word borders, unless the word had been pulled apart.
        """
        if not self.terms:
            return []
        text, n = canonical.text, len(canonical.text)
        breaks = canonical.breaks
        found: list[Found] = []
        for last, (length, latin_first, latin_last, terms) in self._automaton.iter(text):
            start, end = last - length + 1, last + 1
            if (
                (latin_first and start and _joins(text[start - 1], text[start]))
                or (latin_last and end < n and _joins(text[end], text[last]))
            ) and not any(low <= start and end <= high for low, high in canonical.joined):
                continue
            if breaks and any(start < place < end for place in breaks):
                continue
            found.append(Found(terms, start, end))
        return found


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _joins(neighbour: str, own: str) -> bool:
    """Whether two characters belong to one Latin word or one number."""
    return (
        neighbour.isascii() and own.isascii() and neighbour.isalpha() == own.isalpha() and neighbour.isalnum()
    )


def load_lexicon(directory: Path) -> Lexicon:
    """Read every ``*.yml`` of a directory.

    Raises
    ------
    LexiconError
        With all faults of all files.
    """
    faults: list[str] = []
    terms: list[Term] = []
    for path in sorted(directory.glob("*.yml")):
        terms.extend(_read_file(path, faults))
    if faults:
        raise LexiconError(faults)
    return Lexicon(terms)


@cache
def shipped_lexicon() -> Lexicon:
    return load_lexicon(SHIPPED)


def _read_file(path: Path, faults: list[str]) -> Iterator[Term]:
    try:
        root = cast("Node | None", YAML(typ="safe", pure=True).compose(path.read_text(encoding="utf-8")))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        faults.append(f"{path}:{line}: {error.problem or error.context or 'not YAML'}")
        return
    except (OSError, UnicodeDecodeError) as error:
        faults.append(f"{path}:1: {error}")
        return
    reader = _FileReader(path, faults)
    yield from reader.groups(root)


class _FileReader:
    def __init__(self, path: Path, faults: list[str]) -> None:
        self._path = path
        self._faults = faults

    def _fault(self, line: int, message: str) -> None:
        self._faults.append(f"{self._path}:{line + 1}: {message}")

    def _mapping(self, node: Node, known: frozenset[str]) -> dict[str, Node]:
        if not isinstance(node, MappingNode):
            self._fault(node.start_mark.line, "a mapping is expected here")
            return {}
        fields: dict[str, Node] = {}
        for key, value in cast("list[tuple[Node, Node]]", node.value):
            name = str(key.value)
            if name not in known:
                self._fault(key.start_mark.line, f"unknown key {name!r}; known: {', '.join(sorted(known))}")
            elif name in fields:
                self._fault(key.start_mark.line, f"key {name!r} stands twice")
            else:
                fields[name] = value
        return fields

    def groups(self, root: Node | None) -> Iterator[Term]:
        if root is None:
            self._fault(0, "the file is empty")
            return
        fields = self._mapping(root, frozenset({"source", "groups"}))
        if "source" not in fields:
            self._fault(0, "'source' is missing: say where the words come from")
        groups = fields.get("groups")
        if not isinstance(groups, SequenceNode):
            self._fault(root.start_mark.line, "'groups' must be a list")
            return
        for node in cast("list[Node]", groups.value):
            yield from self._group(node)

    def _group(self, node: Node) -> Iterator[Term]:
        fields = self._mapping(node, frozenset({"category", "role", "weight", "ambiguous", "terms"}))
        category = self._word(node, fields, "category", (*CATEGORIES, ANY))
        role = self._word(node, fields, "role", ROLES)
        weight = self._number(fields.get("weight"), 0.5)
        ambiguous = str(fields["ambiguous"].value) == "true" if "ambiguous" in fields else False
        terms = fields.get("terms")
        if not isinstance(terms, ScalarNode):
            self._fault(node.start_mark.line, "'terms' must be text: terms parted by ';' or lines")
            return
        if category is None or role is None:
            return
        first_line = terms.start_mark.line + (1 if terms.style in ("|", ">") else 0)
        for offset, line in enumerate(str(terms.value).split("\n")):
            for written in line.split(";"):
                if not written.strip():
                    continue
                term = self._term(first_line + offset, written, category, role, weight, ambiguous)
                if term is not None:
                    yield term

    def _term(
        self, line: int, written: str, category: str, role: str, weight: float, ambiguous: bool
    ) -> Term | None:
        word, _, own = written.partition("=")
        if own:
            try:
                weight = float(own)
            except ValueError:
                self._fault(line, f"weight {own.strip()!r} of {word.strip()!r} is no number")
                return None
        if not 0 < weight <= 1:
            self._fault(line, f"weight {weight:g} of {word.strip()!r} is not within 0 to 1")
            return None
        plain = canonical_term(word.strip())
        if not plain:
            self._fault(line, f"{word.strip()!r} holds nothing that could be searched for")
            return None
        return Term(word.strip(), plain, category, role, weight, ambiguous)

    def _word(self, node: Node, fields: dict[str, Node], name: str, choices: tuple[str, ...]) -> str | None:
        value = fields.get(name)
        if value is None:
            self._fault(node.start_mark.line, f"{name!r} is missing")
            return None
        word = str(value.value)
        if word not in choices:
            self._fault(value.start_mark.line, f"{name} {word!r} is none of: {', '.join(choices)}")
            return None
        return word

    def _number(self, node: Node | None, default: float) -> float:
        if node is None:
            return default
        try:
            return float(str(node.value))
        except ValueError:
            self._fault(node.start_mark.line, f"{node.value!r} is no number")
            return default
