"""Reviewing by key in Debian's chromium: several at once, notes, passing on, the palette, saved views."""

from __future__ import annotations

import io
import wave

import pytest
from morning import newcomer
from playwright.sync_api import expect

from monitor.case.machine import Step
from monitor.people.scope import EVERYTHING
from monitor.server.alert_services import AlertQuery

pytestmark = pytest.mark.browser


def alerts(day):
    return day.call(day._book.list_alerts(AlertQuery(limit=200))).alerts


def verdicts(day) -> dict[str, str | None]:
    return {one.annotations["title_en"]: one.case.verdict if one.case else None for one in alerts(day)}


def wait_rows(page, n: int) -> None:
    page.wait_for_selector(".connection-live", timeout=20_000)
    expect(page.locator("[data-testid=row]")).to_have_count(n)


def places(page) -> list[str]:
    return page.locator("[data-testid=row]").evaluate_all(
        "rows => rows.map(row => row.id + row.style.transform)"
    )


def raised(day, n: int) -> None:
    day.raise_alerts(*(newcomer(day.day, i, "high") for i in range(n)))


def test_several_are_marked_by_key_and_judged_with_one_and_no_row_moves(quiet_day, open_page):
    raised(quiet_day, 6)
    page = open_page(quiet_day.url)
    wait_rows(page, 6)
    before = places(page)
    page.keyboard.press("j")
    page.keyboard.press("Shift+J")
    page.keyboard.press("Shift+J")
    expect(page.locator("[data-testid=n-marked]")).to_have_text("3 marked")
    page.keyboard.press("b")
    expect(page.locator("[data-testid=outcome]")).to_contain_text("Done: 3")
    expect(page.locator("[data-testid=row-case]")).to_have_count(3)
    assert places(page) == before
    assert sorted(filter(None, verdicts(quiet_day).values())) == ["benign"] * 3
    page.keyboard.press("z")
    expect(page.locator("[data-testid=row-case]").first).to_have_text("New")
    expect(page.locator("[data-testid=outcome]")).to_have_count(0)
    assert set(verdicts(quiet_day).values()) == {None}


def test_who_is_refused_is_told_with_the_reason_and_stays_marked(quiet_day, open_page):
    raised(quiet_day, 3)
    held = next(one for one in alerts(quiet_day) if one.annotations["title_en"] == "Newcomer 1")
    quiet_day.call(quiet_day.cases.step_on_alert(held.fingerprint, Step("claim", "wang"), EVERYTHING))
    page = open_page(quiet_day.url)
    wait_rows(page, 3)
    for mark in page.locator("[data-testid=mark]").all():
        mark.click()
    expect(page.locator("[data-testid=n-marked]")).to_have_text("3 marked")
    page.locator("[data-testid=all-scam]").click()
    outcome = page.locator("[data-testid=outcome]")
    expect(outcome).to_contain_text("Done: 2")
    expect(outcome).to_contain_text("refused: 1")
    expect(outcome).to_contain_text("wang holds case")
    expect(page.locator("[data-testid=n-marked]")).to_have_text("1 marked")
    assert verdicts(quiet_day) == {"Newcomer 0": "scam", "Newcomer 1": None, "Newcomer 2": "scam"}
    page.keyboard.press("Escape")
    expect(outcome).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator("[data-testid=several]")).to_have_count(0)


def test_all_in_the_list_are_marked_and_unmarked(quiet_day, open_page):
    raised(quiet_day, 4)
    page = open_page(quiet_day.url)
    wait_rows(page, 4)
    page.keyboard.press("Shift+V")
    expect(page.locator("[data-testid=n-marked]")).to_have_text("4 marked")
    page.keyboard.press("Shift+V")
    expect(page.locator("[data-testid=several]")).to_have_count(0)
    page.keyboard.press("j")
    page.keyboard.press("v")
    expect(page.locator("[data-testid=n-marked]")).to_have_text("1 marked")


def test_the_panel_hides_no_selected_row_and_the_list_says_how_many_are_left(morning_day, open_page):
    page = open_page(f"{morning_day.url}/?review=open")
    page.wait_for_selector("[data-testid=row]")
    total = int(page.locator("[data-testid=total]").inner_text().split()[0])
    page.keyboard.press("j")
    for _ in range(14):
        page.keyboard.press("Shift+J")
    expect(page.locator("[data-testid=n-marked]")).to_have_text("15 marked")
    row = page.locator("[data-testid=row][aria-selected=true]").bounding_box()
    panel = page.locator("[data-testid=several]").bounding_box()
    assert row["y"] + row["height"] <= panel["y"] + 1
    page.keyboard.press("o")
    expect(page.locator("[data-testid=total]")).to_contain_text(f"{total - 15} left to judge")
    page.keyboard.press("z")
    expect(page.locator("[data-testid=total]")).not_to_contain_text("left to judge")


