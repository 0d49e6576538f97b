"""The lexicon: YAML files of terms, and one automaton over all of them.

    source: where the words come from, with their licence
    sets:                         # optional: words put in place of <name>
      exam: 高考 中考 考研
    groups:
      - category: sell          # sell scam proxy device paper help rumour, or "any"
        role: object
        weight: 0.6
        ambiguous: true         # optional: never counts without company
        terms: |
          答案; 试题 =0.5
          <exam>答案
          leaked answers

A term may carry its own weight (``=0.5``). ``any`` counts for every category. A term with
``..`` is a frame: its parts (alternatives parted by ``|``) follow each other with at most
``FRAME_GAP`` characters between, or as many as are given: ``替|帮 .. 我|你 ..3 考试``. Faults are
collected and named as
``file:line: message``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import ahocorasick
import numpy as np
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


FRAME_GAP: Final = 9
"""Canonical characters between two parts of a frame in Chinese: about one short clause (judgement)."""
FRAME_GAP_LATIN: Final = 26
"""The same after a Latin part: about four English words."""
_GAPS: Final = re.compile(r"\.\.([0-9]*)")
_SET: Final = re.compile(r"<([a-z]+)>")


@dataclass(frozen=True, slots=True)
class Term:
    term: str
    """As written in the file."""
    canonical: str
    category: str
    role: str
    weight: float
    ambiguous: bool = False
    is_form: bool = False
    """A frame, number or other form: what it matched says more than its name."""


class LexiconError(ValueError):
    """Every fault of a lexicon, each as ``file:line: message``."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True)
class Frame:
    """Parts that must follow each other; found as one term."""

    term: Term
    parts: tuple[tuple[str, ...], ...]
    """Canonical alternatives of each part."""
    gaps: tuple[int, ...]
    """Most characters between a part and the next; 0 for the usual."""


@dataclass(frozen=True, slots=True)
class _Surface:
    """What the automaton yields: one spelling, with all that it may stand for."""

    length: int
    latin_first: bool
    latin_last: bool
    terms: tuple[Term, ...]
    parts: tuple[tuple[int, int], ...]
    """(index of frame, index of part)."""
    blocks: bool
    """A longer word that is no part of any frame, though one stands inside (考虑, 参考)."""


@dataclass(frozen=True, slots=True)
class Found:
    """Terms with one surface, at one canonical range."""

    terms: tuple[Term, ...]
    start: int
    end: int


class Lexicon:
    """Terms and frames, findable in a canonical text in one pass."""

    def __init__(
        self, terms: Iterable[Term], frames: Iterable[Frame] = (), blockers: Iterable[str] = ()
    ) -> None:
        surfaces: dict[str, list[Term]] = {}
        for term in terms:
            surfaces.setdefault(term.canonical, []).append(term)
        self.terms = tuple(term for group in surfaces.values() for term in group)
        self.frames = tuple(frames)
        parts: dict[str, list[tuple[int, int]]] = {}
        for index, frame in enumerate(self.frames):
            for place, words in enumerate(frame.parts):
                for word in words:
                    parts.setdefault(word, []).append((index, place))
        blocking = {canonical_term(word) for word in blockers}
        blocking.update(term.canonical for term in self.terms if term.role == "other")
        self._automaton: Any = ahocorasick.Automaton()
        for surface in {*surfaces, *parts, *blocking}:
            entry = _Surface(
                len(surface),
                _is_latin(surface[0]),
                _is_latin(surface[-1]),
                tuple(surfaces.get(surface, ())),
                tuple(parts.get(surface, ())),
                surface in blocking,
            )
            self._automaton.add_word(surface, entry)
        if len(self._automaton):
            self._automaton.make_automaton()

    def __len__(self) -> int:
        return len(self.terms) + len(self.frames)

    def find(self, canonical: Canonical) -> list[Found]:
        """All terms, none across the end of a clause; and frames, which may span two clauses.

        Latin terms must stand between word borders, unless the word had been pulled apart.
        """
        if not len(self._automaton):
            return []
        text = canonical.text
        inside = _inside_words(text, canonical.joined)
        crossed = _crossings(canonical)
        found: list[Found] = []
        parts: list[tuple[int, int, tuple[tuple[int, int], ...]]] = []
        blocked: list[tuple[int, int]] = []
        surface: _Surface
        for last, surface in self._automaton.iter(text):
            start, end = last - surface.length + 1, last + 1
            if (surface.latin_first and inside[start]) or (surface.latin_last and inside[end]):
                continue
            if crossed and crossed[last] != crossed[start]:
                continue
            if surface.blocks:
                blocked.append((start, end))
            if surface.parts:
                parts.append((start, end, surface.parts))
            if surface.terms:
                found.append(Found(surface.terms, start, end))
        if parts:
            found.extend(self._find_frames(text, parts, blocked))
        return found

    def _find_frames(
        self,
        text: str,
        parts: Sequence[tuple[int, int, tuple[tuple[int, int], ...]]],
        blocked: Sequence[tuple[int, int]],
    ) -> Iterator[Found]:
        reached: dict[tuple[int, int], tuple[int, int]] = {}
        for start, end, places in parts:
            if any(low <= start and end <= high and high - low > end - start for low, high in blocked):
                continue
            gap = FRAME_GAP_LATIN if _is_latin(text[start]) else FRAME_GAP
            for frame, place in reversed(places):  # so that one word does not fill two places
                first = start
                if place:
                    before = reached.get((frame, place - 1))
                    allowed = self.frames[frame].gaps[place - 1] or gap
                    if before is None or not 0 <= start - before[1] <= allowed:
                        continue
                    first = before[0]
                if place == len(self.frames[frame].parts) - 1:
                    yield Found((self.frames[frame].term,), first, end)
                else:
                    reached[frame, place] = (first, end)


