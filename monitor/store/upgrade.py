"""Which version the tables are of, and bringing them to ours.

An empty database is filled without asking; one with data is only upgraded when a person
says so (``examwatch db upgrade``), because there is no way back to the older program.
"""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa

from monitor.store.errors import StoreVersionError
from monitor.store.migrations import HEAD


def version(engine: sa.Engine) -> str | None:
    """The step the database stands at; None if it is empty.

    Raises
    ------
    StoreVersionError
        If it holds tables of something else.
    """
    with engine.connect() as db:
        names = set(sa.inspect(db).get_table_names())
        if not names:
            return None
        if "alembic_version" not in names or "alerts" not in names:
            raise StoreVersionError(f"{_name(engine)}: holds tables of another program")
        return str(db.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one())


def prepare(engine: sa.Engine) -> None:
    """Make the database ready for this program.

    Raises
    ------
    StoreVersionError
        If it holds data of another version.
    """
    found = version(engine)
    if found is None:
        upgrade(engine)
    elif found != HEAD:
        advice = "run 'examwatch db upgrade'" if found < HEAD else "it was made by a newer examwatch"
        raise StoreVersionError(f"{_name(engine)}: tables are version {found}, needed is {HEAD}: {advice}")


def upgrade(engine: sa.Engine, to: str = HEAD) -> tuple[str | None, str]:
    """Run the missing steps up to `to` in one transaction; the versions before and after."""
    # Imported here because it takes half a second, and most starts do not need it.
    from alembic import command
    from alembic.config import Config

    before = version(engine)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.begin() as db:
        config.attributes["connection"] = db
        command.upgrade(config, to)
    return before, to


def _name(engine: sa.Engine) -> str:
    return engine.url.database or str(engine.url)
