"""``examwatch rules rollback``: back to the rules before, in one command, whether the daemon runs or not."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from monitor.faults import Fault, InputError, WorldError


def rollback(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The daemon's configuration.")],
) -> None:
    """Put the edition of the rules before this one in force; a running daemon takes it within seconds.

    The files stay as they are and are not read again before somebody changes them. 规则回退到上一版本。

    Example: examwatch rules rollback configs/examwatch.yml
    """
    from monitor.config.load import load_config, rule_files_of
    from monitor.ruledesk.shelf import Shelf

    # Not the rules themselves: those that are to be left may be wrong.
    settings = load_config(config)
    shelf, files = Shelf(settings.data_dir / "rules"), rule_files_of(settings)
    away = shelf.away(files)
    now = away.number if away is not None else shelf.number_of(files) or shelf.newest() + 1
    number = shelf.before(now)
    if not number:
        raise InputError([Fault(str(config), 0, f"no earlier edition of the rules in {settings.data_dir}")])
    try:
        shelf.turn_away(files.digest(), number, getpass.getuser())
    except OSError as error:
        raise WorldError(f"{settings.data_dir}: {error.strerror or error}") from None
    kept = shelf.kept_at(number)
    typer.echo(
        f"edition {number} of the rules, kept on {kept:%Y-%m-%d %H:%M}Z, holds now; "
        f"change a rule's file to leave it / 已回退到规则版本 {number}"
    )
