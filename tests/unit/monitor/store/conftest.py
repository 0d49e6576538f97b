"""Stores on both kinds of database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.store import Store


@pytest.fixture
def sqlite_store(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:{tmp_path / 's.db'}")
    yield store
    store.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.tools)])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store; each test runs on both kinds."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_store")
        return
    cluster = request.getfixturevalue("cluster")
    store = Store(cluster.new_database(), cluster.password_file)
    yield store
    store.close()
