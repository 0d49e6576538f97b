"""The page of the system: machines, messages, the audit chain, people and keys, each for whom it is."""

from __future__ import annotations

import re

import pytest
from entering import enter
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_machines_disk_and_receivers_are_told(morning_day, open_page):
    page = open_page(f"{morning_day.url}/system")
    expect(page.get_by_test_id("disk")).to_contain_text("38.2 GB of 500 GB free")
    expect(page.get_by_test_id("sensors").locator("tbody tr")).to_have_count(2)
    expect(page.get_by_test_id("sensors")).to_contain_text("131,072")
    page.get_by_role("link", name="Messages").click()
    expect(page.get_by_test_id("receivers")).to_contain_text("police-hook takes nothing since")
    expect(page.get_by_test_id("receivers")).to_contain_text("HTTP 502")
    # Without logins there is nobody to add.
    expect(page.get_by_role("link", name="People")).to_have_count(0)


def test_the_audit_chain_is_filtered_and_read_on_page_by_page(quiet_day, open_page):
    async def fill() -> None:
        for number in range(120):
            await quiet_day.book.record("wang", "case.claim", f"C{number:03}", {"n": number})
        await quiet_day.book.record("li", "rules.changed", "rules", {})

    quiet_day.call(fill())
    page = open_page(f"{quiet_day.url}/system/audit")
    rows = page.get_by_test_id("audit").locator("tbody tr")
    expect(rows.first).to_contain_text("rules.changed")
    page.locator("input[name=actor]").fill("wang")
    page.locator("input[name=action]").fill("case.")
    page.get_by_role("button", name="Find").click()
    expect(rows).to_have_count(100)
    expect(page).to_have_url(re.compile(r"/system/audit\?actor=wang&action=case\.$"))
    page.get_by_role("button", name="Older entries").click()
    expect(rows).to_have_count(120)
    expect(rows.last).to_contain_text("C000")
    page.reload()
    expect(page.locator("input[name=actor]")).to_have_value("wang")
    expect(rows).to_have_count(100)


def password(page: Page) -> str:
    once = page.get_by_test_id("once")
    given = once.locator("code").inner_text()
    once.get_by_role("button", name="I have it").click()
    expect(once).to_have_count(0)
    return given


def test_an_administrator_adds_changes_and_shuts_out_a_person(quiet_day, open_page):
    quiet_day.with_logins()
    page = open_page(quiet_day.url, may_fail=True)
    enter(page, quiet_day)
    page.goto(f"{quiet_day.url}/system/people")
    page.get_by_test_id("add-person").locator("input[name=name]").fill("zhang")
    page.get_by_test_id("add-person").locator("select").select_option("radio")
    page.get_by_test_id("add-person").get_by_role("button", name="Add").click()
    first = password(page)
    row = page.get_by_test_id("people").locator("tbody tr", has_text="zhang").first
    expect(row).to_contain_text("has not chosen a password yet")
    row.get_by_role("button").click()
    page.get_by_test_id("people").locator("input[name=venues]").fill("实验中学，市第一中学")
    page.get_by_test_id("people").locator("select").select_option("analyst")
    page.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("实验中学, 市第一中学")
    row.get_by_role("button").click()
    page.get_by_role("button", name="New one-time password").click()
    assert password(page) != first
    page.get_by_role("button", name="Shut out").click()
    expect(row).to_contain_text("shut out")
    (person,) = [one for one in quiet_day.call(quiet_day.people.everyone()) if one.name == "zhang"]
    assert (person.role, person.disabled, person.scope.venues) == (
        "analyst",
        True,
        frozenset({"实验中学", "市第一中学"}),
    )


def test_a_key_for_a_program_is_shown_once_works_and_is_ended(quiet_day, open_page):
    quiet_day.with_logins()
    page = open_page(quiet_day.url, may_fail=True)
    enter(page, quiet_day)
    page.goto(f"{quiet_day.url}/system/tokens")
    form = page.get_by_test_id("new-key")
    form.locator("input[name=note]").fill("map of the city")
    form.get_by_label("health").check()
    form.get_by_role("button", name="Make a key").click()
    token = password(page)
    asked = page.request.fetch(f"{quiet_day.url}/api/health", headers={"Authorization": f"Bearer {token}"})
    assert asked.status == 200
    page.get_by_role("button", name="End: map of the city").click()
    expect(page.get_by_text("There are no keys.")).to_be_visible()
    page.context.clear_cookies()
    asked = page.request.fetch(f"{quiet_day.url}/api/health", headers={"Authorization": f"Bearer {token}"})
    assert asked.status == 401


def test_each_part_is_only_for_whom_it_was_given_to(quiet_day, open_page):
    quiet_day.with_logins()
    page = open_page(quiet_day.url, may_fail=True)
    enter(page, quiet_day, role="analyst")
    page.get_by_role("link", name="System").click()
    parts = page.get_by_role("navigation", name="Parts of the system page").get_by_role("link")
    expect(parts).to_have_text(["Machines", "Messages"])
    page.goto(f"{quiet_day.url}/system/people")
    expect(page.get_by_test_id("sensors")).to_be_visible()
    expect(page.get_by_test_id("people")).to_have_count(0)
