"""Words of strangers on a terminal: shown, never obeyed.

A title or a file's name may hold what a terminal takes for an order (ESC, and the C1 controls that
stand for it), a new line that looks like one of ours, or marks that turn the order of letters round.
They are written out as ``\\x1b``; all else, Chinese and emoji among it, stays.
"""

from __future__ import annotations

import unicodedata
from collections.abc import MutableMapping
from typing import Any

_JOINERS = "\u200c\u200d"
"""Persian and emoji need them, and they move nothing."""


def plain(text: str) -> str:
    """`text` as one line that no terminal obeys."""
    if text.isprintable():
        return text
    return "".join(_written(letter) for letter in text)


def plain_lines(text: str) -> str:
    """The same of several lines, each as one."""
    return "\n".join(plain(line) for line in text.split("\n"))


def plain_words(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Processor of structlog: every word of an event, for a log that a terminal shows."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = plain(value)
    return event


def _written(letter: str) -> str:
    if letter in _JOINERS or unicodedata.category(letter) not in ("Cc", "Cf", "Cs", "Zl", "Zp"):
        return letter
    return letter.encode("unicode_escape", "backslashreplace").decode("ascii")
