"""What must be fetched before the first alert is seen stays small; pages come when they are opened."""

from __future__ import annotations

import gzip

import pytest

pytestmark = pytest.mark.browser

MOST_KB = 300.0


def test_the_first_view_is_under_300_kb_gzipped(morning_day, open_page):
    answers = []
    page = open_page(f"{morning_day.url}/api/openapi.json", may_fail=True)
    page.on("response", lambda answer: answers.append(answer))
    page.goto(morning_day.url)
    page.wait_for_selector("[data-testid=row]")
    page.wait_for_load_state("load")
    fetched = {one.url: len(gzip.compress(one.body())) for one in answers if "/api/" not in one.url}
    scripts = [url for url in fetched if url.endswith(".js")]
    assert scripts, fetched
    assert sum(fetched.values()) / 1000 < MOST_KB, fetched
    assert not any("uplot" in url.lower() or "Page" in url for url in scripts), scripts
