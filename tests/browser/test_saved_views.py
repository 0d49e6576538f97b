"""Saved views: at any desk of a person, shared with a colleague, and the one that the page opens with."""

from __future__ import annotations

import json
import re

import pytest
from entering import OWN, enter
from playwright.sync_api import expect

from monitor.people.scope import EVERYTHING, Scope

pytestmark = pytest.mark.browser


def names(day, person):
    return [one.name for one in day.call(day.saved.listed(person, EVERYTHING))]


def save(page, name, *, shared=False):
    page.locator("[data-testid=views]").click()
    page.locator("[data-testid=view-name]").fill(name)
    if shared:
        page.locator(".view-name input[type=checkbox]").check()
    page.locator(".view-name").get_by_role("button", name="Save", exact=True).click()
    expect(page.locator("[data-testid=views]")).to_contain_text(name)
    expect(page.locator("[data-testid=views-panel]")).to_have_count(0)


def come_back(page, name):
    inputs = page.locator(".login input")
    inputs.nth(0).fill(name)
    inputs.nth(1).fill(OWN)
    page.locator(".login button").first.click()
    page.wait_for_selector(".connection-live", timeout=20_000)


def test_a_view_is_there_at_another_desk_and_a_colleague_reads_what_is_shared(quiet_day, open_page):
    quiet_day.with_logins()
    admin = quiet_day.first_login[0]
    wang = open_page(quiet_day.url, may_fail=True)
    enter(wang, quiet_day, "analyst")
    quiet_day.call(quiet_day.people.set_scope(admin, "a-analyst", Scope(None, "duty")))
    wang.reload()
    come_back(wang, "a-analyst")
    wang.keyboard.press("w")
    save(wang, "Posts")
    wang.keyboard.press("1")
    save(wang, "紧急帖子", shared=True)
    assert names(quiet_day, "a-analyst") == ["Posts", "紧急帖子"]

    elsewhere = open_page(quiet_day.url, may_fail=True)
    come_back(elsewhere, "a-analyst")
    elsewhere.locator("[data-testid=views]").click()
    expect(elsewhere.locator("[data-testid=view]")).to_have_count(2)
    elsewhere.locator("[data-testid=view-up]").last.click()
    expect(elsewhere.locator("[data-testid=view]").first).to_contain_text("紧急帖子")
    assert names(quiet_day, "a-analyst") == ["紧急帖子", "Posts"]

    li = open_page(quiet_day.url, may_fail=True)
    enter(li, quiet_day, "radio")
    quiet_day.call(quiet_day.people.set_scope(admin, "a-radio", Scope(None, "duty")))
    li.reload()
    come_back(li, "a-radio")
    li.locator("[data-testid=views]").click()
    shared = li.locator("[data-testid=view]")
    expect(shared).to_have_count(1)
    expect(shared).to_contain_text("by a-analyst")
    expect(shared.locator("[data-testid=view-drop], [data-testid=view-share]")).to_have_count(0)
    shared.locator("[data-testid=view-default]").click()
    expect(shared.locator("[data-testid=view-default]")).to_have_attribute("aria-pressed", "true")
    shared.get_by_role("button", name="紧急帖子").first.click()
    expect(li).to_have_url(re.compile(r"kind=web&level=critical$"))

    # The page opens with it from now on, and the rest of the list is one step away.
    li.goto(quiet_day.url)
    expect(li).to_have_url(re.compile(r"kind=web&level=critical$"))
    expect(li.locator("[data-testid=views]")).to_contain_text("紧急帖子")
    li.get_by_role("button", name="Clear filters").first.click()
    expect(li).to_have_url(re.compile(r"/$"))
    assert [one.actor for one in quiet_day.audit("view.default")] == ["a-radio"]


def test_what_the_browser_kept_is_taken_over_once_and_opened_from_the_palette(quiet_day, open_page):
    page = open_page(quiet_day.url)
    page.wait_for_selector(".connection-live")
    kept = json.dumps([{"name": "Grave posts", "query": "kind=web&level=high"}, {"name": 3}])
    page.evaluate("kept => localStorage.setItem('examwatch.views.local', kept)", kept)
    page.reload()
    page.wait_for_selector(".connection-live")
    assert names(quiet_day, "local") == ["Grave posts"]
    assert page.evaluate("localStorage.getItem('examwatch.views.local')") is None
    page.keyboard.press(":")
    page.locator("[data-testid=palette-input]").fill("grave")
    expect(page.locator("[data-testid=offer]").first).to_contain_text("saved view")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"kind=web&level=high$"))
    page.locator("[data-testid=views]").click()
    page.locator("[data-testid=view-drop]").click()
    expect(page.locator("[data-testid=view]")).to_have_count(0)
    assert names(quiet_day, "local") == []
    page.keyboard.press("Escape")
    expect(page.locator("[data-testid=views-panel]")).to_have_count(0)


def test_the_board_of_cases_has_views_of_its_own(quiet_day, open_page):
    page = open_page(f"{quiet_day.url}/cases?late=true")
    save(page, "Overdue")
    page.locator("[data-testid=views]").click()
    with page.expect_response("**/api/views/default"):
        page.locator("[data-testid=view-default]").click()
    page.keyboard.press("Escape")
    page.goto(f"{quiet_day.url}/cases")
    expect(page).to_have_url(re.compile(r"/cases\?late=true$"))
    page.get_by_role("link", name="Review").click()
    page.locator("[data-testid=views]").click()
    expect(page.locator("[data-testid=view]")).to_have_count(0)
