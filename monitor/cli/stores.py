"""Finds the store that a command means: a configuration's, or a database named outright."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from monitor.config import load_config
from monitor.faults import Fault, InputError

DEFAULT = Path("configs/demo.yml")

StoreArgument = Annotated[
    str,
    typer.Argument(
        metavar="[STORE]",
        help="A configuration (.yml), a database file, or a URL (sqlite:PATH, postgresql://…).",
    ),
]


def store_url(given: str, *, must_exist: bool = True) -> str:
    """
    Raises
    ------
    InputError
        If there is no such store, or the configuration has faults.
    """
    if given.startswith(("sqlite:", "postgresql:")):
        url = given
    elif given.endswith((".yml", ".yaml")):
        url = load_config(Path(given)).store_url
    else:
        url = f"sqlite:{given}"
    path = Path(url.removeprefix("sqlite:"))
    if must_exist and url.startswith("sqlite:") and not path.is_file():
        raise InputError([Fault(str(path), 0, "there is no store yet")])
    return url
