"""An edge's sensor in the duty room's browser: heard, held, beside its survey; cut off; too old."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from edgeday import EdgeDay, edge_day
from playwright.sync_api import Browser, Page, expect
from skyday import CENTER_HZ

from scripts.servers import MissingError, NatsServer

pytestmark = pytest.mark.tools
ROOF = "/spectrum/no1%3Aroof"


@pytest.fixture
def place(browser: Browser, tmp_path: Path) -> Iterator[EdgeDay]:
    try:
        broker = NatsServer(tmp_path / "nats")
    except MissingError as error:
        pytest.skip(str(error))
    broker.start()
    try:
        with edge_day(tmp_path, broker) as made:
            yield made
    finally:
        broker.kill()


def marked(page: Page) -> None:
    """Mark A is set in the picture, once rows come."""
    expect(page.get_by_test_id("rate")).to_have_text(re.compile(r"^[1-9]\d* rows/s"))
    page.get_by_test_id("plot").click(position={"x": 400, "y": 40})


def until(page: Page, holds) -> None:
    for _ in range(150):
        if holds():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it never came")


def test_an_edges_sensor_is_heard_held_and_compared_from_the_duty_room(place, open_page) -> None:
    day = place.day
    page = open_page(f"{day.url}{ROOF}")
    marked(page)
    hear = page.get_by_test_id("hear")
    hear.get_by_role("button", name="NFM").click()
    expect(hear.get_by_role("status")).to_have_text("live; silent while the squelch is closed")
    assert place.sensor.n_listeners == 1
    hear.get_by_role("button", name="Stop").click()
    until(page, lambda: place.sensor.n_listeners == 0)
    until(page, lambda: day.audit("listening.ended"))
    assert day.audit("listening.began")[0].subject == "no1:roof"

    page.get_by_test_id("survey").click()
    expect(page.locator(".tools-set")).to_contain_text("survey of")

    form = page.get_by_test_id("stare")
    form.get_by_role("textbox").fill("burst at the gate yesterday")
    form.get_by_role("button", name="Hold").click()
    held = page.get_by_test_id("held")
    expect(held).to_contain_text("burst at the gate yesterday")
    assert place.sensor.held is not None
    held.get_by_role("button", name="Back to its plan").click()
    expect(held).to_have_count(0)
    assert place.sensor.held is None
    assert [one.subject for one in day.audit("stare.ended")] == ["no1:roof"]


def test_an_alert_of_an_edge_is_listened_to_at_that_edge(place, open_page) -> None:
    day = place.day
    at = datetime.now(UTC) - timedelta(seconds=30)
    alert = day.day.radio("high", CENTER_HZ, at, ("Unknown signal", "未知信号"), venue="no1", ended=False)
    day.raise_alerts(replace(alert, event={**alert.event, "sensor": "roof", "node": "no1"}))
    page = open_page(f"{day.url}/alerts/{alert.fingerprint}", may_fail=True)
    listen = page.get_by_test_id("listen")
    listen.get_by_role("button").click()
    expect(listen.get_by_role("status")).to_have_text("live; silent while the squelch is closed")
    assert place.sensor.n_listeners == 1
    page.close()
    until_closed = place.sensor.ears[0]
    other = open_page(f"{day.url}/")
    until(other, lambda: until_closed.is_closed)


def test_an_uplink_that_is_cut_while_somebody_listens_is_said_in_words(place, open_page) -> None:
    page = open_page(f"{place.day.url}{ROOF}", may_fail=True)
    marked(page)
    hear = page.get_by_test_id("hear")
    hear.get_by_role("button", name="NFM").click()
    expect(hear.get_by_role("status")).to_have_text("live; silent while the squelch is closed")
    place.cut()
    expect(hear.get_by_role("status")).to_contain_text("the sensor's edge does not answer", timeout=25_000)
    form = page.get_by_test_id("stare")
    form.get_by_role("textbox").fill("why")
    form.get_by_role("button", name="Hold").click()
    expect(form.get_by_role("alert")).to_contain_text("its uplink is cut")


def test_an_edge_of_an_earlier_version_is_named_as_such_in_chinese(place, open_page) -> None:
    place.edge._can.clear()
    place.day.call(place.edge._tell())
    until_told = lambda: not place.hub.nodes.known["no1"].report.can  # noqa: E731
    page = open_page(f"{place.day.url}{ROOF}", language="zh-CN", may_fail=True)
    until(page, until_told)
    page.reload()
    expect(page.get_by_test_id("rate")).to_have_text(re.compile(r"^[1-9]\d* 行/秒"))
    expect(page.locator(".tools-set")).to_contain_text("边缘节点版本过旧")
    page.get_by_test_id("plot").click(position={"x": 400, "y": 40})
    hear = page.get_by_test_id("hear")
    hear.get_by_role("button", name="AM").click()
    expect(hear.get_by_role("status")).to_contain_text("该边缘节点版本过旧，不能在此监听")
    form = page.get_by_test_id("stare")
    form.get_by_role("textbox").fill("为何")
    form.get_by_role("button", name="驻留").click()
    expect(form.get_by_role("alert")).to_contain_text("请升级节点")
    assert place.sensor.ears == []
