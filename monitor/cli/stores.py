"""Finds the store that a command means: a configuration's, or a database named outright."""

from __future__ import annotations

import getpass
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from monitor.config import load_config
from monitor.faults import Fault, InputError
from monitor.store import Store

_SQLITE = b"SQLite format 3\x00"
DEFAULT = Path("configs/demo.yml")

StoreArgument = Annotated[
    str,
    typer.Argument(
        metavar="[STORE]",
        help="A configuration (.yml), a database file, or a URL (sqlite:PATH, postgresql://…).",
    ),
]


_PASSWORD = re.compile(r"(?<=://)([^:@/]*):[^@/]*@")


def shown_store(given: str) -> str:
    """A store as a message names it: without the password that its URL may hold."""
    return _PASSWORD.sub(r"\1:***@", given)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store is, and the file with its password."""

    url: str
    password_file: Path | None = None

    def open(self) -> Store:
        """Raises `StoreError` or `StoreVersionError`."""
        return Store(self.url, self.password_file)


def store_place(given: str, *, must_exist: bool = True) -> Place:
    """
    Raises
    ------
    InputError
        If there is no such store, or the configuration has faults.
    """
    if given.startswith(("sqlite:", "postgresql:")):
        place = Place(given)
    elif given.endswith((".yml", ".yaml")):
        config = load_config(Path(given))
        place = Place(config.store_url, config.store.password_file)
    else:
        place = Place(f"sqlite:{given}")
    path = Path(place.url.removeprefix("sqlite:"))
    if must_exist and place.url.startswith("sqlite:") and not path.is_file():
        why = "a folder, not a store" if path.is_dir() else "there is no store yet"
        raise InputError([Fault(str(path), 0, why)])
    if place.url.startswith("sqlite:") and path.is_file() and _is_other(path):
        raise InputError([Fault(str(path), 0, "is no store: not an SQLite database")])
    return place


def _is_other(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(len(_SQLITE))
    except OSError as error:
        raise InputError([Fault(str(path), 0, f"cannot be read: {error.strerror}")]) from None
    return bool(head) and head != _SQLITE


def shell_actor() -> str:
    """Whoever has the shell has the database: the record says which account it was."""
    try:
        return f"shell:{getpass.getuser()}"
    except (KeyError, OSError):  # an account without a name, as in containers
        return f"shell:{os.getuid()}"
