"""The hotline's lines: one tip a line as JSON; a bad line is told by its number, the others count."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from crawlers.tips.form import FIELD_CHARS

MAX_HOTLINE_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    text: str = ""
    exam: str = ""
    place: str = ""
    link: str = ""
    fault: str = ""
    """Why it is no tip, in both languages; empty when it is one."""


def read_lines(body: bytes) -> Iterator[Line]:
    """Each line of `body` that is not blank."""
    for number, raw in enumerate(body.split(b"\n"), 1):
        if raw.strip():
            yield _line(number, raw)


def _line(number: int, raw: bytes) -> Line:
    try:
        record: Any = json.loads(raw.decode())
    except (ValueError, RecursionError):
        return Line(number, fault="not JSON in UTF-8 / 不是 UTF-8 编码的 JSON")
    entry = cast("dict[str, Any]", record) if isinstance(record, dict) else {}
    texts = {name: entry.get(name, "") for name in ("text", "exam", "place", "link")}
    if not all(isinstance(value, str) for value in texts.values()) or not texts["text"].strip():
        return Line(number, fault='an object with "text" is wanted / 应为带 "text" 的对象')
    return Line(number, **{name: _clean(value)[: FIELD_CHARS[name]] for name, value in texts.items()})


def _clean(value: str) -> str:
    # JSON can spell half a character; no file can hold one.
    return value.encode("utf-8", "replace").decode().strip()
