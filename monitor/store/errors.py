"""What can go wrong with the store, by what to do about it."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from monitor.faults import WorldError


class StoreError(WorldError):
    """The database failed (disk full, file locked, server gone). Trying again later may work."""


class StoreVersionError(WorldError):
    """The tables are of another version; somebody has to act. The message says how."""


class AuditError(Exception):
    """The audit chain is broken. The message names the first entry that does not fit."""


@contextmanager
def translated() -> Generator[None, None, None]:
    """Turn what the driver raises when the world fails into `StoreError`."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        raise StoreError(f"the store failed: {_one_line(cause)}") from error
    except DatabaseError as error:
        if isinstance(error, IntegrityError | ProgrammingError):
            raise
        raise StoreError(f"the store failed: {_one_line(error.orig)}") from error


def _one_line(cause: object) -> str:
    """libpq asks its question ("is the server running?") in a second line."""
    return " ".join(str(cause).split())
