"""Rules on the screen: edited with faults in place, tried on the past, put in force, taken back."""

from __future__ import annotations

import re

import pytest
from dayrooms import LOUD
from entering import enter
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser


def text_of(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Text of the rule")


def at_line(page: Page, text: str) -> None:
    """The caret at the end of the first line with `text`."""
    text_of(page).evaluate(
        """(area, text) => {
          const at = area.value.indexOf(text);
          const end = area.value.indexOf("\\n", at);
          area.focus();
          area.setSelectionRange(end, end);
        }""",
        text,
    )


def rewrite(page: Page, before: str, after: str) -> None:
    """Select `before` in the text and type over it."""
    text_of(page).evaluate(
        """(area, text) => {
          const at = area.value.indexOf(text);
          area.focus();
          area.setSelectionRange(at, at + text.length);
        }""",
        before,
    )
    page.keyboard.insert_text(after)
    page.keyboard.press("Escape")


def test_rules_are_listed_found_and_opened(morning_day, open_page):
    page = open_page(f"{morning_day.url}/rules")
    expect(page.get_by_test_id("edition")).to_contain_text("Edition 1, by start")
    rows = page.get_by_test_id("rules").locator("tbody tr")
    expect(rows).to_have_count(2)
    page.locator("input[name=find]").fill("强信号")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("0.4 / 2")
    page.get_by_role("link", name="Loud signal in a session").click()
    expect(text_of(page)).to_have_value(LOUD)


def test_a_fault_is_told_at_its_line_and_a_sample_that_fails_is_marked_as_one_types(morning_day, open_page):
    page = open_page(f"{morning_day.url}/rules/rules/loud-in-session")
    check = page.get_by_test_id("check")
    expect(check.locator(".sample-holds")).to_have_count(2)
    rewrite(page, "snr_db|gte: 15", "snr_db|gte: 35")
    expect(check.locator(".sample-fails")).to_contain_text("a set on the roof")
    expect(page.locator("pre .faulty .editor-fault")).to_contain_text("must fire and is quiet")
    rewrite(page, "snr_db|gte: 35", "snr_bd|gte: 15")
    expect(check.locator("h2")).to_have_text("1 fault")
    expect(page.locator("[data-line='10'] .editor-fault")).to_contain_text("snr_db")
    check.get_by_role("button", name="Line 10").click()
    selected = text_of(page).evaluate("a => a.value.slice(a.selectionStart, a.selectionEnd)")
    assert selected == "  loud: {snr_bd|gte: 15}"


def test_what_may_stand_somewhere_is_offered_and_taken_by_key(morning_day, open_page):
    page = open_page(f"{morning_day.url}/rules/rules/loud-in-session")
    field = text_of(page)
    expect(field).to_have_value(LOUD)
    at_line(page, "now: {phase: in}")
    page.keyboard.press("Enter")
    page.keyboard.type("wide: {bandwidth_hz|l")
    options = page.locator(".completions li")
    expect(options.first).to_contain_text("bandwidth_hz|lt")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(field).to_have_value(re.compile(r"\n  wide: \{bandwidth_hz\|lte?: $", re.MULTILINE))
    expect(options).to_have_count(0)
    page.keyboard.type("12500, modulation: ")
    page.keyboard.press("Control+Space")
    expect(options.filter(has_text="fsk2")).to_have_count(1)
    page.keyboard.type("ns")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    assert "modulation: ns" not in field.input_value()


def test_a_threshold_is_moved_compared_and_put_in_force_and_taken_back(quiet_day, open_page):
    day = quiet_day.day
    quiet_day.raise_alerts(
        *(
            day.radio("high", 169.5e6 + 1e6 * number, day.ago(40 - number), ("t", "题"), snr_db=snr_db)
            for number, snr_db in enumerate((16.0, 18.0, 24.0))
        )
    )
    page = open_page(f"{quiet_day.url}/rules/rules/loud-in-session")
    page.get_by_role("button", name="Trace its curve").click()
    slider = page.locator("input[type=range]")
    expect(page.locator("path.curve-line")).to_have_count(1)
    expect(page.get_by_test_id("point")).to_contain_text("snr_db 15")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(page.get_by_test_id("point")).to_contain_text("snr_db 24")
    expect(text_of(page)).to_have_value(re.compile(r"snr_db\|gte: 24\}"))
    save = page.get_by_role("button", name="Save and put in force everywhere")
    expect(save).to_be_disabled()
    page.get_by_role("button", name="Compare with what is in force").click()
    comparison = page.get_by_test_id("comparison")
    expect(comparison).to_contain_text("−2 lost")
    expect(comparison.locator(".moved li")).to_have_count(2)
    expect(comparison.locator(".moved li").last).to_contain_text("169.500 MHz")
    expect(save).to_be_enabled()
    save.click()
    expect(page.get_by_test_id("saved")).to_contain_text("Saved; edition 2 holds.", timeout=20_000)
    assert "snr_db|gte: 24}" in (day.folder / "rules" / "loud.yml").read_text("utf-8")
    assert quiet_day.rules.edition.author == "local"
    page.get_by_role("button", name="All rules").click()
    page.get_by_role("button", name="Go back to the edition before").click()
    expect(page.get_by_test_id("edition")).to_contain_text("Edition 3")
    (loud,) = [rule for rule in quiet_day.rules.edition.rules if rule.id == "loud-in-session"]
    assert loud.selection("loud").alternatives[0][0].values == (15.0,)


def test_a_new_rule_is_tried_at_one_venue_and_then_let_hold_everywhere(quiet_day, open_page):
    page = open_page(f"{quiet_day.url}/rules", may_fail=True)
    page.get_by_role("button", name="New rule").click()
    rewrite(page, "id: my-rule", "id: very-strong")
    expect(page.get_by_test_id("check").locator("h2")).to_have_text("No fault")
    page.get_by_role("button", name="Compare with what is in force").click()
    page.get_by_test_id("saving").get_by_label("实验中学").check()
    page.get_by_role("button", name="Save and try at 1 venue").click()
    expect(page).to_have_url(re.compile(r"/rules/rules/very-strong$"), timeout=20_000)
    page.get_by_role("button", name="All rules").click()
    edition = page.get_by_test_id("edition")
    expect(edition).to_contain_text("is on trial at 实验中学")
    page.get_by_role("button", name="Let it hold everywhere").click()
    expect(edition).not_to_contain_text("on trial")
    expect(page.get_by_test_id("rules").locator("tbody tr")).to_have_count(3)
    assert (quiet_day.day.folder / "rules" / "very-strong.yml").exists()


def test_exceptions_say_what_they_would_have_hidden_before_they_hold(quiet_day, open_page):
    day = quiet_day.day
    quiet_day.raise_alerts(day.radio("high", 169.5e6, day.ago(40), ("t", "题"), snr_db=24.0))
    page = open_page(f"{quiet_day.url}/rules/exceptions")
    field = page.get_by_role("textbox", name="Text of the exceptions")
    text = (
        "exceptions:\n  - {id: our-own, kind: radio, reason: Our own set, author: Wang, "
        'expires: "2099-01-01T00:00+08:00", when: {snr_db|gte: 20}}\n'
    )
    field.fill(text.replace("snr_db", "snr"))
    page.get_by_role("button", name="Check, and count").click()
    expect(page.locator(".fault-line")).to_contain_text("Line 2")
    save = page.get_by_role("button", name="Save and put in force")
    expect(save).to_be_disabled()
    field.fill(text)
    page.get_by_role("button", name="Check, and count").click()
    expect(page.get_by_test_id("would-hide")).to_contain_text("1 alert, 1 of them in the last 7 days")
    save.click()
    expect(page.get_by_test_id("exceptions")).to_contain_text("Our own set")
    assert (day.folder / "exceptions.yml").read_text("utf-8") == text
    assert [one.id for one in quiet_day.rules.edition.exemptions] == ["our-own"]


def test_a_silence_is_counted_made_and_ended(quiet_day, open_page):
    day = quiet_day.day
    quiet_day.raise_alerts(day.radio("high", 169.5e6, day.ago(40), ("t", "题")))
    page = open_page(f"{quiet_day.url}/rules/silences")
    page.locator("textarea[name=matchers]").fill("venue=实验中学")
    page.locator("input[name=reason]").fill("Our own test")
    silence = page.get_by_role("button", name="Silence", exact=True)
    expect(silence).to_be_disabled()
    page.get_by_role("button", name="Count what it would have hidden").click()
    expect(page.get_by_test_id("hidden")).to_contain_text("1 alert")
    silence.click()
    expect(page.get_by_test_id("silences")).to_contain_text("Our own test")
    page.get_by_role("button", name="End now: Our own test").click()
    expect(page.get_by_text("Nothing is silenced.")).to_be_visible()


def test_an_analyst_reads_rules_and_changes_none(quiet_day, open_page):
    quiet_day.with_logins()
    page = open_page(quiet_day.url, may_fail=True)
    enter(page, quiet_day, role="analyst")
    page.goto(f"{quiet_day.url}/rules/rules/loud-in-session")
    expect(text_of(page)).to_have_attribute("readonly", "")
    expect(page.get_by_role("button", name="Compare with what is in force")).to_have_count(0)
    page.goto(f"{quiet_day.url}/rules")
    expect(page.get_by_test_id("edition").get_by_role("button")).to_have_count(0)


def test_a_rule_is_off_at_one_venue_first_kept_then_deleted_everywhere(quiet_day, open_page):
    day = quiet_day.day
    quiet_day.raise_alerts(day.radio("high", 169.5e6, day.ago(40), ("t", "题"), snr_db=24.0))
    file = day.folder / "rules" / "loud.yml"
    page = open_page(f"{quiet_day.url}/rules/rules/loud-in-session", may_fail=True)
    ours = {"kind": "radio", "snr_db": 24.0, "phase": "in", "new": True}

    def fires_at(venue: str) -> bool:
        found = quiet_day.rules.book.match({**ours, "venue": venue})
        return any(one.rule.id == "loud-in-session" for one in found)

    def try_without() -> None:
        removal = page.get_by_test_id("removal")
        removal.get_by_role("button", name="What would be lost with it?").click()
        removal.locator("input[name=reason]").fill("replaced by the survey's own")
        removal.locator("fieldset").get_by_role("checkbox").first.check()
        removal.get_by_role("button", name="Do without it at 1 venue first").click()
        expect(page).to_have_url(re.compile(r"/rules/rules$"))
        edition = page.get_by_test_id("edition")
        expect(edition).to_contain_text("loud-in-session is off at")
        expect(edition).to_contain_text("replaced by the survey's own")
        expect(page.get_by_test_id("rules").locator(".tag-leaving")).to_have_text("off at some venues")

    first, second = sorted(quiet_day.rules.venues)
    assert (fires_at(first), fires_at(second)) == (True, True)
    try_without()
    assert (fires_at(first), fires_at(second), file.exists()) == (False, True, True)
    page.get_by_role("button", name="Keep the rule").click()
    expect(page.get_by_test_id("edition")).not_to_contain_text("is off at")
    assert (fires_at(first), file.exists()) == (True, True)
    page.get_by_role("link", name="Loud signal in a session").click()
    try_without()
    # Nothing else comes into force while that is undecided.
    page.goto(f"{quiet_day.url}/rules/exceptions")
    page.get_by_role("textbox", name="Text of the exceptions").fill("exceptions: []\n# none\n")
    page.get_by_role("button", name="Check, and count").click()
    page.get_by_role("button", name="Save and put in force").click()
    expect(page.get_by_role("alert")).to_contain_text("loud-in-session")
    page.goto(f"{quiet_day.url}/rules")
    page.get_by_role("button", name="Delete it everywhere").click()
    expect(page.get_by_test_id("rules").locator("tbody tr")).to_have_count(1)
    assert (fires_at(second), file.exists()) == (False, False)
    (entry,) = quiet_day.audit("rules.removed")
    assert (entry.body["rule"], entry.body["reason"]) == ("loud-in-session", "replaced by the survey's own")
    tried = quiet_day.audit("rules.tried")
    assert [one.body["without"]["rule"] for one in tried] == ["loud-in-session"] * 2


def test_a_rule_is_deleted_once_its_loss_was_told_and_a_roll_back_brings_it_back(quiet_day, open_page):
    day = quiet_day.day
    raised = (
        day.radio("high", 169.5e6 + 1e6 * n, day.ago(40 - n), ("t", "题"), snr_db=24.0) for n in range(2)
    )
    quiet_day.raise_alerts(*raised)
    page = open_page(f"{quiet_day.url}/rules/rules/loud-in-session")
    removal = page.get_by_test_id("removal")
    removal.get_by_role("button", name="What would be lost with it?").click()
    expect(removal).to_contain_text("2 alerts of the past would not have been raised")
    expect(removal.locator(".moved li")).to_have_count(2)
    go = removal.get_by_role("button", name="Delete loud-in-session")
    expect(go).to_be_disabled()
    page.locator("input[name=reason]").fill("replaced by the survey's own")
    go.click()
    expect(page).to_have_url(re.compile(r"/rules/rules$"))
    expect(page.get_by_test_id("rules").locator("tbody tr")).to_have_count(1)
    file = day.folder / "rules" / "loud.yml"
    assert not file.exists()
    (entry,) = quiet_day.audit("rules.removed")
    assert (entry.actor, entry.body["rule"], entry.body["reason"]) == (
        "local",
        "loud-in-session",
        "replaced by the survey's own",
    )
    page.get_by_text("1 edition before").click()
    expect(page.get_by_test_id("history")).to_contain_text("Edition 1, by start")
    page.get_by_role("button", name="Go back to the edition before").click()
    expect(page.get_by_test_id("rules").locator("tbody tr")).to_have_count(2)
    page.get_by_role("link", name="Loud signal in a session").click()
    expect(page.get_by_test_id("editor")).to_contain_text("No file holds this rule any more")
    page.get_by_role("button", name="Compare with what is in force").click()
    page.get_by_role("button", name="Save and put in force everywhere").click()
    expect(page.get_by_test_id("saved")).to_be_visible(timeout=20_000)
    assert file.exists() or (day.folder / "rules" / "loud-in-session.yml").exists()