def _is_latin(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _inside_words(text: str, joined: Sequence[tuple[int, int]]) -> bytes:
    """For each place between characters, 1 inside a Latin word or number.

    Not inside a word that had been pulled apart: its own borders are lost.
    """
    codes = np.frombuffer(text.encode("utf-32-le"), dtype=np.uint32)
    kinds = ((codes >= 97) & (codes <= 122)).astype(np.uint8) + 2 * ((codes >= 48) & (codes <= 57)).astype(
        np.uint8
    )
    inside = np.zeros(len(codes) + 1, dtype=np.uint8)
    inside[1:-1] = (kinds[1:] == kinds[:-1]) & (kinds[1:] > 0)
    for low, high in joined:
        inside[low : high + 1] = 0
    return inside.tobytes()


def _crossings(canonical: Canonical) -> list[int]:
    """For each character, how many clauses ended before it; empty where the text is one clause."""
    if not canonical.breaks:
        return []
    steps = np.zeros(len(canonical.text) + 1, dtype=np.int32)
    steps[list(canonical.breaks)] = 1
    return np.cumsum(steps).tolist()


def load_lexicon(directory: Path) -> Lexicon:
    """Read every ``*.yml`` of a directory.

    Raises
    ------
    LexiconError
        With all faults of all files.
    """
    faults: list[str] = []
    readers = [_FileReader(path, faults) for path in sorted(directory.glob("*.yml"))]
    for reader in readers:
        reader.read()
    if faults:
        raise LexiconError(faults)
    return Lexicon(
        [term for reader in readers for term in reader.terms],
        [frame for reader in readers for frame in reader.frames],
        [word for reader in readers for word in reader.blockers],
    )


@cache
def shipped_lexicon() -> Lexicon:
    return load_lexicon(SHIPPED)


class _FileReader:
    def __init__(self, path: Path, faults: list[str]) -> None:
        self._path = path
        self._faults = faults
        self._sets: dict[str, list[str]] = {}
        self.terms: list[Term] = []
        self.frames: list[Frame] = []
        self.blockers: list[str] = []

    def read(self) -> None:
        try:
            text = self._path.read_text(encoding="utf-8")
            root = cast("Node | None", YAML(typ="safe", pure=True).compose(text))
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._fault(mark.line if mark else 0, error.problem or error.context or "not YAML")
        except (OSError, UnicodeDecodeError) as error:
            self._fault(0, str(error))
        else:
            self._groups(root)

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

    def _groups(self, root: Node | None) -> None:
        if root is None:
            self._fault(0, "the file is empty")
            return
        fields = self._mapping(root, frozenset({"source", "sets", "blockers", "groups"}))
        if "source" not in fields:
            self._fault(0, "'source' is missing: say where the words come from")
        if "sets" in fields:
            self._read_sets(fields["sets"])
        if "blockers" in fields:
            self.blockers = str(fields["blockers"].value).split()
        groups = fields.get("groups")
        if not isinstance(groups, SequenceNode):
            self._fault(root.start_mark.line, "'groups' must be a list")
            return
        for node in cast("list[Node]", groups.value):
            self._group(node)

    def _read_sets(self, node: Node) -> None:
        if not isinstance(node, MappingNode):
            self._fault(node.start_mark.line, "'sets' must be a mapping of names to words")
            return
        for key, value in cast("list[tuple[Node, Node]]", node.value):
            self._sets[str(key.value)] = str(value.value).split()

    def _expand(self, line: int, word: str) -> Iterator[str]:
        match = _SET.search(word)
        if match is None:
            yield word
        elif match[1] not in self._sets:
            self._fault(line, f"set <{match[1]}> is not defined; known: {', '.join(self._sets) or 'none'}")
        else:
            for part in self._sets[match[1]]:
                yield from self._expand(line, word[: match.start()] + part + word[match.end() :])

    def _group(self, node: Node) -> None:
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
                at = first_line + offset
                if ".." in written:
                    self._frame(at, written, category, role, weight, ambiguous)
                    continue
                for word in self._expand(at, written):
                    term = self._term(at, word, category, role, weight, ambiguous)
                    if term is not None:
                        self.terms.append(term)

    def _frame(
        self, line: int, written: str, category: str, role: str, weight: float, ambiguous: bool
    ) -> None:
        term = self._term(line, written, category, role, weight, ambiguous)
        if term is None:
            return
        parts: list[tuple[str, ...]] = []
        pieces = _GAPS.split(term.term)
        for part in pieces[::2]:
            words = [word for piece in part.split("|") for word in self._expand(line, piece.strip())]
            plain = tuple(dict.fromkeys(canonical_term(word) for word in words))
            if not all(plain):
                self._fault(line, f"a part of the frame {term.term!r} is empty")
                return
            parts.append(plain)
        gaps = tuple(int(gap or 0) for gap in pieces[1::2])
        self.frames.append(Frame(replace(term, is_form=True), tuple(parts), gaps))

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
