"""Photos in a review: asked for, recorded, framed, told of by their words; and the moment's spectrum."""

from __future__ import annotations

import re

import photographed
from dayserver import RunningDay
from entering import enter
from examday import ExamDay
from playwright.sync_api import Page, expect

from monitor.alert.alert import Alert

LINES = photographed.LINES
TEXT = "求大神\n刚拍的，急！\n" + "\n".join(LINES)
TITLE = ("Photo of a paper", "试卷照片")
MARKED = [(("a secret paper's header", "密级标题"), (LINES[1], "刚拍的"))]


def post(day: ExamDay, *photos, text: str = TEXT) -> Alert:
    return day.web("critical", day.ago(3), TITLE, text, MARKED, event={"has_image": True}, photos=photos)


def paper(day: ExamDay) -> Alert:
    return post(day, (photographed.photo(), photographed.FILE.read_bytes()))


def opened(page: Page, title: str = TITLE[0]) -> None:
    page.get_by_test_id("row").filter(has_text=title).first.click()


def looks(day: RunningDay) -> int:
    return len(day.audit("evidence.opened"))


def test_nothing_is_fetched_before_it_is_asked_for_and_each_look_is_recorded(quiet_day, open_page):
    quiet_day.raise_alerts(paper(quiet_day.day))
    page = open_page(quiet_day.url)
    opened(page)
    boxes = page.locator("[data-box]")
    expect(boxes).to_have_count(len(LINES))
    expect(page.get_by_test_id("photo-ask")).to_be_visible()
    expect(page.get_by_test_id("photo-pixels")).to_have_count(0)
    assert looks(quiet_day) == 0
    page.keyboard.press("i")
    expect(page.get_by_test_id("photo-pixels")).to_be_visible()
    expect(page.get_by_test_id("photo-pixels")).to_have_js_property("width", 1573)
    (entry,) = quiet_day.audit("evidence.opened")
    assert entry.subject == photographed.photo().digest
    assert entry.body["role"] == "photo"


def test_lines_that_matched_are_told_by_number_and_the_rest_are_not(quiet_day, open_page):
    quiet_day.raise_alerts(paper(quiet_day.day))
    page = open_page(quiet_day.url)
    opened(page)
    matched = page.locator(".photo-box-matched")
    expect(matched).to_have_count(1)
    expect(matched).to_have_attribute("data-reasons", "1")
    expect(matched).to_have_attribute("aria-label", f"{LINES[1]} (matched by reason 1)")
    expect(page.locator(".photo-number")).to_have_text("1")
    page.get_by_test_id("photo-boxes").click()
    expect(page.locator("[data-box]")).to_have_count(0)


def test_a_line_and_its_words_point_at_each_other(quiet_day, open_page):
    quiet_day.raise_alerts(paper(quiet_day.day))
    page = open_page(quiet_day.url)
    opened(page)
    words = page.locator(".from-photo")
    expect(words).to_have_count(len(LINES))
    assert (
        page.get_by_test_id("post")
        .text_content()
        .replace(LINES[1] + "1", LINES[1])
        .endswith("\n".join(LINES))
    )
    page.locator("[data-box='7']").hover()
    expect(page.locator(".from-photo-lit")).to_have_text(LINES[7])
    expect(page.get_by_test_id("photo-line")).to_contain_text(LINES[7])
    words.nth(10).scroll_into_view_if_needed()
    words.nth(10).hover()
    expect(page.locator(".photo-box-lit")).to_have_attribute("data-box", "10")
    before = float(page.get_by_test_id("photo-stage").get_attribute("data-scale") or 0)
    words.nth(10).click()
    expect(page.get_by_test_id("photo-stage")).not_to_have_attribute("data-scale", f"{before:.4f}")
    stage = page.get_by_test_id("photo-stage").bounding_box()
    box = page.locator("[data-box='10']").bounding_box()
    assert stage is not None
    assert box is not None
    assert stage["x"] < box["x"] + box["width"] / 2 < stage["x"] + stage["width"]
    assert stage["y"] < box["y"] + box["height"] / 2 < stage["y"] + stage["height"]


