"""The shipped rules: they load, their samples hold, and they read well in both languages."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
import yaml

from rules.check import check_samples
from rules.exemption import load_exemptions
from rules.load import LIBRARY, load_rules, load_text, rule_files
from rules.match import RuleSet
from rules.schema import rule_schema

ROOT = Path(__file__).parents[3]
RULES = load_rules(LIBRARY)
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_each_sample_does_what_it_says(rule):
    assert [str(fault) for fault in check_samples([rule])] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_title_and_advice_are_in_both_languages(rule):
    for text in (rule.title, rule.advice, *rule.false_positives):
        assert CHINESE.search(text.zh)
        assert not CHINESE.search(text.en)


def test_the_first_eight_kinds_are_covered_and_every_web_category_too():
    assert {rule.category for rule in RULES if rule.kind == "web"} == {
        "sell",
        "scam",
        "proxy",
        "device",
        "paper",
        "help",
        "rumour",
    }
    assert {"radio-unknown-narrowband", "radio-repeated-bursts"} <= {rule.id for rule in RULES}


def test_the_four_correlations_of_the_field_are_there():
    assert {rule.correlation.type for rule in RULES if rule.correlation} == {
        "values",
        "coincidence",
        "period",
    }
    assert {rule.id for rule in RULES if rule.kind == "correlation"} >= {
        "corr-same-signal-two-sensors",
        "corr-offer-and-emission",
        "corr-same-text-many-sources",
        "corr-periodic-bursts",
    }


def test_every_shipped_file_fits_the_schema_that_editors_get():
    schema = jsonschema.Draft202012Validator(rule_schema())
    for file in rule_files(LIBRARY):
        tree = yaml.load(file.read_text("utf-8"), Loader=yaml.CSafeLoader)
        assert [error.message for error in schema.iter_errors(tree)] == []


def test_the_schema_refuses_a_wrong_field_a_wrong_modifier_and_a_wrong_word():
    schema = jsonschema.Draft202012Validator(rule_schema())
    tree = yaml.load(
        (LIBRARY / "radio" / "unknown-narrowband.yml").read_text("utf-8"), Loader=yaml.CSafeLoader
    )
    for key, value in (("snr", 3), ("snr_db|contains", "3"), ("modulation", "nbfm")):
        wrong = tree | {"selections": tree["selections"] | {"unknown": {key: value}}}
        assert list(schema.iter_errors(wrong)), key


def test_the_schema_in_configs_is_the_one_that_the_code_makes():
    stored = json.loads((ROOT / "configs" / "rules.schema.json").read_text("utf-8"))
    assert stored == rule_schema(), "examwatch rules schema > configs/rules.schema.json"


@pytest.mark.parametrize("page", ["rules.md", "rules.zh-CN.md"])
def test_the_rules_in_the_guide_load_and_their_samples_hold(page):
    text = (ROOT / "docs" / page).read_text("utf-8")
    shown = re.findall(r"```yaml\n(id: .*?)```", text, re.DOTALL)
    assert len(shown) == 2
    for rule, faults in (load_text(each, page) for each in shown):
        assert faults == []
        assert list(check_samples([rule])) == []


@pytest.mark.parametrize("page", ["rules.md", "rules.zh-CN.md"])
def test_the_exceptions_in_the_guide_load(page, tmp_path):
    text = (ROOT / "docs" / page).read_text("utf-8")
    file = tmp_path / "exceptions.yml"
    file.write_text(re.search(r"```yaml\n(exceptions:.*?)```", text, re.DOTALL)[1], "utf-8")
    assert [each.id for each in load_exemptions(file, RULES)] == ["meters-east-gate"]


CHATTER = ("祝考生们旗开得胜", "数学好难啊，最后一题没做完", "Good luck with your finals!", "校门口堵车")


def test_plain_chatter_and_plain_radio_raise_nothing():
    rules = RuleSet(RULES)
    for text in CHATTER:
        assert rules.match({"kind": "web", "phase": "in", "text": text}) == []
    broadcaster = {"phase": "in", "center_hz": 98.1e6, "modulation": "wfm", "new": False}
    assert rules.match({"kind": "radio", **broadcaster}) == []
    assert rules.match({"kind": "radio"}) == []
    assert rules.match({"kind": "web", "text": ""}) == []


DEMO_POSTS = yaml.load((ROOT / "configs/demo/posts.yml").read_text("utf-8"), Loader=yaml.CSafeLoader)["posts"]


@pytest.mark.parametrize(
    "post", [post for post in DEMO_POSTS if "truth" in post], ids=lambda post: post["id"]
)
def test_a_harmful_post_of_the_demo_is_found_and_only_by_the_rules_of_its_own_category(post):
    written = [edit["text"] for edit in post.get("edits", [])] or [post["text"]]
    event = {"kind": "web", "phase": "in", "text": f"{post['title']}\n{written[-1]}"}
    assert {match.category for match in RuleSet(RULES).match(event)} == {post["truth"]}


def test_every_shipped_rule_has_a_budget_and_keeps_to_it_where_it_was_measured():
    for rule in RULES:
        assert rule.budget is not None, rule.id
        assert rule.budget.measured is None or rule.budget.measured <= rule.budget.limit, rule.id
    measured = {rule.id for rule in RULES if rule.budget.measured is not None}
    assert {"web-answer-sale", "web-device-sale", "web-proxy-test-taking", "web-leak-rumour"} <= measured
