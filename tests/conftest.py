"""What tests of several rooms need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.postgres import Cluster, running


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running() as cluster:
        yield cluster
