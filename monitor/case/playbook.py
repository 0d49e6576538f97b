"""Checklists by kind of finding, as YAML: what to do first, in both languages.

id: radio
title: {en: Radio finding, zh: 无线电发现}
steps:
  - {id: listen, en: Listen to the clip, zh: 回放录音}
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from pydantic import Field

from monitor import yamltree
from monitor.faults import Fault, InputError
from monitor.strict import Id, Strict


class Item(Strict):
    id: Id
    en: str
    zh: str


class Titled(Strict):
    en: str
    zh: str


class Book(Strict):
    id: Id
    title: Titled
    steps: Annotated[tuple[Item, ...], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Playbooks:
    books: dict[str, Book]

    def get(self, kind: str) -> Book | None:
        return self.books.get(kind) or self.books.get("web")


def load(folder: Path) -> list[Book]:
    """Every ``*.yml`` of a folder. Raises `InputError` with all faults of all files."""
    faults: list[Fault] = []
    books: list[Book] = []
    for path in sorted(folder.glob("*.yml")):
        try:
            book = yamltree.validate(yamltree.read(path), Book, {})
        except InputError as error:
            faults += error.faults
            continue
        names = [one.id for one in book.steps]
        doubled = next((name for name in names if names.count(name) > 1), None)
        if doubled is not None:
            faults.append(Fault(str(path), 1, f"step '{doubled}' stands twice"))
        books.append(book)
    if faults:
        raise InputError(faults)
    return books


@cache
def shipped() -> tuple[Book, ...]:
    return tuple(load(Path(str(files("monitor"))) / "case" / "playbooks"))


def playbooks(own: Path | None = None) -> Playbooks:
    """Those that come with the program, and a house's own before them. Raises `InputError`."""
    found = [*shipped(), *(load(own) if own is not None else ())]
    return Playbooks({book.id: book for book in found})
