"""Coming in by a provider: the button, its page, and the way back, in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import unused_port
from dayserver import RunningDay
from entering import OWN
from playwright.sync_api import Browser, Page, expect

from monitor.oidc.desk import OidcDesk
from monitor.oidc.provider import Provider
from monitor.oidc.settings import Settings
from monitor.people.outsiders import Grant, Outsiders
from monitor.people.passwords import hash_password
from monitor.people.register import Register
from monitor.people.scope import EVERYTHING
from monitor.server.app import serving
from tests.oidcprovider import CLIENT, SECRET, LittleProvider

pytestmark = pytest.mark.browser
BUTTON = "Log in with Provincial account"


class Entrance:
    """The day behind logins, and the provider: `localhost` is another site than 127.0.0.1 to a browser."""

    def __init__(self, day: RunningDay, folder: Path) -> None:
        self.day, self.folder, self.little = day, folder, LittleProvider()
        self.stack = AsyncExitStack()

    async def _open(self) -> None:
        url = await self.stack.enter_async_context(serving(self.little.app, port=0))
        self.little.issuer = url.replace("127.0.0.1", "localhost")
        self.web = await self.stack.enter_async_context(aiohttp.ClientSession())

    def open(self, *, allow_local: bool = True) -> None:
        self.day.call(self._open())
        self.day.with_logins()
        self.day.hang_up()
        port = unused_port()
        (self.folder / "secret").write_text(SECRET, encoding="utf-8")
        settings = Settings(
            issuer=self.little.issuer,
            client_id=CLIENT,
            secret_file=self.folder / "secret",
            public_url=f"http://127.0.0.1:{port}",
            scopes=("openid",),
            username="preferred_username",
            groups="groups",
            grants=(Grant("radio-east", "radio", EVERYTHING), Grant("boss", "administrator", EVERYTHING)),
            label_en="Provincial account",
            label_zh="省统一身份认证",
            allow_local=allow_local,
        )
        provider = Provider(settings, self.web, self.day.day.clock)
        store = self.day.book.store
        self.day.instead["oidc"] = OidcDesk(
            settings, provider, self.day.people, Outsiders(store), self.day.book, self.day.day.clock
        )
        self.day.listen(port)

    def close(self) -> None:
        self.day.call(self.stack.aclose())


@pytest.fixture
def entrance(quiet_day: RunningDay, tmp_path: Path) -> Iterator[Entrance]:
    made = Entrance(quiet_day, tmp_path)
    yield made
    made.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """A fresh profile that may leave the console for the provider's page, and nowhere else."""
    contexts, faults = [], []

    def start(url: str, *, language: str = "en-GB", theme: str = "dark") -> Page:
        context = browser.new_context(viewport={"width": 1366, "height": 768}, locale=language)
        contexts.append(context)
        context.add_init_script("localStorage.setItem('examwatch.tour', 'seen')")
        context.add_init_script(f"localStorage.setItem('examwatch.theme', '{theme}')")
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda r: None if "://127.0.0.1:" in r.url or "://localhost:" in r.url else
                faults.append(r.url))  # fmt: skip
        page.goto(url)
        return page

    yield start
    for context in contexts:
        context.close()
    assert faults == []


def test_the_button_leads_to_the_provider_and_back_to_where_one_was_going(entrance, visit):
    entrance.open()
    page = visit(f"{entrance.day.url}/cases")
    expect(page.locator(".login input").first).to_be_focused()
    for _ in range(3):
        page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=BUTTON)).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Go on as li").click()
    page.wait_for_selector(".connection-live")
    assert page.url == f"{entrance.day.url}/cases"
    (login,) = entrance.day.audit("user.login")
    assert (login.actor, login.body["issuer"]) == ("li", entrance.little.issuer)
    names = {one.name: one for one in entrance.day.call(entrance.day.people.everyone())}
    assert (names["li"].role, names["li"].issuer) == ("radio", entrance.little.issuer)
    cookies = {one["name"]: one for one in page.context.cookies()}
    assert cookies["examwatch_session"]["sameSite"] == "Strict"
    assert cookies["examwatch_session"]["httpOnly"]
    page.reload()
    page.wait_for_selector(".connection-live")


