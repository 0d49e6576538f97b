"""What the documentation says can be followed: its links lead somewhere, its YAML is taken as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from monitor.cli import COMMANDS
from monitor.config import load_config
from monitor.faults import InputError
from monitor.geo import read_sensors
from rules.load import load_rules

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
BILINGUAL = [page for page in PAGES if page.with_suffix("").suffix == ".zh-CN"]
FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
HEAD = re.compile(r"^#+ ", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|mailto:|#)(?P<path>[^)\s#]+)[^)\s]*\)")
QUOTED = re.compile(r"`((?:benchmarks|configs|console|crawlers|monitor|rules|scripts|sdr|tests)/[\w./-]+)`")
PARTIAL = re.compile(r"is missing$|no such file|cannot be read")
"""A page shows a part: what stands beside it is left out."""


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


SNIPPETS = [
    pytest.param(fence["text"], id=f"{named(page)}:{text[: fence.start()].count(chr(10)) + 2}")
    for page in PAGES
    for text in [page.read_text("utf-8")]
    for fence in FENCE.finditer(text)
    if fence["kind"] in ("yaml", "yml")
]


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_and_path_on_a_page_leads_to_a_file(page):
    text = page.read_text("utf-8")
    targets = [page.parent / link["path"] for link in LINK.finditer(text)]
    targets += [ROOT / path for path in QUOTED.findall(text)]
    assert [str(target) for target in targets if not target.exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_on_a_page_is_one_of_ours(page):
    text = page.read_text("utf-8")
    called = re.findall(r"(?:^|`|\.venv/bin/)examwatch +([a-z][\w-]*)", text, re.MULTILINE)
    assert set(called) - set(COMMANDS) == set()


@pytest.mark.parametrize("page", BILINGUAL, ids=named)
def test_both_languages_have_the_same_sections(page):
    english = page.with_name(page.name.replace(".zh-CN", ""))
    heads = [HEAD.findall(FENCE.sub("", one.read_text("utf-8"))) for one in (english, page)]
    assert len(heads[0]) == len(heads[1])


@pytest.mark.parametrize("text", SNIPPETS)
def test_yaml_on_a_page_is_taken_as_it_stands(text, tmp_path):
    file = tmp_path / "snippet.yml"
    file.write_text(text, encoding="utf-8")
    tree = yaml.load(text, Loader=yaml.CSafeLoader)
    keys = set(tree)
    if {"id", "kind"} <= keys:
        assert len(load_rules(file)) == 1
    elif keys == {"sensors"} and "lat" in tree["sensors"][0]:
        assert len(read_sensors(file)[0]) == len(tree["sensors"])
    elif not keys & {"exceptions", "venues"}:  # files of their own, held by tests beside their readers
        with pytest.raises(InputError) as partial:
            load_config(file)
        assert [str(one) for one in partial.value.faults if not PARTIAL.search(one.message)] == []
