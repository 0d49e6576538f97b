"""Logging in by a provider, from the first redirect to the session."""

from __future__ import annotations

import pytest
from aiohttp import web

from monitor.oidc.pending import LASTS_S, Begun, Pending, digest
from monitor.people.passwords import hash_password
from monitor.people.throttle import FREE_ATTEMPTS
from monitor.server.access import COOKIE
from monitor.server.oidc import LOGIN_COOKIE
from tests.unit.monitor.oidc.conftest import of
from tests.unit.monitor.server.conftest import NOON

OWN = "correct horse battery staple"


async def test_a_good_login_makes_the_person_and_begins_a_session_like_any_other(house):
    assert await house.log_in("/cases?open=1") == "/cases?open=1"
    session = await house.session()
    assert (session["name"], session["role"], session["must_change"]) == ("li", "radio", False)
    assert (session["venues"], session["department"]) == (["no1-high"], "radio")
    person, hashed = house.register.find("li")
    assert (person.issuer, hashed) == (house.little.issuer, None)
    (added,) = house.entries("user.added")[1:]
    assert (added["actor"], added["body"]["group"], added["body"]["subject"]) == (
        "daemon", "radio-east", "u-1",
    )  # fmt: skip
    (login,) = house.entries("user.login")
    assert (login["actor"], login["body"]) == (
        "li", {"address": "127.0.0.1", "issuer": house.little.issuer},
    )  # fmt: skip
    csrf = {"X-CSRF-Token": session["csrf"]}
    async with house.client.delete("/api/session") as refused:
        assert refused.status == 403
    async with house.client.delete("/api/session", headers=csrf) as answer:
        assert answer.status == 200
    assert await house.session() is None
    house.book.store.verify()


async def test_the_second_login_finds_the_same_person_under_whatever_name(house):
    await house.log_in()
    house.little.user["preferred_username"] = "li-renamed"
    await house.log_in()
    assert (await house.session())["name"] == "li"
    assert [one.name for one in house.register.everyone()] == ["li", "root"]


async def test_the_login_page_is_told_which_ways_in_there_are(house, resettle):
    async with house.client.get("/api/login") as answer:
        assert await answer.json() == {
            "local": True,
            "oidc": {
                "en": "Provincial account",
                "zh": "省统一身份认证",
                "address": f"http://127.0.0.1:{house.client.port}",
            },
        }
    resettle(allow_local=False)
    async with house.client.get("/api/login") as answer:
        assert (await answer.json())["local"] is False
    async with house.client.post("/api/session", json={"name": "root", "password": OWN}) as answer:
        assert (answer.status, (await answer.json())["code"]) == (403, "local-logins-off")


async def test_cookies_are_for_this_browser_alone_and_for_https_where_the_console_is(house, resettle):
    async with house.client.post("/api/login/oidc", json={}) as answer:
        begun = answer.cookies[LOGIN_COOKIE]
        url = (await answer.json())["url"]
    assert (begun["httponly"], begun["samesite"], begun["secure"]) == (True, "Lax", "")
    assert (begun["path"], begun["max-age"]) == ("/api/login/oidc", str(int(LASTS_S)))
    assert begun.value not in url
    answer = await house.come_back(await house.consent(url))
    assert (answer.cookies[COOKIE]["httponly"], answer.cookies[COOKIE]["samesite"]) == (True, "Strict")
    assert answer.headers["Cache-Control"] == "no-store"
    resettle(public_url="https://watch.example.org")
    async with house.client.post("/api/login/oidc", json={}) as answer:
        assert answer.cookies[LOGIN_COOKIE]["secure"] is True
        assert of((await answer.json())["url"], "redirect_uri").startswith("https://watch.example.org/api/")


async def test_a_secret_in_the_form_is_what_some_providers_want(house):
    house.little.auth_methods = ["client_secret_post"]
    assert await house.log_in() == "/"
    assert (await house.session())["name"] == "li"


async def test_a_state_is_used_once_and_a_code_too(house):
    back = await house.consent(await house.begin())
    assert (await house.come_back(back)).headers["Location"] == "/"
    assert (await house.come_back(back)).headers["Location"] == "/?login=oidc-expired"
    spent = of(back, "code")
    again = await house.consent(await house.begin())
    answer = await house.come_back(again.replace(of(again, "code"), spent))
    assert answer.headers["Location"] == "/?login=oidc-failed"
    assert len(house.entries("user.login")) == 1


async def test_a_login_begun_in_another_browser_begins_no_session_here_and_stays_there(house, other_browser):
    back = await house.consent(await house.begin())
    stolen = await house.come_back(back, other_browser)
    assert stolen.headers["Location"] == "/?login=oidc-expired"
    assert COOKIE not in stolen.cookies
    await house.begin(client=other_browser)
    assert (await house.come_back(back, other_browser)).headers["Location"] == "/?login=oidc-expired"
    assert (await house.come_back(back)).headers["Location"] == "/"


async def test_two_tabs_of_one_browser_may_both_log_in(house):
    first, second = await house.begin("/map"), await house.begin("/cases")
    assert of(first, "state") != of(second, "state")
    backs = [await house.consent(first), await house.consent(second)]
    assert [(await house.come_back(one)).headers["Location"] for one in backs] == ["/map", "/cases"]
    assert await house.begin("/map")


async def test_a_state_that_nobody_gave_or_that_is_too_old_is_told_so(house):
    back = await house.consent(await house.begin())
    made_up = await house.come_back(back.replace(of(back, "state"), "x" * 43))
    assert made_up.headers["Location"] == "/?login=oidc-expired"
    await house.clock.advance(LASTS_S)
    assert (await house.come_back(back)).headers["Location"] == "/?login=oidc-expired"
    async with house.client.get("/api/login/oidc/callback", allow_redirects=False) as bare:
        assert bare.headers["Location"] == "/?login=oidc-expired"


