"""Sources, tips and selectors on the screen."""

from __future__ import annotations

import pytest
from entering import enter
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


def test_a_source_shows_its_state_and_what_it_gave_last(morning_day, open_page):
    page = open_page(f"{morning_day.url}/sources")
    table = page.get_by_test_id("sources")
    expect(table.locator("tbody tr")).to_have_count(5)
    expect(table).to_contain_text("HTTP 503 from 127.0.0.1")
    table.get_by_role("button", name="board", exact=True).click()
    documents = page.get_by_test_id("documents")
    expect(documents.locator("tbody tr")).to_have_count(4)
    expect(documents.locator("tbody tr").first).to_contain_text("数学答案")
    page.reload()
    expect(documents).to_contain_text("https://forum.example/f/2")


def test_selectors_are_tried_on_a_page_and_mended_until_they_take_what_is_wanted(quiet_day, open_page):
    page = open_page(f"{quiet_day.url}/sources?source=board", may_fail=True)
    page.get_by_role("button", name="Try selectors on it").click()
    expect(page.locator("input[name=post]")).to_have_value("div.post")
    page.locator("input[name=url]").fill("https://forum.example/t/1")
    page.locator("input[name=author]").fill("b.nobody")
    page.get_by_role("button", name="Try", exact=True).click()
    taken = page.get_by_test_id("taken")
    expect(taken).to_contain_text("2 posts")
    expect(taken.locator(".lacking", has_text="no author")).to_have_count(2)
    page.locator("input[name=author]").fill("a.who")
    page.get_by_role("button", name="Try", exact=True).click()
    expect(taken).to_contain_text("晨光888")
    expect(taken).to_contain_text("https://forum.example/t/1?page=2")
    page.locator("input[name=post]").fill("div[")
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("One of the selectors is wrong")
    page.locator("input[name=post]").fill("div.post")
    page.locator("input[name=url]").fill("http://10.0.0.1/")
    page.get_by_role("button", name="Try", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("This address is not public")


def test_a_tip_is_read_only_by_whom_it_is_for_and_the_look_is_in_the_audit(quiet_day, open_page):
    quiet_day.with_logins()
    page = open_page(quiet_day.url, may_fail=True)
    enter(page, quiet_day)
    page.goto(f"{quiet_day.url}/sources/tips")
    rows = page.get_by_test_id("tips").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(page.get_by_text("班级群")).to_have_count(0)
    rows.first.get_by_role("button", name="Read").click()
    expect(page.get_by_test_id("tip")).to_contain_text("班级群有人发试卷照片")
    page.goto(f"{quiet_day.url}/system/audit?action=tip.")
    expect(page.get_by_test_id("audit").locator("tbody tr").first).to_contain_text(
        "20260607T013000-0a1b2c3d4e"
    )


def test_an_operator_sees_that_tips_came_and_not_what_they_say(quiet_day, open_page):
    quiet_day.with_logins()
    page = open_page(quiet_day.url, may_fail=True)
    enter(page, quiet_day, role="operator")
    page.goto(f"{quiet_day.url}/sources/tips")
    expect(page.get_by_test_id("tips").locator("tbody tr")).to_have_count(2)
    expect(page.get_by_role("button", name="Read")).to_have_count(0)
    answer = page.request.get(f"{quiet_day.url}/api/tips/20260607T013000-0a1b2c3d4e")
    assert answer.status == 403


def test_topics_are_small_plots_and_what_breaks_out_stands_first_and_is_marked(morning_day, open_page):
    page = open_page(f"{morning_day.url}/topics")
    topics = page.get_by_test_id("topic")
    expect(topics).to_have_count(2)
    expect(topics.first).to_contain_text("breaking out")
    expect(topics.first).to_contain_text("实验中学")
    expect(topics.nth(1)).not_to_contain_text("breaking out")
    assert topics.nth(1).locator("rect").count() > 90
    tall = topics.nth(1).locator("rect").first.get_attribute("height")
    page.get_by_role("button", name="One scale for all").click()
    expect(topics.nth(1).locator("rect").first).not_to_have_attribute("height", tall)