def test_a_note_is_written_with_a_verdict_and_the_next_alert_comes(quiet_day, open_page):
    raised(quiet_day, 2)
    page = open_page(quiet_day.url)
    wait_rows(page, 2)
    page.keyboard.press("j")
    title = page.locator("[data-testid=detail] h2")
    first = title.inner_text()
    page.keyboard.press("e")
    # Letters in a note are letters.
    page.locator("[data-testid=note-text]").type("bosuy: read it twice")
    page.locator("[data-testid=note-rumour]").click()
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-testid=asking]")).to_be_hidden()
    expect(title).not_to_have_text(first)
    judged = next(one for one in alerts(quiet_day) if one.annotations["title_en"] == first)
    whole = quiet_day.call(quiet_day.cases.get(judged.case.id, EVERYTHING))
    assert whole.listed.case.verdict == "rumour"
    assert whole.events[-1].body["text"] == "bosuy: read it twice"
    page.keyboard.press("e")
    page.locator("[data-testid=note-text]").fill("only a note")
    page.locator("[data-testid=note-save]").click()
    expect(page.locator("[data-testid=asking]")).to_be_hidden()
    expect(page.locator("[data-testid=review-state]")).to_contain_text("New")
    assert len([one for one in verdicts(quiet_day).values() if one]) == 1


def test_a_case_is_passed_on_by_key(quiet_day, open_page):
    raised(quiet_day, 1)
    page = open_page(quiet_day.url, may_fail=True)
    wait_rows(page, 1)
    page.keyboard.press("j")
    page.wait_for_selector("[data-testid=detail]")
    page.keyboard.press("p")
    page.wait_for_selector("[data-testid=department-radio]")
    page.keyboard.press("4")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-testid=asking]")).to_be_hidden()
    expect(page.locator("[data-testid=case-link]")).to_be_visible()
    case = alerts(quiet_day)[0].case.id
    assert quiet_day.call(quiet_day.cases.get(case, EVERYTHING)).listed.case.department == "police"
    # What is not judged cannot be told to a department: the refusal is read where one stands.
    page.keyboard.press("p")
    page.locator("[data-testid=pass-notify]").click()
    page.locator("[data-testid=department-secrecy]").click()
    page.locator("[data-testid=pass-save]").click()
    expect(page.locator("[data-testid=asking] [role=alert]")).to_contain_text("does not follow")
    page.keyboard.press("Escape")
    expect(page.locator("[data-testid=asking]")).to_be_hidden()


def test_an_alert_is_acknowledged_by_key(quiet_day, open_page):
    raised(quiet_day, 1)
    page = open_page(quiet_day.url)
    wait_rows(page, 1)
    page.keyboard.press("j")
    page.wait_for_selector("[data-testid=seen]")
    page.keyboard.press("a")
    expect(page.locator("[data-testid=review-state]")).to_contain_text("seen by local")
    expect(page.locator("[data-testid=seen]")).to_have_count(0)
    assert alerts(quiet_day)[0].acked_by == "local"


@pytest.mark.parametrize("opens", ["Control+k", ":"])
def test_the_palette_finds_steps_in_both_languages_pages_and_ids(quiet_day, open_page, opens):
    raised(quiet_day, 2)
    first = alerts(quiet_day)[0]
    case = quiet_day.call(quiet_day.cases.open([first.fingerprint], "li", EVERYTHING))
    page = open_page(quiet_day.url)
    wait_rows(page, 2)
    typed = page.locator("[data-testid=palette-input]")

    def find(text: str) -> None:
        page.keyboard.press(opens)
        typed.fill(text)

    find("下一条告警")
    expect(page.locator("[data-testid=offer]").first).to_contain_text("next alert")
    page.keyboard.press("Enter")
    expect(page.locator("[data-testid=detail]")).to_be_visible()
    find("cases")
    page.keyboard.press("Enter")
    expect(page.locator("[data-testid=board]")).to_be_visible()
    find(first.fingerprint)
    page.keyboard.press("Enter")
    expect(page.locator("[data-testid=detail]")).to_have_attribute("data-fingerprint", first.fingerprint)
    find(case.id.lower())
    page.keyboard.press("Enter")
    expect(page.locator("[data-testid=case]")).to_have_attribute("data-case", case.id)
    find(case.id[-6:])
    expect(page.locator("[data-testid=offer]", has_text=case.id)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("[data-testid=palette]")).to_be_hidden()


def test_two_versions_stand_side_by_side_with_what_differs_marked(morning_day, open_page):
    page = open_page(morning_day.url)
    page.locator("[data-testid=row]", has_text="Asks for a solver").first.click()
    page.wait_for_selector("[data-testid=compare-versions]")
    page.keyboard.press("d")
    after = page.locator("[data-testid=version-after]")
    expect(after.locator("ins").last).to_contain_text("谁会做")
    before = page.locator("[data-testid=version-before]")
    expect(before).to_contain_text("先占楼，晚点更新。")
    expect(before).not_to_contain_text("谁会做")
    page.keyboard.press("d")
    expect(page.locator("[data-testid=compare]")).to_have_count(0)


