"""The page of cases in Debian's chromium: what is pressed there is what stands in the store."""

from __future__ import annotations

import re
import shutil

import pytest
from morning import newcomer
from playwright.sync_api import expect

from monitor.case.machine import Step
from monitor.people.scope import EVERYTHING
from monitor.server.alert_services import AlertQuery

pytestmark = pytest.mark.browser


def opened(day, n: int = 1, level: str = "high") -> list[str]:
    """Cases of `n` fresh alerts, by another person; the ids in the order of the alerts."""
    day.raise_alerts(*(newcomer(day.day, i, level) for i in range(n)))
    page = day.call(day._book.list_alerts(AlertQuery(limit=200)))
    prints = {one.annotations["title_en"]: one.fingerprint for one in page.alerts}
    return [day.call(day.cases.open([prints[f"Newcomer {i}"]], "li", EVERYTHING)).id for i in range(n)]


def whole(day, case_id: str):
    return day.call(day.cases.get(case_id, EVERYTHING))


def state(day, case_id: str) -> str:
    return whole(day, case_id).listed.case.state


def step(day, case_id: str, action: str, actor: str = "li", **more):
    return day.call(day.cases.step(case_id, Step(action, actor, **more), EVERYTHING))


def column(page, name: str):
    return page.locator(f"[data-testid=column-{name}]")


def wait_live(page) -> None:
    page.wait_for_selector(".connection-live", timeout=20_000)


def test_an_empty_board_says_where_cases_come_from(quiet_day, open_page):
    page = open_page(f"{quiet_day.url}/cases")
    expect(page.get_by_text("There are no cases")).to_be_visible()
    page.get_by_role("link", name="To the review").click()
    expect(page.locator(".stream h1")).to_have_text("Alerts")


def test_cards_stand_in_the_column_of_their_state_and_move_by_themselves(quiet_day, open_page):
    first, second = opened(quiet_day, 2)
    page = open_page(f"{quiet_day.url}/cases")
    wait_live(page)
    expect(column(page, "judge").locator("[data-testid=card]")).to_have_count(2)
    step(quiet_day, first, "judge", verdict="scam")
    expect(column(page, "findings").locator(f"[data-case={first}]")).to_be_visible()
    expect(column(page, "judge").locator("[data-testid=count]")).to_have_text("1")
    step(quiet_day, first, "notify", department="police")
    expect(column(page, "abroad").locator(f"[data-case={first}]")).to_be_visible()
    step(quiet_day, second, "claim", "wang")
    expect(column(page, "judging").locator("[data-testid=holder]")).to_contain_text("wang")


def test_filters_are_in_the_address_and_an_address_opens_filtered(quiet_day, open_page):
    first, _, third = opened(quiet_day, 3)
    step(quiet_day, first, "claim", "wang")
    step(quiet_day, third, "transfer", department="police")
    page = open_page(f"{quiet_day.url}/cases")
    page.locator("[data-testid=filter-owner]").select_option("wang")
    expect(page).to_have_url(re.compile(r"/cases\?owner=wang$"))
    expect(page.locator("[data-testid=card]")).to_have_count(1)
    page.locator("[data-testid=clear]").click()
    page.locator("[data-testid=filter-judge]").click()
    expect(page.locator(".case-column")).to_have_count(1)
    page.locator("[data-testid=filter-department]").select_option("police")
    expect(page).to_have_url(re.compile(r"state=judge&department=police$"))
    again = open_page(page.url)
    expect(again.locator("[data-testid=card]")).to_have_count(1)
    expect(again.locator(f"[data-case={third}]")).to_be_visible()
    again.locator("[data-testid=filter-late]").click()
    expect(again.get_by_text("No case fits these filters")).to_be_visible()


