"""Posts as commands read them: one JSON object a line, a bare text or a whole document."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from monitor.faults import Fault, InputError

STDIN = "-"


class _Attachment(msgspec.Struct):
    text: str = ""


class Post(msgspec.Struct):
    """``{"id","text"}`` or a document of `examwatch crawl`; other fields are left alone."""

    id: str | int
    text: str
    title: str | None = None
    attachments: list[_Attachment] = []
    phase: str | None = None
    """before, in, after or none, where the record knows of a session."""

    @property
    def whole_text(self) -> str:
        """Title, text and the text of attachments, as the daemon reads a document."""
        title = self.title if self.title and not self.text.startswith(self.title) else ""
        parts = (title, self.text, *(attachment.text for attachment in self.attachments))
        return "\n".join(part for part in parts if part)


def read_posts(file: str, faults: list[Fault]) -> Iterator[Post]:
    """Posts in the order of the file; a line that is none is added to `faults` and told at once.

    Raises
    ------
    InputError
        The file cannot be opened.
    """
    if file == STDIN:
        yield from _posts(sys.stdin.buffer, "<stdin>", faults)
        return
    try:
        with Path(file).open("rb") as lines:
            yield from _posts(lines, file, faults)
    except OSError as error:
        raise InputError([Fault(file, 0, f"cannot be read: {error.strerror}")]) from error


def _posts(lines: BinaryIO, name: str, faults: list[Fault]) -> Iterator[Post]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield msgspec.json.decode(line, type=Post)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            faults.append(Fault(name, number, f"no post: {error}"))


def each_record(record: Mapping[str, Any]) -> str:
    """One line of output."""
    return json.dumps(record, ensure_ascii=False) + "\n"
