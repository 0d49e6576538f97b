"""The words of reports and of cases, in both languages: ``name|English|中文`` a line of ``words.txt``."""

from __future__ import annotations

from importlib.resources import files
from typing import Final


def _read() -> dict[str, dict[str, str]]:
    rows = (files("monitor") / "case" / "words.txt").read_text("utf-8").splitlines()
    return {name: {"en": en, "zh": zh} for name, en, zh in (row.split("|") for row in rows)}


WORDS: Final[dict[str, dict[str, str]]] = _read()