def test_a_case_goes_all_its_way_by_the_buttons(quiet_day, open_page):
    (case,) = opened(quiet_day)
    page = open_page(f"{quiet_day.url}/cases")
    page.locator(f"[data-case={case}]").click()
    expect(page.locator("[data-testid=due]")).to_contain_text(re.compile(r"due in 0:0\d:\d\d"))
    page.locator("[data-testid=do-claim]").click()
    expect(page.locator("[data-testid=holder]")).to_contain_text(re.compile("You hold it, 0:(10:00|09:5)"))
    page.locator("[data-testid=do-scam]").click()
    expect(page.locator("[data-testid=case-state]")).to_have_text("Scam")
    page.locator("[data-testid=do-notify]").click()
    ask = page.locator("[data-testid=ask-notify]")
    ask.get_by_role("combobox").select_option("police")
    ask.get_by_role("textbox").fill("Sergeant Wu has it")
    ask.get_by_role("button", name="Do it").click()
    expect(page.locator("[data-testid=told]")).to_have_text("Public security")
    for press in ("acknowledge", "arrive", "found", "seal", "close"):
        page.locator(f"[data-testid=do-{press}]").click()
    expect(page.locator("[data-testid=case-state]")).to_have_text("Closed")
    lines = page.locator("[data-testid=timeline] li")
    expect(lines.first).to_contain_text("local closed the case")
    expect(page.locator("[data-testid=timeline]")).to_contain_text("Sergeant Wu has it")
    events = whole(quiet_day, case).events
    assert [one.action for one in events][-6:] == [
        "notify", "acknowledge", "arrive", "finish", "seal", "close",
    ]  # fmt: skip
    expect(lines).to_have_count(len(events))
    # Who may supervise opens it again.
    page.locator("[data-testid=do-reopen]").click()
    expect(page.locator("[data-testid=case-state]")).to_have_text("Verifying")


def test_two_persons_confirm_and_the_page_says_who_was_first(quiet_day, open_page):
    mine, theirs = opened(quiet_day, 2)
    page = open_page(f"{quiet_day.url}/cases/{mine}")
    page.locator("[data-testid=do-confirmed]").click()
    persons = page.locator("[data-testid=persons]")
    expect(persons).to_contain_text("First: local")
    expect(persons).to_contain_text("You were the first. Another person must be the second.")
    expect(page.locator("[data-testid=do-confirmed]")).to_be_disabled()
    step(quiet_day, mine, "judge", "wang", verdict="confirmed")
    expect(persons).to_contain_text("Second: wang")
    expect(page.locator("[data-testid=case-state]")).to_have_text("Confirmed")

    step(quiet_day, theirs, "judge", "li", verdict="confirmed")
    page.goto(f"{quiet_day.url}/cases/{theirs}")
    expect(persons).to_contain_text("Second: anyone but li")
    page.get_by_role("button", name="Confirm as the second").click()
    expect(page.locator("[data-testid=case-state]")).to_have_text("Confirmed")
    assert whole(quiet_day, theirs).listed.case.confirmed_by == ("li", "local")


def test_what_another_holds_cannot_be_judged_and_a_step_on_what_changed_is_refused(quiet_day, open_page):
    (case,) = opened(quiet_day)
    # A refusal is a line in the browser's own log.
    page = open_page(f"{quiet_day.url}/cases/{case}", may_fail=True)
    expect(page.locator("[data-testid=do-benign]")).to_be_visible()
    page.route(
        "**/api/cases/*/steps", lambda route: (step(quiet_day, case, "claim", "wang"), route.continue_())
    )
    page.locator("[data-testid=do-close], [data-testid=do-benign]").first.click()
    expect(page.locator("[data-testid=case-refusal]")).to_contain_text("Somebody has changed it meanwhile")
    expect(page.locator("[data-testid=holder]")).to_contain_text("held by wang")
    expect(page.locator("[data-testid=do-benign]")).to_have_count(0)
    assert state(quiet_day, case) == "claimed"


