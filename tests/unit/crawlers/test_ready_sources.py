"""The sources that stand ready in configs/ are right."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor.cli.crawl import read_wanted

READY = sorted((Path(__file__).parents[3] / "configs" / "sources").glob("*.yml"))


@pytest.mark.parametrize("path", READY, ids=lambda path: path.name)
def test_ready_sources_have_no_fault(path):
    assert len(read_wanted(path).sources) >= 5
