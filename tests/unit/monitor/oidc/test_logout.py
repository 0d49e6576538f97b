"""Logging out at the provider too (OpenID Connect RP-Initiated Logout 1.0)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
import sqlalchemy as sa
from aiohttp import web

from monitor.oidc.desk import MAX_HINT
from monitor.oidc.settings import LEFT
from monitor.people.passwords import hash_password
from monitor.server.people import LEAVING_COOKIE, LEAVING_S
from monitor.store.people_tables import logins
from tests.unit.monitor.oidc.conftest import of
from tests.unit.monitor.server.conftest import NOON

OWN = "correct horse battery staple"


async def log_out(house):
    csrf = (await house.session())["csrf"]
    async with house.client.delete("/api/session", headers={"X-CSRF-Token": csrf}) as answer:
        assert answer.status == 200
        assert await house.session() is None
        return (await answer.json())["url"], answer.cookies.get(LEAVING_COOKIE)


def kept(house):
    with house.book.store.reader.connect() as db:
        return list(db.execute(sa.select(logins.c.id_token)).scalars())


async def test_who_logs_out_is_led_to_the_provider_and_back_to_words_that_say_so(house):
    await house.log_in()
    (token,) = kept(house)
    url, cookie = await log_out(house)
    assert url.partition("?")[0] == f"{house.little.issuer}/logout"
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
    state = asked.pop("state")
    assert asked == {
        "client_id": "examwatch",
        "post_logout_redirect_uri": house.desk.settings.public_url + LEFT,
        "id_token_hint": token,
    }
    assert (cookie.value, cookie["path"], cookie["httponly"]) == (state, LEFT, True)
    assert (cookie["samesite"], cookie["max-age"]) == ("Lax", str(LEAVING_S))
    assert kept(house) == []
    async with aiohttp.ClientSession() as there, there.get(url, allow_redirects=False) as answer:
        back = answer.headers["Location"]
    answer = await house.come_back(back)
    assert (answer.status, answer.headers["Location"]) == (303, "/?login=oidc-left")
    # Once: the cookie is gone.
    assert (await house.come_back(back)).headers["Location"] == "/"


async def test_another_browser_or_another_state_says_nothing_of_a_logout(house, other_browser):
    await house.log_in()
    url, _ = await log_out(house)
    state = of(url, "state")
    assert (await house.come_back(f"{LEFT}?state=x", other_browser)).headers["Location"] == "/"
    assert (await house.come_back(f"{LEFT}?state={state}", other_browser)).headers["Location"] == "/"
    for query in ("", "?state=", "?state=%E4%B8%AD", f"?state={state}x"):
        answer = await house.client.get(LEFT + query, allow_redirects=False, headers={
            "Cookie": f"{LEAVING_COOKIE}={state}"})  # fmt: skip
        assert (answer.status, answer.headers["Location"]) == (303, "/")


@pytest.mark.parametrize("why", ["not offered", "not wanted", "silent"])
async def test_where_the_provider_ends_no_sessions_one_is_logged_out_here_alone(house, resettle, why):
    if why == "not wanted":
        resettle(log_out_there=False)
    house.little.ends_sessions = why != "not offered"
    await house.log_in()
    # What is not needed is not kept.
    assert (kept(house) == [None]) == (why != "silent")
    if why == "silent":
        await house.clock.advance(3700)
        house.little.instead["/.well-known/openid-configuration"] = web.Response(status=500)
    assert await log_out(house) == (None, None)
    assert len(house.entries("user.logout")) == 1


async def test_who_came_in_by_password_has_nothing_to_leave_at_the_provider(house):
    house.register.set_password("root", "root", hash_password(OWN), NOON, must_change=False)
    async with house.client.post("/api/session", json={"name": "root", "password": OWN}) as answer:
        assert answer.status == 200
    assert await log_out(house) == (None, None)


async def test_a_token_too_long_for_an_address_is_left_out_and_the_provider_asks_the_person(house):
    house.little.user["groups"] = ["radio-east", "x" * MAX_HINT]
    await house.log_in()
    assert kept(house) == [None]
    url, _ = await log_out(house)
    assert "id_token_hint" not in parse_qs(urlsplit(url).query)


async def test_an_end_of_sessions_that_is_not_https_is_no_provider(house):
    said = house.little.description() | {"end_session_endpoint": "http://elsewhere.example/logout"}
    house.little.instead["/.well-known/openid-configuration"] = said
    async with house.client.post("/api/login/oidc", json={}) as answer:
        assert answer.status == 503
        assert "not https" in (await answer.json())["detail"]