def test_the_last_step_is_taken_back(quiet_day, open_page):
    (case,) = opened(quiet_day)
    page = open_page(f"{quiet_day.url}/cases/{case}")
    expect(page.locator("[data-testid=case-undo]")).to_have_count(0)
    page.locator("[data-testid=do-rumour]").click()
    expect(page.locator("[data-testid=case-state]")).to_have_text("Rumour")
    page.locator("[data-testid=case-undo]").click()
    expect(page.locator("[data-testid=case-state]")).to_have_text("New")
    expect(page.locator("[data-testid=timeline] li").first).to_contain_text("took back “Judge”")
    assert state(quiet_day, case) == "new"


def test_the_playbook_is_ticked_tasks_are_added_and_done_and_notes_are_kept(quiet_day, open_page):
    (case,) = opened(quiet_day)
    page = open_page(f"{quiet_day.url}/cases/{case}")
    first = page.locator("[data-testid=book] input").first
    first.click()
    expect(page.locator("[data-testid=book]")).to_contain_text(re.compile("1 of [0-9]"))
    book = quiet_day.cases.playbooks.get(whole(quiet_day, case).listed.case.kind)
    assert whole(quiet_day, case).listed.case.checks == (book.steps[0].id,)
    expect(first).to_be_enabled()
    expect(first).to_be_checked()
    first.click()
    expect(page.locator("[data-testid=book]")).to_contain_text(re.compile("0 of [0-9]"))
    tasks = page.locator("[data-testid=tasks]")
    tasks.get_by_label("What is to be put right").fill("Check the east side of building 3")
    tasks.get_by_label("by", exact=True).fill("2030-01-02T10:30")
    tasks.get_by_role("button", name="Add").click()
    expect(page.locator("[data-testid=task]")).to_contain_text("due in")
    kept = whole(quiet_day, case).listed.case.tasks[0]
    assert kept.due_at.isoformat() == "2030-01-02T02:30:00+00:00"
    page.locator("[data-testid=task]").get_by_role("button", name="Done").click()
    expect(page.locator("[data-testid=task]")).to_contain_text("done by local")
    page.get_by_label("Note", exact=True).fill("Spoke to the chief.\nNothing on the roof.")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-testid=timeline]")).to_contain_text("Nothing on the roof.")
    assert whole(quiet_day, case).events[-1].body["text"] == "Spoke to the chief.\nNothing on the roof."


def test_a_case_is_transferred_with_its_history(quiet_day, open_page):
    (case,) = opened(quiet_day)
    page = open_page(f"{quiet_day.url}/cases/{case}")
    page.locator("[data-testid=do-transfer]").click()
    ask = page.locator("[data-testid=ask-transfer]")
    ask.get_by_role("combobox").select_option("cyberspace")
    ask.get_by_role("button", name="Do it").click()
    expect(page.locator("[data-testid=department]")).to_have_text("Cyberspace and publicity")
    expect(page.locator("[data-testid=timeline] li").first).to_contain_text("transferred it to Cyberspace")
    assert whole(quiet_day, case).listed.case.department == "cyberspace"


def test_another_case_is_found_and_merged_and_alerts_are_split_off_again(quiet_day, open_page):
    first, second = opened(quiet_day, 2)
    page = open_page(f"{quiet_day.url}/cases/{first}")
    merge = page.locator("[data-testid=merge]")
    merge.get_by_role("searchbox").fill("newcomer 1")
    merge.get_by_role("button", name=f"Merge {second} into this one").click()
    expect(page.locator("[data-testid=case-alert]")).to_have_count(2)
    assert state(quiet_day, second) == "merged"
    page.locator("[data-testid=case-alert]", has_text="Newcomer 1").get_by_role("checkbox").check()
    page.locator("[data-testid=split]").click()
    expect(page).not_to_have_url(re.compile(first))
    expect(page.locator("[data-testid=case-alert]")).to_have_count(1)
    expect(page.locator("[data-testid=case-alert]")).to_contain_text("Newcomer 1")
    assert len(whole(quiet_day, first).listed.alerts) == 1
    apart = page.url
    page.keyboard.press("z")
    expect(page).to_have_url(re.compile(first))
    expect(page.locator("[data-testid=case-alert]")).to_have_count(2)
    expect(page.locator("[data-testid=timeline] li").first).to_contain_text("took back “Split off”")
    page.goto(apart)
    expect(page.locator("[data-testid=case-state]")).to_have_text("Merged")
    page.goto(f"{quiet_day.url}/cases/{first}")
    page.locator("[data-testid=case-alert] a", has_text="Newcomer 1").click()
    expect(page.locator("[data-testid=detail] h2")).to_have_text("Newcomer 1")
    # And back from the review to the case of the alert.
    page.locator("[data-testid=case-link]").click()
    expect(page.locator("[data-testid=case]")).to_be_visible()


