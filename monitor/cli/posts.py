"""Posts as commands read them: one JSON object a line, a bare text or a whole document."""

from __future__ import annotations

import codecs
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from crawlers.source.base import MAX_TEXT_CHARS
from monitor.faults import Fault, InputError

STDIN = "-"
_BYTE_ORDER = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


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

    @property
    def read_text(self) -> str:
        """As much of it as the daemon reads."""
        return self.whole_text[:MAX_TEXT_CHARS]


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
        if number == 1:
            if line.startswith(_BYTE_ORDER):
                faults.append(Fault(name, 1, "UTF-16 text; save the file as UTF-8"))
                return
            line = line.removeprefix(codecs.BOM_UTF8)
        if not line.strip():
            continue
        try:
            post = msgspec.json.decode(line, type=Post)
        except UnicodeDecodeError:
            faults.append(Fault(name, number, "no post: not UTF-8 text; save the file as UTF-8"))
        except (msgspec.DecodeError, RecursionError) as error:
            faults.append(Fault(name, number, f"no post: {error}"))
        else:
            if len(post.whole_text) > MAX_TEXT_CHARS:
                faults.append(
                    Fault(name, number, f"only the first {MAX_TEXT_CHARS} characters are looked at")
                )
            yield post


def each_record(record: Mapping[str, Any]) -> str:
    """One line of output."""
    return json.dumps(record, ensure_ascii=False) + "\n"
