"""The console in Debian's chromium, in front of the real server and the real store."""

from __future__ import annotations

import re
import time

import posts
import pytest
from morning import newcomer
from photographed import LINES
from playwright.sync_api import Page, expect

from sdr.spectrogram import WIDTH

pytestmark = pytest.mark.browser


def rows(page: Page) -> list[str]:
    return page.locator("[data-testid=row] .row-title").all_inner_texts()


def wait_live(page: Page) -> None:
    page.wait_for_selector(".connection-live", timeout=20_000)


def choose(page: Page, title: str) -> None:
    page.locator("[data-testid=row]", has_text=title).first.click()
    expect(page.locator("[data-testid=detail] h2")).to_have_text(title)


def test_an_alert_appears_by_itself_on_a_screen_that_nobody_touches(quiet_day, open_page):
    page = open_page(quiet_day.url)
    wait_live(page)
    expect(page.get_by_text("Nothing has been raised yet")).to_be_visible()
    quiet_day.raise_alerts(newcomer(quiet_day.day, 1, "high"))
    expect(page.locator("[data-testid=row]")).to_have_count(1)
    quiet_day.raise_alerts(newcomer(quiet_day.day, 2, "critical"), newcomer(quiet_day.day, 3, "low"))
    expect(page.locator("[data-testid=row]")).to_have_count(3)
    assert rows(page) == ["Newcomer 2", "Newcomer 1", "Newcomer 3"]
    expect(page.locator("[data-testid=total]")).to_have_text("3 alerts")


def test_the_list_does_not_move_while_somebody_reads_and_lets_in_what_waits_on_a_key(quiet_day, open_page):
    quiet_day.raise_alerts(newcomer(quiet_day.day, 1, "high"))
    page = open_page(quiet_day.url)
    wait_live(page)
    page.keyboard.press("j")
    expect(page.locator("[data-testid=detail] h2")).to_have_text("Newcomer 1")
    quiet_day.raise_alerts(newcomer(quiet_day.day, 2), newcomer(quiet_day.day, 3))
    expect(page.locator("[data-testid=waiting]")).to_contain_text("2 new alerts")
    assert rows(page) == ["Newcomer 1"]
    page.keyboard.press("n")
    expect(page.locator("[data-testid=row]")).to_have_count(3)
    expect(page.locator("[data-testid=waiting]")).to_have_count(0)
    assert rows(page)[-1] == "Newcomer 1"
    expect(page.locator("[data-testid=detail] h2")).to_have_text("Newcomer 1")


def test_a_radio_alert_shows_its_moment_framed_its_measures_and_why(morning_day, open_page):
    page = open_page(morning_day.url)
    choose(page, "Repeated data bursts inside the session")
    picture = page.locator(".picture img")
    expect(picture).to_have_js_property("naturalWidth", WIDTH)
    shown, frame = page.locator(".picture").bounding_box(), page.locator("[data-testid=frame]").bounding_box()
    # The burst lasts from 2.6 to 6.1 s of 8 s, 20 kHz above the middle of 240 kHz.
    assert (frame["x"] - shown["x"]) / shown["width"] == pytest.approx(2.6 / 8, abs=0.02)
    assert frame["width"] / shown["width"] == pytest.approx(3.5 / 8, abs=0.03)
    middle = (frame["y"] + frame["height"] / 2 - shown["y"]) / shown["height"]
    assert middle == pytest.approx(0.5 - 20 / 240, abs=0.01)
    expect(page.locator("[data-measure=center_hz] dd")).to_have_text("169.500 MHz")
    expect(page.locator("[data-measure=snr_db] dd")).to_have_text("19.4 dB")
    expect(page.locator(".why li")).to_have_count(5)
    expect(page.locator(".why")).to_contain_text("heard 4 times before in this session")
    expect(page.locator(".advice")).to_contain_text("Listen to the recording")
    expect(page.locator("[data-testid=heard] canvas")).to_be_visible()
    page.keyboard.press("f")
    expect(page.locator("[data-testid=frame]")).to_have_count(0)


