"""What tests of several rooms need."""

from __future__ import annotations

from collections.abc import Iterator

import hypothesis
import pytest

from tests.postgres import Cluster, running

# How long an example takes is the machine's affair, and it is busy: tests judge what comes out.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    with running() as cluster:
        yield cluster
