"""YAML to plain values that remember their lines; doubled keys and other traps are refused.

    text ──compose──> nodes ──walk──> Tree(value, line of each path)

Instants stay text, so that the reader of a field decides what they mean. Aliases are
allowed, but the unfolded document is bounded: a few lines can otherwise hold a billion values.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from monitor.faults import FaultList, InputError

MAX_BYTES = 4 << 20
"""No timetable or configuration a person wrote is larger; a wrong path often is."""
MAX_NODES = 200_000

Where = tuple[str | int, ...]
ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Tree:
    """A document and the line, from 1, on which each of its values starts."""

    path: Path
    value: Any
    lines: dict[Where, int] = field(default_factory=dict[Where, int])

    def line(self, where: Iterable[str | int]) -> int:
        """The line of `where`, or of the nearest thing around it that exists."""
        known: Where = ()
        for step in where:
            # Names of union branches stand in a validator's path but not in the document.
            if (*known, step) in self.lines:
                known = (*known, step)
        return self.lines.get(known, 1)


class _Walk:
    def __init__(self, faults: FaultList) -> None:
        self.faults = faults
        self.lines: dict[Where, int] = {}
        self.n_nodes = 0

    def value(self, node: Node, where: Where) -> Any:
        self.n_nodes += 1
        if self.n_nodes > MAX_NODES:
            raise RecursionError
        line = node.start_mark.line + 1
        self.lines.setdefault(where, line)
        if isinstance(node, ScalarNode):
            return self._scalar(node, line)
        if isinstance(node, SequenceNode):
            return [self.value(child, (*where, i)) for i, child in enumerate(node.value)]
        if isinstance(node, MappingNode):
            return self._mapping(node, where)
        raise TypeError(node)

    def _mapping(self, node: MappingNode, where: Where) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, child in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self.faults.add(line, "a key must be a plain word")
                continue
            key = str(key_node.value)
            if key in found:
                self.faults.add(line, f"key '{key}' stands twice (first in line {self.lines[(*where, key)]})")
                continue
            self.lines[(*where, key)] = line
            found[key] = self.value(child, (*where, key))
        return found

    def _scalar(self, node: ScalarNode, line: int) -> Any:
        text = str(node.value)
        kind = str(node.tag).rsplit(":", 1)[-1]
        if kind in ("str", "timestamp"):
            return text
        try:
            if kind == "null":
                return None
            if kind == "bool":
                return text.lower() == "true"
            plain = text.replace("_", "")
            if kind == "int":
                return int(plain, 0) if re.match(r"[-+]?0[xob]", plain) else int(plain)
            if kind == "float":
                return float(re.sub(r"\.(inf|nan)", r"\1", plain.lower()))
        except ValueError:
            self.faults.add(line, f"cannot read '{text}' as {kind}")
            return None
        self.faults.add(line, f"tag '{node.tag}' has no meaning here")
        return None


def read(path: Path) -> Tree:
    """Read one YAML document.

    Raises
    ------
    InputError
        If it cannot be read, is not UTF-8, not YAML, or doubles a key.
    """
    faults = FaultList(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            faults.add(0, f"larger than {MAX_BYTES >> 20} MiB: not a file of this kind")
            raise InputError(faults.faults)
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.add(error.object[: error.start].count(b"\n") + 1, "not UTF-8 text")
        raise InputError(faults.faults) from None
    except OSError as error:
        faults.add(0, f"cannot be read: {error.strerror or error}")
        raise InputError(faults.faults) from None
    return parse(text, path, faults)


def parse(text: str, path: Path, faults: FaultList | None = None) -> Tree:
    """Read `text` as the content of `path`; raises as `read` does."""
    faults = faults or FaultList(path)
    walk = _Walk(faults)
    value: Any = None
    try:
        node = YAML(typ="safe", pure=True).compose(text)
        if node is not None:
            value = walk.value(node, ())
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        faults.add(mark.line + 1 if mark else 0, f"not YAML: {error.problem or error.context}")
    except (YAMLError, ValueError) as error:
        faults.add(0, f"not YAML: {' '.join(str(error).split())[:200]}")
    except RecursionError:
        faults.add(0, "nested or repeated too deeply to be read")
    faults.raise_any()
    return Tree(path, value, walk.lines)


def validate(tree: Tree, model: type[ModelT], context: dict[str, Any] | None = None) -> ModelT:
    """The document as a `model`, checked strictly (a number is not text, an unknown key is a fault).

    Raises
    ------
    InputError
        With every fault and its line.
    """
    faults = FaultList(tree.path)
    if not isinstance(tree.value, dict):
        faults.add(1, "must hold 'key: value' pairs" if tree.value is not None else "is empty")
        raise InputError(faults.faults)
    try:
        # JSON mode is strict about kinds, yet lets text be a path and a list a tuple.
        return model.model_validate_json(json.dumps(tree.value), strict=True, context=context)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            where = detail["loc"]
            faults.add(tree.line(where), _sentence(detail["type"], detail["msg"], where, model))
        raise InputError(faults.faults) from None


def _sentence(kind: str, message: str, where: Sequence[str | int], model: type[BaseModel]) -> str:
    name = str(where[-1]) if where else "document"
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(name, sorted(_keys(model) - {name}), n=1)
        return f"unknown key '{name}'" + (f", did you mean '{near[0]}'?" if near else "")
    if kind == "missing":
        return f"key '{name}' is missing"
    text = message.removeprefix("Value error, ")
    return f"{'.'.join(str(step) for step in where)}: {text}" if where else text


def _keys(model: type[BaseModel]) -> set[str]:
    """Every key that stands anywhere in `model`: enough for a hint."""
    schema = model.model_json_schema()
    tables = [schema, *schema.get("$defs", {}).values()]
    return {key for table in tables for key in table.get("properties", {})}
