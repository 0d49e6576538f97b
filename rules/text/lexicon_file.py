"""Reading lexicon files; every fault is named as ``file:line: message``.

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
``FRAME_GAP`` characters between, or as many as are given: ``替|帮 .. 我|你 ..3 考试``.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from rules.text.lexicon import ANY, CATEGORIES, ROLES, Frame, Lexicon, LexiconError, Term
from rules.text.normalise import Canonical, canonical_term

SHIPPED: Final = Path(__file__).parent / "lexicon"
_GAPS: Final = re.compile(r"\.\.([0-9]*)")
_SET: Final = re.compile(r"<([a-z]+)>")


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
    """Loaded once; the compiled loops are ready when it returns."""
    lexicon = load_lexicon(SHIPPED)
    lexicon.scan(Canonical("答案", array("i", (0, 1))))
    return lexicon


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
