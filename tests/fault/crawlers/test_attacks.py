"""Every attack of `raw_server` is refused in one line, costs bounded memory, and delays nobody."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
MAX_RISE_MB = 64

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    memory = tmp_path_factory.mktemp("attacked") / "memory.db"
    done = subprocess.run(
        [sys.executable, str(HERE / "attacked.py"), str(memory)],
        capture_output=True,
        text=True,
        timeout=110,
        cwd=HERE.parents[2],
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def attacks(result: dict[str, Any]) -> dict[str, str]:
    return {id: told for id, told in result["outcome"].items() if not id.startswith("good")}


def test_every_attack_ends_in_one_line_that_names_the_address(result):
    harmless = {"external-dtd"}
    for id, told in attacks(result).items():
        if id not in harmless:
            assert told != "read", id
            assert "\n" not in told
            assert len(told) < 500
    assert len(attacks(result)) >= 80


def test_the_healthy_sources_in_between_are_all_read(result):
    healthy = [id for id in result["outcome"] if id.startswith("good")]
    assert result["delivered"] == sorted(healthy)
    assert len(healthy) > 50


def test_memory_rises_by_no_more_than_64_mb(result):
    assert result["rise_mb"] <= MAX_RISE_MB


def test_each_attack_is_told_by_its_kind(result):
    told = attacks(result)
    expected = {
        "gzip-1g": "over the size limit",
        "deflate-1g": "over the size limit",
        "declared-100g": "over the size limit",
        "gzip-in-gzip": "cannot be read",
        "many-headers": "headers over the limit",
        "endless-header": "headers over the limit",
        "dripping": "took too long",
        "silent": "took too long",
        "redirect-self": "redirects in a circle",
        "redirect-a": "redirects in a circle",
        "redirect-metadata": "address refused",
        "redirect-mapped": "address refused",
        "redirect-decimal": "address refused",
        "redirect-file": "scheme file",
        "laughs": "XML entities",
        "external-entity": "XML entities",
        "html-for-feed": "no feed",
    }
    for id, words in expected.items():
        assert words in told[id], id