def test_by_key_it_is_enlarged_turned_and_gone_through_line_by_line(quiet_day, open_page):
    quiet_day.raise_alerts(paper(quiet_day.day))
    page = open_page(quiet_day.url)
    opened(page)
    stage = page.get_by_test_id("photo-stage")
    # The paper lies on its side in the photo; it is shown as one reads it.
    expect(stage).to_have_attribute("data-quarters", "3")
    whole = float(stage.get_attribute("data-scale") or 0)
    stage.focus()
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect(stage).to_have_attribute("data-scale", re.compile(f"{whole * 1.25**2:.3f}"))
    page.keyboard.press("0")
    expect(stage).to_have_attribute("data-scale", f"{whole:.4f}")
    page.keyboard.press("]")
    expect(stage).to_have_attribute("data-quarters", "2")
    page.keyboard.press("[")
    expect(stage).to_have_attribute("data-quarters", "3")
    page.keyboard.press("Tab")
    expect(page.locator("[data-box='0']")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-box='2']")).to_be_focused()
    expect(page.get_by_test_id("photo-line")).to_contain_text(f"Line 3 of {len(LINES)}")
    # The list behind did not move: its keys are the same arrows.
    expect(page.get_by_test_id("detail")).to_be_visible()


def test_wheel_drag_and_two_fingers_move_it(quiet_day, open_page):
    quiet_day.raise_alerts(paper(quiet_day.day))
    page = open_page(quiet_day.url)
    opened(page)
    stage = page.get_by_test_id("photo-stage")
    stage.scroll_into_view_if_needed()
    whole = float(stage.get_attribute("data-scale") or 0)
    area = stage.bounding_box()
    assert area is not None
    x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -600)
    page.keyboard.up("Control")
    expect(stage).not_to_have_attribute("data-scale", f"{whole:.4f}")
    first = page.locator("[data-box='5']").bounding_box()
    page.mouse.down()
    page.mouse.move(x + 40, y + 25, steps=4)
    page.mouse.up()
    moved = page.locator("[data-box='5']").bounding_box()
    assert first is not None
    assert moved is not None
    assert abs(moved["x"] - first["x"] - 40) < 3
    assert abs(moved["y"] - first["y"] - 25) < 3
    before = float(stage.get_attribute("data-scale") or 0)
    finger = """([el, kind, id, x, y]) => el.dispatchEvent(new PointerEvent(kind,
        {pointerId: id, pointerType: "touch", clientX: x, clientY: y, bubbles: true, button: 0}))"""
    handle = stage.element_handle()
    for kind, id, dx in (
        ("pointerdown", 11, -20),
        ("pointerdown", 12, 20),
        ("pointermove", 12, 40),
        ("pointermove", 11, -40),
        ("pointerup", 11, -40),
        ("pointerup", 12, 40),
    ):
        page.evaluate(finger, [handle, kind, id, x + dx, y])
    assert float(stage.get_attribute("data-scale") or 0) > before * 1.9 or before > 4


def test_who_may_not_see_names_sees_where_the_lines_stand_and_why_no_more(quiet_day, open_page):
    quiet_day.raise_alerts(paper(quiet_day.day))
    quiet_day.with_logins()
    page = open_page(quiet_day.url, may_fail=True)
    enter(page, quiet_day, "radio")
    opened(page)
    expect(page.locator("[data-box]")).to_have_count(len(LINES))
    expect(page.get_by_test_id("photos")).to_contain_text("your role may not see it")
    expect(page.get_by_test_id("photo-ask")).to_have_count(0)
    expect(page.get_by_test_id("photos").get_by_text("Save the original")).to_have_count(0)
    digest = photographed.photo().digest
    for path in (f"/api/evidence/{digest}", f"/api/evidence/{digest}/picture"):
        assert page.request.get(quiet_day.url + path).status == 403
    assert looks(quiet_day) == 0