def test_what_matched_in_a_text_is_marked_exactly_after_characters_outside_the_base_plane(
    morning_day, open_page
):
    page = open_page(morning_day.url)
    choose(page, "Paper header posted while the session runs")
    marks = page.locator("[data-testid=post] mark")
    texts = [marks.nth(i).evaluate("m => m.firstChild.data") for i in range(marks.count())]
    written = ["绝密★启用前", "2026年普通高等学校招生全国统一考试", "谁会做", "我可以出钱"]
    assert texts == [*written, *LINES[1:3]]
    page.evaluate("document.querySelectorAll('[data-testid=post] sup').forEach(number => number.remove())")
    assert page.locator("[data-testid=post]").text_content() == posts.PAPER
    assert any(ord(character) > 0xFFFF for character in posts.PAPER[: posts.PAPER.index("绝密")])


def test_an_address_is_text_and_opening_it_takes_a_second_step(morning_day, open_page):
    page = open_page(morning_day.url)
    choose(page, "Paper header posted while the session runs")
    expect(page.locator("[data-testid=url]")).to_contain_text("https://forum.example/thread-")
    assert page.locator("a[href^='https://forum.example']").count() == 0
    page.get_by_role("button", name="Open…").click()
    link = page.locator("a[href^='https://forum.example']")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(page.get_by_text("may warn its author")).to_be_visible()


def test_an_edited_post_shows_its_versions_and_what_the_page_claims(morning_day, open_page):
    page = open_page(morning_day.url)
    choose(page, "Asks for a solver and offers money")
    expect(page.get_by_role("tab")).to_have_count(2)
    expect(page.locator(".times")).to_contain_text("before we first saw it")
    page.get_by_role("tab", name=re.compile("Version 1")).click()
    expect(page.locator("[data-testid=post]")).not_to_contain_text("我可以出钱")
    expect(page.locator("[data-testid=post] mark")).to_have_count(0)
    expect(page.get_by_text("An older version")).to_be_visible()


def test_a_hostile_post_is_text_and_nothing_else(quiet_day, open_page):
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>\n\"'&lt; javascript:alert(3)"
    alert = quiet_day.day.web(
        "high",
        quiet_day.day.now,
        (hostile, hostile),
        hostile,
        [(("text holds a tag", "正文含标签"), ("<script>",))],
        event={"url": "javascript:alert(4)", "author": hostile},
    )
    quiet_day.raise_alerts(alert)
    page = open_page(quiet_day.url)
    page.locator("[data-testid=row]").click()
    expect(page.locator("[data-testid=post] mark")).to_contain_text("<script>")
    expect(page.locator("[data-testid=url]")).to_have_text("javascript:alert(4)")
    expect(page.get_by_text("not a web address")).to_be_visible()
    assert page.locator("[data-testid=detail] img, [data-testid=detail] script").count() == 0


def test_the_language_follows_the_browser_and_then_the_choice(morning_day, open_page):
    page = open_page(morning_day.url, language="zh-CN")
    wait_live(page)
    expect(page.locator(".stream h1")).to_have_text("告警")
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    page.locator("[data-testid=language]").click()
    expect(page.locator(".stream h1")).to_have_text("Alerts")
    expect(page.locator("[data-testid=session]")).to_contain_text("In session")
    page.reload()
    expect(page.locator(".stream h1")).to_have_text("Alerts")


def test_the_theme_is_dark_until_light_is_chosen_and_stays_so(morning_day, open_page):
    page = open_page(morning_day.url)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    wait_live(page)
    page.keyboard.press("t")
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_a_lost_connection_is_said_and_nothing_is_missed_or_doubled_after_it(quiet_day, open_page):
    quiet_day.raise_alerts(newcomer(quiet_day.day, 1, "low"))
    page = open_page(quiet_day.url, may_fail=True)
    wait_live(page)
    expect(page.locator("[data-testid=row]")).to_have_count(1)
    port = int(quiet_day.url.rsplit(":", 1)[1])
    quiet_day.hang_up()
    expect(page.locator("[data-testid=connection]")).to_contain_text("Reconnecting")
    expect(page.get_by_role("button", name=re.compile("Sensors"))).to_contain_text("–")
    expect(page.locator(".banner")).to_contain_text("misses nothing", timeout=15_000)
    quiet_day.raise_alerts(newcomer(quiet_day.day, 2, "high"), newcomer(quiet_day.day, 3, "critical"))
    quiet_day.listen(port)
    wait_live(page)
    expect(page.locator("[data-testid=row]")).to_have_count(3)
    assert rows(page) == ["Newcomer 3", "Newcomer 2", "Newcomer 1"]
    quiet_day.raise_alerts(newcomer(quiet_day.day, 4, "critical"))
    expect(page.locator("[data-testid=row]")).to_have_count(4)