def test_the_next_case_is_claimed_and_escape_leads_back_to_the_board(quiet_day, open_page):
    quiet_day.raise_alerts(newcomer(quiet_day.day, 1, "low"), newcomer(quiet_day.day, 2, "critical"))
    page = open_page(f"{quiet_day.url}/cases")
    page.locator("[data-testid=claim-next]").click()
    expect(page.locator("[data-testid=case] h2")).to_have_text("Newcomer 2")
    expect(page.locator("[data-testid=holder]")).to_contain_text("You hold it")
    page.keyboard.press("Escape")
    expect(page.locator("[data-testid=board]")).to_be_visible()
    expect(column(page, "judging").locator("[data-testid=card]")).to_have_count(1)


def test_the_board_is_walked_by_key_and_one_comes_back_to_where_one_was(quiet_day, open_page):
    opened(quiet_day, 3)
    page = open_page(f"{quiet_day.url}/cases")
    cards = page.locator("[data-testid=card]")
    expect(cards).to_have_count(3)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(cards.nth(1)).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.get_by_label("Note", exact=True).fill("half a")
    # Escape leaves the field first, and what was typed stays.
    page.keyboard.press("Escape")
    expect(page.get_by_label("Note", exact=True)).to_have_value("half a")
    page.keyboard.press("Escape")
    expect(cards.nth(1)).to_be_focused()


def test_a_case_that_is_not_there_says_so(quiet_day, open_page):
    page = open_page(f"{quiet_day.url}/cases/C0101-ABCDEF", may_fail=True)
    expect(page.get_by_text("There is no case with this id")).to_be_visible()
    page.get_by_role("button", name="Back to the board").click()
    expect(page.locator("[data-testid=board]")).to_be_visible()


def test_a_report_is_shown_in_a_frame_printed_and_stands_in_the_audit(quiet_day, open_page):
    (case,) = opened(quiet_day)
    page = open_page(f"{quiet_day.url}/cases/{case}")
    page.locator("[data-testid=report]").click()
    frame = page.frame_locator("[data-testid=report-page]")
    expect(frame.locator("h1")).to_have_text(f"Case report {case}")
    page.locator("[data-testid=preview]").get_by_role("button", name="中文").click()
    expect(frame.locator("h1")).to_have_text(f"案件报告 {case}")
    expect(page).to_have_url(re.compile(r"report=zh$"))
    # Paper is set as paper: the report's own style is let through.
    assert frame.locator("h1").evaluate("h => getComputedStyle(h).fontSize") != "13px"
    page.evaluate(
        "() => { document.querySelector('iframe').contentWindow.print = () => { window.printed = true; }; }"
    )
    page.locator("[data-testid=print]").click()
    assert page.evaluate("window.printed") is True
    made = quiet_day.audit("report.made")
    assert [(one.actor, one.subject, one.body["language"]) for one in made] == [
        ("local", case, "zh"), ("local", case, "en"),
    ]  # fmt: skip
    page.keyboard.press("Escape")
    expect(page.locator("[data-testid=case]")).to_be_visible()


