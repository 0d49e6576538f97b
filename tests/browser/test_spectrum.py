"""The spectrum and the map in a browser: rows come, the picture moves, what is asked reaches the sensor."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from dayserver import RunningDay
from playwright.sync_api import Browser, Page, expect
from sky import Sky
from skyday import CENTER_HZ, sky_over

from monitor.people.passwords import hash_password
from monitor.people.register import Register
from monitor.store.audit import AuditQuery


@pytest.fixture
def sky(browser: Browser, tmp_path: Path) -> Iterator[tuple[Sky, RunningDay]]:
    with sky_over(tmp_path) as made:
        yield made


def number(page: Page, test_id: str, pattern: str) -> int:
    found = re.search(pattern, page.get_by_test_id(test_id).inner_text())
    return int(found[1]) if found else 0


def test_eight_sensors_are_shown_at_once_and_cost_nothing_when_nobody_looks(sky, open_page) -> None:
    made, day = sky
    assert made.n_made == 0
    page = open_page(f"{day.url}/spectrum")
    expect(page.get_by_test_id("panel")).to_have_count(8)
    expect(page.locator(".panel footer").first).to_have_text(re.compile(r"^[1-9]\d* rows/s"))
    expect(page.get_by_test_id("beat")).to_have_text(re.compile(r"^[1-9]\d* frames/s · [1-9]\d* pictures/s"))
    expect(page.get_by_test_id("blind")).to_contain_text("Not watched by any sensor · No. 1 High School")
    page.get_by_role("link", name="Review").click()
    expect(page.get_by_test_id("panel")).to_have_count(0)
    page.wait_for_timeout(300)
    assert not any(one.onlookers.is_any for one in made.sensors)


def burst_of(day: RunningDay, sensor: str, level_dbfs: float, center_hz: float = CENTER_HZ + 0.3e6):
    at = datetime.now(UTC) - timedelta(seconds=280)
    began_at = at - timedelta(seconds=20)
    alert = day.day.radio(
        "high", center_hz, began_at, ("Unknown signal", "未知信号"), venue="no1", ended=False,
        event={"sensor": sensor, "peak_dbfs": level_dbfs, "at": at.isoformat(), "duration_s": 20.0},
    )  # fmt: skip
    return replace(alert, labels={"venue": "no1", "channel": "169.3 MHz"})


def test_a_burst_of_the_past_is_found_marked_measured_and_judged_from_there(sky, open_page) -> None:
    made, day = sky
    day.raise_alerts(burst_of(day, "roof", -40.0))
    page = open_page(f"{day.url}/spectrum/roof")
    expect(page.get_by_test_id("rate")).to_have_text(re.compile(r"^[1-9]\d* rows/s"))
    page.get_by_role("button", name="10 min").click()
    expect(page).to_have_url(re.compile(r"from=.*&to="))
    row = page.get_by_test_id("emissions").locator("li").first
    expect(row).to_contain_text("169.300")
    expect(row).to_contain_text("heard here")
    row.locator("button").first.click()
    expect(row.get_by_role("link", name="On the map")).to_be_visible()
    plot = page.get_by_test_id("plot")
    box = plot.bounding_box()
    assert box is not None
    # 169.3 MHz, in the middle of the burst: five eighths of the width, about half way down the waterfall.
    left, width = 58, box["width"] - 58 - 6
    x = left + (0.3e6 + 1.2e6) / 2.4e6 * width
    high = int((box["height"] - 18 - 22) * 0.32)
    fall = high + 18 + 22
    query = parse_qs(urlsplit(page.url).query)
    ago_s = (
        datetime.fromisoformat(query["to"][0]) - (made.began_at - timedelta(seconds=290))
    ).total_seconds()
    y = fall + ago_s / 600 * (box["height"] - fall)
    measures = page.get_by_test_id("measures")
    expect(page.locator(".over-plot")).to_have_count(0)
    plot.hover(position={"x": x + 0.5, "y": y})
    expect(measures.locator("tr").nth(1)).to_contain_text("−70.0")
    expect(measures.locator("tr").nth(1)).to_contain_text("169.3")
    plot.click(position={"x": x, "y": fall + 20})
    plot.click(position={"x": x + width / 8, "y": fall + 20})
    expect(page.get_by_test_id("delta")).to_contain_text(re.compile(r"\+(29\d|30\d) kHz|\+0\.3"))
    row.get_by_role("link", name="Judge it").click()
    expect(page.get_by_test_id("detail")).to_be_visible()


def test_looking_closer_is_kept_in_the_address_and_hold_and_survey_lie_over_it(sky, open_page) -> None:
    _, day = sky
    page = open_page(f"{day.url}/spectrum/roof")
    expect(page.get_by_test_id("rate")).to_have_text(re.compile(r"^[1-9]\d* rows/s"))
    page.get_by_role("button", name="Closer").click()
    expect(page).to_have_url(re.compile(r"low=168400000&high=169600000"))
    page.get_by_test_id("hold").click()
    page.get_by_test_id("survey").click()
    expect(page.get_by_text("survey of")).to_be_visible()
    expect(page).to_have_url(re.compile("hold=1&survey=1"))
    page.reload()
    expect(page.get_by_test_id("hold")).to_have_attribute("aria-pressed", "true")
    plot = page.get_by_test_id("plot")
    plot.focus()
    for key in ("ArrowRight", "Enter", "+", "0", "Escape"):
        page.keyboard.press(key)
    expect(page).not_to_have_url(re.compile("low="))
    page.get_by_test_id("bottom").fill("-125")
    page.get_by_test_id("bottom").press("Tab")
    expect(page).to_have_url(re.compile(r"bottom=-125&range=\d+"))


def test_a_sensor_is_held_with_a_reason_and_let_go(sky, open_page) -> None:
    made, day = sky
    page = open_page(f"{day.url}/spectrum/hall")
    expect(page.get_by_test_id("rate")).to_have_text(re.compile(r"^[1-9]\d* rows/s"))
    plot = page.get_by_test_id("plot")
    plot.click(position={"x": 400, "y": 40})
    form = page.get_by_test_id("stare")
    form.get_by_role("textbox").fill("burst at the gate yesterday")
    form.get_by_role("combobox").select_option("2")
    form.get_by_role("button", name="Hold").click()
    held = page.get_by_test_id("held")
    expect(held).to_contain_text("burst at the gate yesterday")
    expect(held).to_contain_text("by local until")
    expect(held).to_contain_text("not watched")
    hall = made.sensors[1]
    assert hall.held is not None
    assert hall.held.reason == "burst at the gate yesterday"
    assert timedelta(seconds=90) < hall.held.until - datetime.now(UTC) <= timedelta(seconds=120)
    held.get_by_role("button", name="Back to its plan").click()
    expect(held).to_have_count(0)
    assert hall.held is None
    entries = day.call(day.book.read_audit(AuditQuery(limit=10)))
    assert [one.action for one in entries if one.subject == "hall"] == ["stare.ended", "stare.began"]


def test_a_recording_is_not_held_and_that_is_said(sky, open_page) -> None:
    _, day = sky
    page = open_page(f"{day.url}/spectrum/gate", may_fail=True)
    expect(page.get_by_test_id("rate")).to_have_text(re.compile(r"^[1-9]\d* rows/s"))
    page.get_by_test_id("plot").click(position={"x": 400, "y": 40})
    form = page.get_by_test_id("stare")
    form.get_by_role("textbox").fill("why not")
    form.get_by_role("button", name="Hold").click()
    expect(form.get_by_role("alert")).to_contain_text("cannot be tuned")


def test_the_feed_comes_back_by_itself(sky, open_page) -> None:
    _, day = sky
    page = open_page(f"{day.url}/spectrum/roof", may_fail=True)
    expect(page.get_by_test_id("rate")).to_have_text(re.compile(r"^[1-9]\d* rows/s"))
    port = int(day.url.rsplit(":", 1)[1])
    day.hang_up()
    expect(page.locator(".over-plot")).to_contain_text("broke off")
    day.listen(port)
    expect(page.locator(".over-plot")).to_have_count(0, timeout=20_000)


def test_the_map_shows_where_a_sender_may_be_and_says_how_little_that_is(sky, open_page) -> None:
    _, day = sky
    for sensor, level in (("gate", -30.0), ("roof", -52.0), ("hall", -55.0)):
        day.raise_alerts(replace(burst_of(day, sensor, level), id=sensor, cause=sensor))
    page = open_page(f"{day.url}/map", language="zh-CN")
    expect(page.get_by_test_id("venues")).to_contain_text("第一中学")
    expect(page.get_by_test_id("venues")).to_contain_text("已开考 0:4")
    expect(page.get_by_test_id("venues")).to_contain_text("距开考 0:")
    expect(page.get_by_test_id("scale")).to_have_text(re.compile(r"\d+ k?m"))
    assert page.locator("image.plan").count() == 1
    page.get_by_test_id("emissions").locator("button").first.click()
    area = page.get_by_test_id("area")
    expect(area).to_contain_text("不能指到楼栋或房间")
    expect(area.locator("tbody tr")).to_have_count(3)
    expect(area.locator("tbody tr").first).to_contain_text("gate")
    expect(page.get_by_test_id("area-shape")).to_have_count(1)
    expect(page).to_have_url(re.compile(r"/map\?alert="))
    page.get_by_test_id("venues").get_by_role("button", name="第二中学").click()
    expect(page).to_have_url(re.compile(r"/map/no2\?alert="))
    expect(page.get_by_test_id("emissions")).to_contain_text("近期没有无线电告警")


def test_who_may_not_see_spectra_has_no_such_page(sky, open_page: Callable[..., Page]) -> None:
    _, day = sky
    day.with_logins()
    now, secret = datetime.now(UTC), "correct horse battery staple"
    register = Register(day.book.store)
    register.add("test", "checker", "auditor", hash_password(secret), now)
    register.set_password("test", "checker", hash_password(secret), now, must_change=False)
    page = open_page(f"{day.url}/spectrum", may_fail=True)
    page.get_by_label("Name").fill("checker")
    page.get_by_label("Password").fill(secret)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Your role does not open this page.")).to_be_visible()
    expect(page.get_by_role("link", name="Map")).to_be_visible()
    expect(page.get_by_role("link", name="Spectrum")).to_have_count(0)