def test_a_server_that_does_not_answer_is_an_error_that_says_what_to_do_and_mends_itself(
    quiet_day, open_page
):
    page = open_page(quiet_day.url, may_fail=True)
    page.route("**/api/alerts?*", lambda route: route.abort())
    page.reload()
    expect(page.locator(".notice-bad")).to_contain_text("Is examwatch running?")
    page.unroute("**/api/alerts?*")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_text("Nothing has been raised yet")).to_be_visible()


def test_the_list_is_walked_by_keys_and_the_address_follows(morning_day, open_page):
    page = open_page(morning_day.url)
    wait_live(page)
    page.wait_for_selector("[data-testid=row]")
    page.keyboard.press("j")
    page.keyboard.press("j")
    selected = page.locator("[data-testid=row][aria-selected=true]")
    expect(selected).to_have_attribute("aria-posinset", "2")
    expect(page).to_have_url(re.compile(r"/alerts/[0-9a-f]{16}$"))
    page.keyboard.press("k")
    expect(selected).to_have_attribute("aria-posinset", "1")
    for _ in range(30):
        page.keyboard.press("j")
    expect(selected).to_have_attribute("aria-posinset", "31")
    expect(selected).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(page.locator("[data-testid=overview]")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("[data-testid=help]")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-testid=help]")).to_be_hidden()


def test_filters_are_in_the_address_and_an_address_opens_filtered(morning_day, open_page):
    page = open_page(morning_day.url)
    wait_live(page)
    page.keyboard.press("w")
    page.keyboard.press("2")
    expect(page).to_have_url(re.compile(r"kind=web&level=high$"))
    expect(page.locator("[data-testid=row]")).to_have_count(2)
    again = open_page(page.url)
    expect(again.locator("[data-testid=row]")).to_have_count(2)
    expect(again.get_by_role("button", name="Web", pressed=True)).to_be_visible()
    again.get_by_role("button", name="Clear filters").click()
    expect(again.locator("[data-testid=total]")).to_have_text("53 alerts")


def test_an_address_of_an_alert_opens_it_and_a_dead_one_says_so(morning_day, open_page):
    page = open_page(morning_day.url)
    choose(page, "Unknown voice in quiet broadcast spectrum")
    again = open_page(page.url)
    expect(again.locator("[data-testid=detail] h2")).to_have_text("Unknown voice in quiet broadcast spectrum")
    dead = open_page(f"{morning_day.url}/alerts/{'0' * 16}", may_fail=True)
    expect(dead.get_by_text("There is no alert with this address")).to_be_visible()


def test_what_is_not_watched_is_always_in_sight(morning_day, open_page):
    page = open_page(morning_day.url)
    wait_live(page)
    expect(page.locator(".status")).to_contain_text("induction loops")
    choose(page, "Sale of answers")
    expect(page.locator(".status")).to_be_in_viewport()
    page.get_by_role("button", name=re.compile("Sources")).click()
    expect(page.locator(".menu")).to_contain_text("HTTP 503")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_is_cut_off_at_the_smallest_screen(morning_day, open_page, theme):
    page = open_page(morning_day.url)
    if theme == "light":
        page.keyboard.press("t")
    choose(page, "Repeated data bursts inside the session")
    wide = page.evaluate(
        "[document.documentElement.scrollWidth, document.querySelector('.header').scrollWidth]"
    )
    assert wide == [1366, 1366]
    assert page.evaluate("document.documentElement.scrollHeight") == 768