@pytest.mark.skipif(not any(map(shutil.which, ("chromium", "chromium-browser"))), reason="needs chromium")
def test_a_report_is_saved_as_a_pdf(quiet_day, open_page):
    (case,) = opened(quiet_day)
    page = open_page(f"{quiet_day.url}/cases/{case}?report=zh")
    with page.expect_download(timeout=60_000) as waiting:
        page.locator("[data-testid=pdf]").click()
    assert waiting.value.suggested_filename == f"case-{case}-zh.pdf"
    assert waiting.value.path().read_bytes().startswith(b"%PDF")


def test_a_session_is_reported_for_the_time_that_is_asked(quiet_day, open_page):
    (case,) = opened(quiet_day)
    page = open_page(f"{quiet_day.url}/cases")
    page.locator("[data-testid=session-report]").click()
    expect(page.locator("[data-testid=print]")).to_be_disabled()
    page.get_by_label("To", exact=True).fill("2031-01-01T00:00")
    page.locator("[data-testid=show-session]").click()
    frame = page.frame_locator("[data-testid=report-page]")
    expect(frame.locator("body")).to_contain_text(case)
    page.get_by_label("From", exact=True).fill("2030-12-31T00:00")
    page.locator("[data-testid=show-session]").click()
    expect(frame.locator("body")).not_to_contain_text(case)


def test_duty_is_handed_over_with_a_note_and_what_is_open(quiet_day, open_page):
    quiet_day.begin_plans()
    (case,) = opened(quiet_day)
    department = whole(quiet_day, case).listed.case.department
    quiet_day.raise_alerts(newcomer(quiet_day.day, 7, "critical"))
    quiet_day.begin_plans()
    page = open_page(f"{quiet_day.url}/cases")
    page.locator("[data-testid=duty]").click()
    row = page.locator(f"[data-testid=duty-{department}]")
    expect(row).to_contain_text("1 open")
    expect(row.get_by_role("link", name=case)).to_be_visible()
    expect(page.locator("[data-testid=duty-duty]")).to_contain_text("Wang Li, Li Na")
    expect(page.locator("[data-testid=duty-police]")).to_contain_text("the roster names nobody")
    expect(page.locator("[data-testid=unseen]")).to_contain_text("Newcomer 7")
    expect(page.locator("[data-testid=unseen]")).to_contain_text("next: Joint duty room (no. 1), in 0:0")
    row.locator("[data-testid=hand-over]").click()
    form = page.locator("[data-testid=hand-over-form]")
    expect(form).to_contain_text("1 open cases of the department, 1 grave alerts")
    form.get_by_role("combobox").select_option("chen")
    form.get_by_role("textbox").fill("Watch 169 MHz; the chief calls back at ten.")
    form.get_by_role("button", name="Hand over").click()
    expect(row).to_contain_text("Chen Yu")
    expect(row).to_contain_text("Watch 169 MHz")
    expect(page.locator("[data-testid=handovers] li")).to_contain_text("local → Chen Yu")
    (entry,) = quiet_day.audit("duty.handed-over")
    assert (entry.subject, entry.body["to"], entry.body["n_cases"]) == (department, "chen", 1)
    page.keyboard.press("Escape")
    expect(page.locator("[data-testid=board]")).to_be_visible()


def test_the_page_speaks_chinese_and_nothing_is_cut_off(quiet_day, open_page):
    (case,) = opened(quiet_day)
    page = open_page(f"{quiet_day.url}/cases", language="zh-CN")
    expect(column(page, "judge").locator("h2")).to_have_text("待研判")
    page.locator("[data-testid=card]").click()
    expect(page.locator("[data-testid=timeline] li").first).to_contain_text("建立案件")
    for path in (
        "/cases",
        f"/cases/{case}",
        f"/cases/{case}?report=zh",
        "/cases?report=session",
        "/cases?show=duty",
    ):
        page.goto(quiet_day.url + path)
        page.wait_for_selector("main")
        assert page.evaluate("document.documentElement.scrollWidth") == 1366
        assert page.evaluate("document.documentElement.scrollHeight") == 768
