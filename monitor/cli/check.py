"""``examwatch check``: everything that a run would trip over, told before it starts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from monitor.config import load_setup


def check(config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The configuration.")]) -> None:
    """Check CONFIG and all that it names. 检查配置及其引用的规则、频段表、时间表。

    Every fault at once, one a line as file:line: message, and exit code 2.

    Example: examwatch check configs/examwatch.yml
    """
    setup = load_setup(config, datetime.now(UTC))
    table = setup.timetable
    typer.echo(
        f"{config}: no fault. {len(setup.config.sensors)} sensors, {len(setup.sources)} sources, "
        f"{len(setup.rules)} rules, {len(table.sessions)} sessions at {len(table.venues)} venues",
        err=True,
    )
