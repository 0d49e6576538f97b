"""``examwatch db``: the store's tables."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from monitor.cli.run import set_up_logging
from monitor.cli.stores import DEFAULT, StoreArgument, store_place

app = typer.Typer(no_args_is_help=True, add_completion=False, help="The database's tables. 数据库维护。")


@app.callback()
def group() -> None:
    """The database's tables. 数据库维护。"""


@app.command()
def upgrade(store: StoreArgument = str(DEFAULT)) -> None:
    """Bring the tables to this program's version; data is kept. 升级数据库表结构，保留数据。

    Stop the daemon and copy the database first: there is no way back.

    Example: examwatch db upgrade configs/examwatch.yml
    """
    from monitor.store.engine import open_engines
    from monitor.store.errors import translated
    from monitor.store.partitions import tend
    from monitor.store.upgrade import upgrade as run_steps

    place = store_place(store, must_exist=False)
    set_up_logging()
    engines = open_engines(place.url, place.password_file)
    try:
        with translated():
            before, after = run_steps(engines.writer)
            tend(engines.writer, datetime.now(UTC))
    finally:
        engines.close()
    if before == after:
        typer.echo(f"version {after}: nothing to do", err=True)
    else:
        typer.echo(f"version {before or 'empty'} -> {after}", err=True)