async def test_an_answer_of_another_provider_is_refused(house):
    for wrong in ("https%3A%2F%2Fevil.example", ""):
        back = await house.consent(await house.begin())
        iss = back.partition("iss=")[2].partition("&")[0]
        answer = await house.come_back(back.replace(f"iss={iss}", f"iss={wrong}" if wrong else "x=1"))
        assert answer.headers["Location"] == "/?login=oidc-failed"


async def test_who_refuses_at_the_provider_is_told_so(house):
    assert await house.log_in("/map", deny=True) == "/map?login=oidc-denied"
    assert house.desk.outcomes == {"denied": 1}


@pytest.mark.parametrize(
    "to",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil", "/a\tb", "/a b", "", "cases",
     "/\n/evil.example", "/api/session", "/" + "x" * 2000, "javascript:alert(1)", "/é", "/a\\b"],
)  # fmt: skip
async def test_nobody_is_led_out_of_the_console(house, to):
    async with house.client.post("/api/login/oidc", json={"to": to}) as answer:
        assert (answer.status, answer.content_type) == (400, "application/problem+json")
    assert len(house.desk.pending) == 0


async def test_the_console_must_be_open_where_the_provider_sends_browsers_back(house):
    origin = {"Origin": f"http://localhost:{house.client.port}", "Host": f"localhost:{house.client.port}"}
    async with house.client.post("/api/login/oidc", json={}, headers=origin) as answer:
        assert (answer.status, (await answer.json())["code"]) == (409, "oidc-elsewhere")
    async with house.client.post("/api/login/oidc", data="{}") as answer:
        assert answer.status == 415


FAULTY = {
    "down": web.Response(status=502),
    "no json": b"<html>",
    "too much": b" " * (600 * 1024),
    "deep": b"[" * 100_000,
    "other issuer": {"issuer": "https://evil.example"},
    "moved": web.Response(status=302, headers={"Location": "/elsewhere"}),
}


@pytest.mark.parametrize("fault", [*FAULTY, "slow"])
async def test_a_provider_that_fails_is_told_at_the_login_page_and_local_logins_go_on(house, fault):
    path = "/.well-known/openid-configuration"
    if fault == "slow":
        house.little.slow_s[path] = 2
    elif fault == "other issuer":
        house.little.instead[path] = house.little.description() | FAULTY[fault]
    else:
        house.little.instead[path] = FAULTY[fault]
    async with house.client.post("/api/login/oidc", json={}) as answer:
        problem = await answer.json()
        assert (answer.status, problem["code"]) == (503, "oidc-unavailable")
    assert "\n" not in problem["detail"]
    asked = house.little.asked[path]
    async with house.client.post("/api/login/oidc", json={}) as answer:
        assert answer.status == 503
    assert house.little.asked[path] == asked, "who comes at once after a failure does not wait again"
    house.register.add("root", "wang", "analyst", hash_password(OWN), NOON)
    async with house.client.post("/api/session", json={"name": "wang", "password": OWN}) as answer:
        assert answer.status == 200
    house.little.slow_s.clear()
    house.little.instead.clear()
    await house.clock.advance(6)
    assert await house.log_in() == "/"


@pytest.mark.parametrize("path", ["/token", "/keys"])
@pytest.mark.parametrize("fault", [*FAULTY, "slow"])
async def test_a_provider_that_fails_in_the_midst_of_a_login_lets_nobody_in(house, path, fault):
    if fault == "slow":
        house.little.slow_s[path] = 2
    else:
        house.little.instead[path] = FAULTY[fault]
    location = await house.log_in("/map")
    assert location in ("/map?login=oidc-unavailable", "/map?login=oidc-failed")
    assert (fault == "other issuer" and path == "/keys") == location.endswith("failed")
    assert await house.session() is None


async def test_addresses_that_are_not_https_are_not_followed_out_of_this_machine(house):
    said = house.little.description() | {"token_endpoint": "http://10.0.0.1/token"}
    house.little.instead["/.well-known/openid-configuration"] = said
    async with house.client.post("/api/login/oidc", json={}) as answer:
        assert "not https" in (await answer.json())["detail"]


async def test_failed_logins_have_to_wait_like_those_with_a_password(house):
    for _ in range(FREE_ATTEMPTS):
        async with house.client.get("/api/login/oidc/callback?state=x", allow_redirects=False) as answer:
            assert answer.headers["Location"] == "/?login=oidc-expired"
    back = await house.consent(await house.begin())
    assert (await house.come_back(back)).headers["Location"] == "/?login=oidc-throttled"
    async with house.client.post("/api/session", json={"name": "root", "password": OWN}) as answer:
        assert answer.status == 429
    await house.clock.advance(60)
    assert (await house.come_back(back)).headers["Location"] == "/"


def test_begun_logins_are_bounded_and_what_gives_way_is_counted():
    pending = Pending(capacity=3)

    def begin(state: str, at_s: float) -> None:
        pending.put(state, Begun(digest("k"), "n", "v", "/", NOON, at_s))

    for n in range(5):
        begin(str(n), float(n))
    assert (len(pending), pending.n_dropped) == (3, 2)
    assert pending.take("1", "k", 5.0) is None
    assert pending.take("4", "k", 5.0) is not None
    begin("late", LASTS_S + 3.5)
    assert (len(pending), pending.n_dropped) == (1, 2), "what has expired was not dropped"