def test_who_logs_out_is_logged_out_at_the_provider_and_told_so(entrance, visit):
    entrance.open()
    page = visit(f"{entrance.day.url}/review")
    page.get_by_role("button", name=BUTTON).click()
    page.get_by_role("link", name="Go on as li").click()
    page.wait_for_selector(".connection-live")
    page.get_by_test_id("leave").click()
    expect(page.locator("p.caution[role=status]")).to_contain_text("logged out here and at the provider")
    assert [one["client_id"] for one in entrance.little.left] == [CLIENT]
    left = {one["name"] for one in page.context.cookies()}
    assert left.isdisjoint({"examwatch_session", "examwatch_leaving"})
    page.reload()
    expect(page.get_by_role("button", name=BUTTON)).to_be_visible()


def test_who_is_in_no_group_is_told_so_in_the_language_in_use_and_comes_in_once_there_is_one(entrance, visit):
    entrance.open()
    entrance.little.user["groups"] = ["visitors"]
    page = visit(f"{entrance.day.url}/map")
    page.get_by_role("button", name=BUTTON).click()
    page.get_by_role("link", name="Go on as li").click()
    expect(page.get_by_role("alert")).to_contain_text("in no group that may use this system")
    page.get_by_role("button", name="中文").click()
    expect(page.get_by_role("alert")).to_contain_text("不在可使用本系统的用户组中")
    assert [one.name for one in entrance.day.call(entrance.day.people.everyone())] == ["admin"]
    entrance.little.user["groups"] = ["radio-east"]
    page.get_by_role("button", name="使用省统一身份认证登录").click()
    page.get_by_role("link", name="Go on as li").click()
    page.wait_for_selector(".connection-live")
    assert page.url == f"{entrance.day.url}/map"


def test_who_turns_back_at_the_provider_and_whose_provider_is_down_can_still_use_a_password(entrance, visit):
    entrance.open()
    register = Register(entrance.day.book.store)
    register.add("test", "wang", "analyst", hash_password(OWN), entrance.day.day.clock.now())
    page = visit(entrance.day.url)
    page.get_by_role("button", name=BUTTON).click()
    page.get_by_role("link", name="Refuse").click()
    expect(page.get_by_role("alert")).to_contain_text("cancelled")
    entrance.little.instead["/token"] = b"<html>"
    page.get_by_role("button", name=BUTTON).click()
    page.get_by_role("link", name="Go on as li").click()
    expect(page.get_by_role("alert")).to_contain_text("does not answer")
    page.get_by_label("Name").fill("wang")
    page.get_by_label("Password").fill(OWN)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Choose a password")).to_be_visible()
    assert "login=" not in page.url


def test_a_provider_that_is_down_from_the_start_is_told_without_leaving_the_page(entrance, visit):
    entrance.open()
    entrance.little.instead["/.well-known/openid-configuration"] = b""
    page = visit(entrance.day.url, language="zh-CN")
    page.get_by_role("button", name="使用省统一身份认证登录").click()
    expect(page.get_by_role("alert")).to_contain_text("身份认证系统没有响应")
    assert page.url == f"{entrance.day.url}/"


def test_where_passwords_are_off_there_is_the_one_button_and_people_show_where_they_come_from(
    entrance, visit
):
    entrance.open(allow_local=False)
    entrance.little.user["groups"] = ["boss"]
    page = visit(f"{entrance.day.url}/system/people")
    expect(page.get_by_role("button", name=BUTTON)).to_be_visible()
    assert page.locator(".login input").count() == 0
    page.get_by_role("button", name=BUTTON).click()
    page.get_by_role("link", name="Go on as li").click()
    row = page.get_by_test_id("people").get_by_role("row").filter(has_text="li")
    expect(row.filter(has_text="by provider")).to_be_visible()
    page.get_by_role("button", name="Change: li").click()
    expect(page.get_by_text("follow the groups there")).to_be_visible()
    expect(page.get_by_role("button", name="New one-time password")).to_have_count(0)