def test_one_logs_in_chooses_a_password_and_is_shown_the_door_when_shut_out(quiet_day, open_page):
    quiet_day.raise_alerts(newcomer(quiet_day.day, 1, "high"))
    quiet_day.with_logins()
    name, password = quiet_day.first_login
    # Refusals are part of the story, and the browser notes each as an error.
    page = open_page(quiet_day.url, may_fail=True)
    page.get_by_label("Name").fill(name)
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("Name and password do not go together.")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    page.get_by_label("Password you were given").fill(password)
    page.get_by_label("Your own password", exact=True).fill("correct horse battery")
    page.get_by_label("Your own password, again").fill("correct horse battery")
    page.get_by_role("button", name="Save and go on").click()
    wait_live(page)
    expect(page.locator("[data-testid=row]")).to_have_count(1)
    expect(page.locator("[data-testid=leave]")).to_contain_text("admin · Administrator")
    page.reload()
    wait_live(page)
    page.locator("[data-testid=leave]").click()
    expect(page.locator("[data-testid=login]")).to_be_visible()
    expect(page.locator("[data-testid=row]")).to_have_count(0)


def test_alerts_are_judged_by_key_at_thirty_a_minute_and_the_last_is_taken_back(quiet_day, open_page):
    quiet_day.raise_alerts(*(newcomer(quiet_day.day, n, "high") for n in range(30)))
    # The refusal of a second confirmation is a line in the browser's own log.
    page = open_page(quiet_day.url, may_fail=True)
    wait_live(page)
    expect(page.locator("[data-testid=total]")).to_have_text("30 alerts")
    began_at = time.monotonic()
    page.keyboard.press("j")
    for n in range(29):
        shown = page.locator("[data-testid=detail] h2").inner_text()
        page.keyboard.press("bosu"[n % 4])
        expect(page.locator("[data-testid=detail] h2")).not_to_have_text(shown)
    assert time.monotonic() - began_at < 58
    expect(page.locator(".row-selected [data-testid=row-case]")).to_have_count(0)
    page.keyboard.press("y")
    # One person alone confirms nothing.
    expect(page.locator("[data-testid=review-state]")).to_contain_text("Suspected")
    page.keyboard.press("y")
    expect(page.locator("[data-testid=refusal]")).to_contain_text("Confirming takes another person")
    page.keyboard.press("z")
    expect(page.locator("[data-testid=review-state]")).to_contain_text("New")
    expect(page.locator("[data-testid=refusal]")).to_have_count(0)
    page.keyboard.press("c")
    expect(page.locator("[data-testid=review-state]")).to_contain_text("held by local until")
    page.keyboard.press("l")
    expect(page.locator("[data-testid=review-state]")).to_contain_text("已认领")


def test_what_another_screen_judges_shows_here_by_itself(quiet_day, open_page):
    quiet_day.raise_alerts(newcomer(quiet_day.day, 1), newcomer(quiet_day.day, 2))
    here, there = open_page(quiet_day.url), open_page(quiet_day.url)
    wait_live(here)
    wait_live(there)
    there.keyboard.press("j")
    expect(there.locator("[data-testid=detail] h2")).to_be_visible()
    there.keyboard.press("b")
    expect(here.locator("[data-testid=row-case]")).to_have_text(["Benign"])


def test_only_what_is_to_be_judged_is_left_by_one_key_and_stands_in_the_address(quiet_day, open_page):
    quiet_day.raise_alerts(newcomer(quiet_day.day, 1), newcomer(quiet_day.day, 2))
    page = open_page(quiet_day.url)
    wait_live(page)
    expect(page.locator("[data-testid=row]")).to_have_count(2)
    page.keyboard.press("j")
    judged = page.locator("[data-testid=detail] h2").inner_text()
    page.keyboard.press("b")
    expect(page.locator("[data-testid=row-case]")).to_have_text(["Benign"])
    page.keyboard.press("x")
    expect(page.locator("[data-testid=row]")).to_have_count(1)
    expect(page.locator("[data-testid=row]")).not_to_contain_text(judged)
    assert "review=open" in page.url
    page.keyboard.press("x")
    expect(page.locator("[data-testid=row]")).to_have_count(2)