def test_a_radio_alert_tells_its_sensors_and_the_channels_other_alerts(quiet_day, open_page):
    day, title = quiet_day.day, ("Bursts", "突发")
    heard = [
        day.radio("high", 169.5e6, day.ago(9), title, snr_db=12.5, event={"sensor": "roof"}),
        day.radio("high", 169.5e6, day.ago(5), title, snr_db=21.0, event={"sensor": "gate"}),
        day.radio("low", 169.5e6, day.ago(50), ("Before", "先前"), venue="市第一中学"),
        day.radio("low", 171e6, day.ago(50), ("Another channel", "另一频道"), venue="市第一中学"),
    ]
    quiet_day.raise_alerts(*heard)
    page = open_page(quiet_day.url)
    wait_rows(page, 3)
    page.keyboard.press("j")
    lines = page.locator("[data-testid=sensors] tbody tr")
    expect(lines).to_have_count(2)
    expect(lines.first).to_contain_text("gate")
    expect(lines.first).to_contain_text("21.0 dB")
    channel = page.locator("[data-testid=channel]")
    expect(channel.locator("li")).to_have_count(1)
    channel.get_by_role("button", name="Before").click()
    expect(page.locator("[data-testid=detail] h2")).to_have_text("Before")


def test_a_recording_is_played_by_key_and_searched_through_and_that_is_recorded(quiet_day, open_page):
    day = quiet_day.day
    sound = io.BytesIO()
    with wave.open(sound, "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(bytes(2 * 8000 * 30))
    alert = day.radio("high", 169.5e6, day.ago(5), ("Voice", "话音"))
    alert.evidence.append(day.keep(sound.getvalue(), "audio/wav", "audio", day.now))
    quiet_day.raise_alerts(alert)
    page = open_page(quiet_day.url)
    wait_rows(page, 1)
    page.keyboard.press("j")
    player = page.locator("[data-testid=recording] audio")
    expect(player).to_be_visible()
    assert quiet_day.audit("evidence.") == []
    page.keyboard.press("i")
    expect(player).to_have_js_property("paused", False)
    expect(player).to_have_js_property("readyState", 4)
    player.evaluate("audio => { audio.currentTime = 20; }")
    expect(player).to_have_js_property("seeking", False)
    assert player.evaluate("audio => audio.currentTime") >= 20
    page.keyboard.press("i")
    expect(player).to_have_js_property("paused", True)
    assert {one.actor for one in quiet_day.audit("evidence.")} == {"local"}


def test_near_copies_of_a_post_are_listed_with_what_was_made_of_them(quiet_day, open_page):
    day, text = quiet_day.day, "考中答案，先考试再付款"
    marked = [(("text offers answers", "正文出售答案"), ("答案",))]
    posts = [
        day.web("high", day.ago(9), ("First post", "首发"), text, marked, event={"document": "one"}),
        day.web(
            "low", day.ago(3), ("Its copy", "转发"), text, marked, source="another forum",
            event={"document": "two", "repost_of": "one", "n_reposts": 4},
        ),
        day.web("low", day.ago(2), ("Something else", "其他"), text, marked, event={"document": "three"}),
    ]  # fmt: skip
    quiet_day.raise_alerts(*posts)
    page = open_page(quiet_day.url)
    wait_rows(page, 3)
    page.locator("[data-testid=row]", has_text="Its copy").click()
    copies = page.locator("[data-testid=copies]")
    expect(copies).to_contain_text("4 were seen before this one")
    expect(copies.locator("li")).to_have_count(1)
    copies.get_by_role("button", name="First post").click()
    expect(page.locator("[data-testid=detail] h2")).to_have_text("First post")
    expect(copies).to_contain_text("another forum")
    expect(copies.locator("li")).to_have_count(1)
    page.locator("[data-testid=row]", has_text="Something else").click()
    expect(page.locator("[data-testid=detail] h2")).to_have_text("Something else")
    page.wait_for_timeout(900)
    expect(copies).to_have_count(0)


@pytest.mark.parametrize(("language", "told"), [("en-GB", "pass on"), ("zh-CN", "转交")])
def test_the_help_names_every_key_in_the_language_in_use(quiet_day, open_page, language, told):
    page = open_page(quiet_day.url, language=language)
    page.wait_for_selector(".connection-live", timeout=20_000)
    page.keyboard.press("?")
    shown = page.locator("[data-testid=help]")
    expect(shown).to_contain_text(told)
    keys = shown.locator("kbd").all_inner_texts()
    for key in ("j", "Shift+j", "v", "e", "p", "a", "d", "z", "Ctrl+K", ":", "?"):
        assert key in keys
    assert shown.evaluate("box => box.scrollWidth <= box.clientWidth")
    # All of it at once, on the smallest screen.
    assert shown.evaluate("box => box.scrollHeight <= box.clientHeight")
