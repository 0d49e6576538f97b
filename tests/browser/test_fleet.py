"""The page of the fleet: who needs a hand, a code shown once, a machine shut out, a release taken back."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from dayserver import RunningDay
from entering import enter
from fleetday import FleetDay, with_fleet
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def fleet(quiet_day: RunningDay, tmp_path: Path) -> FleetDay:
    """A hub with five machines, two of which need a hand, and a release under way."""
    return with_fleet(quiet_day, tmp_path)


def row(page: Page, node: str):
    return page.get_by_test_id("machines").locator(f"tr[data-node={node}]")


def test_a_daemon_without_a_hub_says_what_the_page_is_for_and_how_to_begin(quiet_day, open_page):
    page = open_page(f"{quiet_day.url}/fleet")
    expect(page.get_by_role("status").filter(has_text="No machines belong")).to_contain_text(
        "sensor nats-config"
    )
    expect(page.get_by_test_id("machines")).to_have_count(0)


def test_machines_are_told_with_what_needs_a_hand_first(fleet, open_page):
    page = open_page(f"{fleet.day.url}/fleet")
    expect(page.get_by_test_id("counts")).to_have_text("5 machines, 2 need a hand")
    rows = page.get_by_test_id("machines").locator("tr[data-node]")
    expect(rows).to_have_count(5)
    expect(rows.nth(0)).to_contain_text("gate-2")
    expect(rows.nth(0)).to_contain_text("not heard: check power and uplink")
    expect(rows.nth(1)).to_contain_text("outbox does not drain")
    expect(row(page, "roof-1")).to_contain_text("sensor")
    expect(row(page, "roof-1")).to_contain_text("400 days")
    page.get_by_label("Needs a hand").check()
    expect(rows).to_have_count(2)
    expect(page).to_have_url(re.compile(r"/fleet/machines\?needs=1$"))
    page.get_by_label("Machine or venue").fill("gate")
    expect(rows).to_have_count(1)
    page.reload()
    expect(rows).to_have_count(1)
    expect(page.get_by_label("Needs a hand")).to_be_checked()


def test_a_code_is_shown_once_and_lets_the_machine_be_invited(fleet, open_page):
    page = open_page(f"{fleet.day.url}/fleet")
    form = page.get_by_test_id("invite")
    form.locator("input[name=venue]").fill("v3")
    form.locator("input[name=node]").fill("roof 9")
    form.get_by_role("button", name="Make a code").click()
    # The browser itself refuses a name that is none.
    expect(page.get_by_test_id("code")).to_have_count(0)
    form.locator("input[name=node]").fill("roof-9")
    form.get_by_role("button", name="Make a code").click()
    code = page.get_by_test_id("code").locator("code").inner_text()
    assert re.fullmatch(r"([0-9A-Z]{5}-){7}[0-9A-Z]{5}", code)
    expect(row(page, "roof-9")).to_contain_text("invited")
    page.get_by_test_id("code").get_by_role("button", name="I have it").click()
    expect(page.get_by_test_id("code")).to_have_count(0)
    assert code not in page.content()
    (entry,) = fleet.day.audit("node.invited")[:1]
    assert (entry.actor, entry.subject, entry.body["venue"]) == ("local", "roof-9", "v3")
    # The code is the hub's: it lets a machine in.
    assert fleet.let_in_with(code) == ("roof-9", "v3")


def test_a_machine_is_shut_out_in_two_steps_and_kept_in_the_history(fleet, open_page):
    page = open_page(f"{fleet.day.url}/fleet")
    page.get_by_role("button", name="Shut out: gate-2").click()
    sure = page.get_by_test_id("sure")
    expect(sure).to_contain_text("Shut gate-2 out?")
    page.keyboard.press("Escape")
    expect(sure).to_have_count(0)
    assert fleet.state_of("gate-2") == "enrolled"
    page.get_by_role("button", name="Shut out: gate-2").click()
    sure.get_by_label("Why").fill("stolen")
    sure.get_by_role("button", name="Yes, shut it out").click()
    expect(page.get_by_text("gate-2 is shut out.")).to_be_visible()
    expect(row(page, "gate-2")).to_have_count(0)
    assert fleet.state_of("gate-2") == "revoked"
    assert fleet.day.audit("node.revoked")[0].body["reason"] == "stolen"
    expect(page.get_by_test_id("counts")).to_have_text("4 machines, 1 needs a hand")
    page.get_by_label("Shut out (1)").check()
    expect(row(page, "gate-2")).to_contain_text("stolen")


def test_a_release_is_taken_back_and_an_older_one_given_again(fleet, open_page):
    page = open_page(f"{fleet.day.url}/fleet/releases")

    def release(serial: int):
        return page.get_by_test_id("releases").locator(f"[data-release='{serial}']")

    expect(release(3)).to_contain_text("under way")
    expect(release(3).locator("[aria-current=step]")).to_contain_text("1 %")
    expect(release(1)).to_contain_text("4 sound, 0 failing: done")
    # While one is under way nothing older can be given.
    expect(page.get_by_role("button", name="Go back to these files: 1")).to_have_count(0)
    page.get_by_role("button", name="Halt and take back: 3").click()
    page.get_by_test_id("sure").get_by_role("button", name="Yes, take it back").click()
    expect(release(3)).to_contain_text("halted by local")
    expect(release(4)).to_contain_text("on all machines")
    page.get_by_role("button", name="Go back to these files: 1").click()
    page.get_by_test_id("sure").get_by_role("button", name="Yes, to all now").click()
    expect(release(5)).to_contain_text("has the files of 1")
    assert [one.serial for one in fleet.releases.list(1)] == [5]
    assert fleet.releases.good() == 5


def test_who_may_not_change_machines_only_looks(fleet, open_page):
    fleet.day.with_logins()
    page = open_page(fleet.day.url, may_fail=True)
    enter(page, fleet.day, "analyst")
    page.goto(f"{fleet.day.url}/fleet")
    expect(page.get_by_test_id("counts")).to_be_visible()
    expect(page.get_by_test_id("invite")).to_have_count(0)
    expect(page.get_by_role("button", name="Shut out: gate-2")).to_have_count(0)
    page.goto(f"{fleet.day.url}/fleet/releases")
    expect(page.get_by_text("under way")).to_be_visible()
    expect(page.get_by_role("button", name="Halt and take back: 3")).to_have_count(0)


def test_it_is_read_in_chinese(fleet, open_page):
    page = open_page(f"{fleet.day.url}/fleet", language="zh-CN")
    expect(page.get_by_test_id("counts")).to_have_text("共 5 个节点，2 个需要处理")
    expect(row(page, "gate-2")).to_contain_text("失联")