def test_several_photos_one_gone_one_too_large_one_that_is_no_picture(quiet_day, open_page):
    day = quiet_day.day
    gone = photographed.photo(b"no longer here")
    large = photographed.photo(b"never kept", dropped="too large")
    bad = photographed.photo(b"<svg onload=alert(1)>")
    whole = (photographed.photo(), photographed.FILE.read_bytes())
    text = "求大神\n刚拍的，急！\n" + "\n".join(["\n".join(LINES)] * 4)
    quiet_day.raise_alerts(
        post(day, whole, (gone, None), (large, None), (bad, b"<svg onload=alert(1)>"), text=text)
    )
    page = open_page(quiet_day.url, may_fail=True)
    opened(page)
    thumbs = page.get_by_test_id("photo-thumb")
    expect(thumbs).to_have_count(4)
    block = page.get_by_test_id("photos")
    expect(block).to_contain_text("Photo 1 of 4")
    thumbs.nth(1).click()
    expect(block).to_contain_text("The file is not here any more")
    thumbs.nth(2).click()
    expect(block).to_contain_text("too large to keep")
    thumbs.nth(3).click()
    page.get_by_test_id("photo-ask").click()
    expect(block).to_contain_text("no picture that can be shown")
    # A line of the fourth photo, chosen in the text, opens the first photo's place in no other photo.
    page.locator(".from-photo").nth(0).click()
    expect(thumbs.nth(0)).to_have_attribute("aria-selected", "true")


def test_once_said_photos_show_at_once_until_the_window_is_closed(quiet_day, open_page):
    quiet_day.raise_alerts(paper(quiet_day.day))
    page = open_page(quiet_day.url)
    opened(page)
    page.get_by_label("Show photos at once").click()
    expect(page.get_by_test_id("photo-pixels")).to_be_visible()
    page.reload()
    opened(page)
    expect(page.get_by_test_id("photo-pixels")).to_be_visible()
    assert looks(quiet_day) == 2


def test_the_picture_of_the_page_is_shown_like_a_photo(quiet_day, open_page):
    day = quiet_day.day
    alert = day.web("critical", day.ago(3), TITLE, "求大神\n刚拍的", [], event={"has_image": False})
    shot = day.keep(photographed.FILE.read_bytes(), "image/jpeg", "screenshot", day.now)
    alert.evidence.append(shot)
    quiet_day.raise_alerts(alert)
    page = open_page(quiet_day.url)
    opened(page)
    expect(page.get_by_test_id("photos")).to_contain_text("The page in a browser")
    page.get_by_test_id("photo-ask").click()
    expect(page.get_by_test_id("photo-pixels")).to_be_visible()
    expect(page.locator("[data-box]")).to_have_count(0)


def test_the_moment_stands_beside_the_survey_with_the_excess_in_words(morning_day, open_page):
    for language, words in (("en-GB", "above the survey's median"), ("zh-CN", "高出勘测中位数")):
        page = open_page(morning_day.url, language=language)
        page.get_by_test_id("row").filter(has_text="169.5000").first.click()
        excess = page.get_by_test_id("excess")
        expect(excess).to_contain_text(words)
        told = re.search(r"(\d+\.\d) dB", excess.text_content() or "")
        assert told is not None
        assert 20 < float(told[1]) < 40
        expect(page.get_by_test_id("moment-plot").locator("path")).to_have_count(4)
        band = page.get_by_test_id("moment-band").bounding_box()
        plot = page.get_by_test_id("moment-plot").bounding_box()
        assert band is not None
        assert plot is not None
        middle = (band["x"] + band["width"] / 2 - plot["x"]) / plot["width"]
        # 20 kHz above the middle of 240 kHz.
        assert 0.54 < middle < 0.63


def test_where_there_is_no_survey_it_says_what_to_do(morning_day, open_page):
    page = open_page(morning_day.url)
    page.get_by_test_id("row").filter(has_text="210.3000").first.click()
    expect(page.get_by_test_id("moment")).to_contain_text("examwatch survey SOURCE")
