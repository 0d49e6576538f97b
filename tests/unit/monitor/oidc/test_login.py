"""Logging in by a provider: the whole way over HTTP, with a provider that can be wrong in every way."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from monitor.oidc.idtoken import LEEWAY_S
from monitor.oidc.pending import LASTS_S, Begun, Pending, digest
from monitor.people.passwords import hash_password
from monitor.people.register import PeopleError
from monitor.people.scope import Scope
from monitor.people.throttle import FREE_ATTEMPTS
from monitor.server.access import COOKIE
from monitor.server.oidc import LOGIN_COOKIE
from tests.oidcprovider import new_key, unsigned
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


BAD = {
    "nonce": {"nonce": "of another login"},
    "no nonce": {"nonce": None},
    "issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "audience": {"aud": "another-client"},
    "no audience": {"aud": None},
    "several and nobody asked": {"aud": ["examwatch", "other"]},
    "asked by another": {"aud": ["examwatch", "other"], "azp": "other"},
    "alone, asked by another": {"azp": "other"},
    "expired": {"exp": int(NOON.timestamp()) - LEEWAY_S - 1},
    "no expiry": {"exp": None},
    "expiry that is text": {"exp": "2099"},
    "expiry that is no number": {"exp": float("nan")},
    "from the future": {"iat": int(NOON.timestamp()) + LEEWAY_S + 1},
    "from before this login": {"iat": int(NOON.timestamp()) - LEEWAY_S - 1},
    "no time": {"iat": None},
    "no subject": {"sub": None},
    "empty subject": {"sub": ""},
    "long subject": {"sub": "x" * 256},
    "subject that is a number": {"sub": 7},
}


@pytest.mark.parametrize("name", list(BAD))
async def test_a_token_that_says_something_wrong_lets_nobody_in(house, name):
    house.little.claims = BAD[name]
    assert await house.log_in("/cases") == "/cases?login=oidc-failed"
    assert await house.session() is None
    assert [one.name for one in house.register.everyone()] == ["root"]
    (entry,) = house.entries("user.login-refused")
    assert (entry["subject"], entry["body"]["reason"]) == ("", "failed")


@pytest.mark.parametrize(
    "good",
    [
        {"exp": int(NOON.timestamp()) - LEEWAY_S + 1, "iat": int(NOON.timestamp()) + LEEWAY_S},
        {"aud": ["other", "examwatch"], "azp": "examwatch"},
        {"aud": ["examwatch"]},
    ],
)
async def test_a_clock_that_is_a_little_off_and_an_audience_of_several_are_fine(house, good):
    house.little.claims = good
    assert await house.log_in() == "/"


def _none(_house, claims):
    return unsigned({"alg": "none"}, claims)


def _hmac_of_public_key(house, claims):
    """Signed with what everyone can read: works where the alg of the token decides what a key is."""
    pem = house.little.key.as_pem(private=False)
    head, body, _ = unsigned({"alg": "HS256", "kid": "first"}, claims).split(".")
    seal = hmac.new(pem, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{unsigned({}, {}, seal).split('.')[2]}"


def _hmac_of_secret(_house, claims):
    return jwt.encode({"alg": "HS256"}, claims, OctKey.import_key("s:e/cret 统一" * 3), algorithms=["HS256"])


def _own_key_in_header(_house, claims):
    key = new_key("first")
    return jwt.encode({"alg": "ES256", "kid": "first", "jwk": key.as_dict(private=False)}, claims, key)


def _unknown_key(_house, claims):
    return jwt.encode({"alg": "ES256", "kid": "elsewhere"}, claims, new_key("elsewhere"))


def _cut(house, claims):
    return house.little._sign(claims)[:-4] + "AAAA"


def _changed(house, claims):
    head, _, seal = house.little._sign(claims).split(".")
    body = unsigned({}, claims | {"groups": ["exam-admins"]}).split(".")[1]
    return f"{head}.{body}.{seal}"


def _rubbish(_house, _claims):
    return "not.a.token"


def _list(house, _claims):
    from joserfc import jws

    return jws.serialize_compact({"alg": "ES256", "kid": "first"}, b"[1]", house.little.key)


@pytest.mark.parametrize(
    "sign",
    [
        _none, _hmac_of_public_key, _hmac_of_secret, _own_key_in_header, _unknown_key, _cut, _changed,
        _rubbish, _list,
    ],
)  # fmt: skip
async def test_a_token_that_the_providers_keys_did_not_sign_lets_nobody_in(house, sign):
    house.little.sign = lambda claims: sign(house, claims)
    assert await house.log_in() == "/?login=oidc-failed"
    assert await house.session() is None


async def test_a_new_key_of_the_provider_is_fetched_once_and_an_old_one_counts_no_more(house):
    await house.log_in()
    await house.log_in()
    assert house.little.asked["/keys"] == 1
    old, house.little.key = house.little.key, new_key("second")
    house.little.published = [house.little.key]
    assert await house.log_in() == "/"
    assert house.little.asked["/keys"] == 2
    house.little.key = old
    assert await house.log_in() == "/?login=oidc-failed"
    assert house.little.asked["/keys"] == 3


@pytest.mark.parametrize(
    ("alg", "n_bits", "end"),
    [("RS256", 2048, "/"), ("PS256", 2048, "/"), ("RS256", 1024, "/?login=oidc-failed")],
)
@pytest.mark.filterwarnings("ignore:Key size should be")
async def test_rsa_is_as_good_unless_its_key_is_short(house, alg, n_bits, end):
    house.little.key = RSAKey.generate_key(n_bits, {"kid": "rsa"}, private=True)
    house.little.alg, house.little.published = alg, [house.little.key]
    assert await house.log_in() == end


async def test_keys_for_other_uses_and_kinds_beside_the_right_one_do_no_harm(house):
    good = house.little.key.as_dict(private=False)
    rows = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": "first"},
        {**good, "use": "enc"},
        {"kty": "AKP", "kid": "new"},
        {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
        7,
        good,
    ]
    house.little.instead["/keys"] = {"keys": rows}
    assert await house.log_in() == "/"


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


@pytest.mark.parametrize("groups", [[], ["strangers"], None, "no-list", [7, {"name": "radio-east"}]])
async def test_without_a_group_that_means_something_here_nobody_is_let_in(house, groups):
    house.little.user["groups"] = groups
    assert await house.log_in() == "/?login=oidc-no-group"
    assert await house.session() is None
    assert [one.name for one in house.register.everyone()] == ["root"]
    (entry,) = house.entries("user.login-refused")
    assert (entry["body"]["reason"], entry["body"]["subject"]) == ("no-group", "u-1")


async def test_role_and_scope_follow_the_groups_at_each_login_and_older_sessions_end(house):
    await house.log_in()
    older = house.cookie()
    house.little.user["groups"] = ["analysts", "exam-admins"]
    await house.log_in()
    session = await house.session()
    assert (session["role"], session["venues"], session["department"]) == ("administrator", None, None)
    assert await house.people.who(older) is None
    (renewed,) = house.entries("user.role")
    assert (renewed["actor"], renewed["body"]["group"]) == ("daemon", "exam-admins")
    await house.log_in()
    assert len(house.entries("user.role")) == 1
    house.little.user["groups"] = ["analysts"]
    await house.log_in()
    assert (await house.session())["role"] == "analyst"


async def test_who_has_lost_all_groups_loses_sessions_and_keys_for_programs(house):
    from datetime import timedelta

    await house.log_in()
    session = house.cookie()
    _, token = await house.people.add_token(
        "root", "li", frozenset({"alerts"}), timedelta(days=1), "for a wall"
    )
    house.little.user["groups"] = []
    await house.log_in()
    assert await house.people.who(session) is None
    assert await house.people.bearer(token) is None


async def test_who_is_shut_out_here_stays_out_until_let_in_again(house):
    await house.log_in()
    await house.people.set_disabled("root", "li", disabled=True)
    assert await house.session() is None
    assert await house.log_in() == "/?login=oidc-disabled"
    (entry,) = house.entries("user.login-refused")
    assert (entry["subject"], entry["body"]["reason"]) == ("li", "disabled")
    await house.people.set_disabled("root", "li", disabled=False)
    assert await house.log_in() == "/"


@pytest.mark.parametrize("name", ["root", "ROOT", "ｒｏｏｔ"])
async def test_a_name_that_is_taken_here_is_never_taken_over(house, name):
    house.little.user |= {"preferred_username": name, "groups": ["exam-admins"]}
    assert await house.log_in() == "/?login=oidc-name-taken"
    person, hashed = house.register.find("root")
    assert (person.issuer, hashed is not None) == (None, True)
    (entry,) = house.entries("user.login-refused")
    assert (entry["subject"], entry["body"]["reason"]) == ("", "name-taken")


async def test_another_subject_under_a_known_name_is_somebody_else(house):
    await house.log_in()
    house.forget_browser()
    house.little.user |= {"sub": "u-2"}
    assert await house.log_in() == "/?login=oidc-name-taken"
    assert await house.session() is None


@pytest.mark.parametrize("name", [None, "", "a b", "<script>", "x" * 65, 7])
async def test_a_name_that_is_none_is_refused(house, name):
    house.little.claims = {"preferred_username": name}
    assert await house.log_in() == "/?login=oidc-bad-name"


async def test_role_scope_and_password_of_such_a_person_are_not_changed_here(house):
    await house.log_in()
    for attempt in (
        house.people.set_role("root", "li", "administrator"),
        house.people.set_scope("root", "li", Scope()),
        house.people.reset_password("root", "li"),
    ):
        with pytest.raises(PeopleError, match="are kept there"):
            await attempt
    async with house.client.post("/api/session", json={"name": "li", "password": ""}) as answer:
        assert answer.status == 401
    assert await house.session() is not None


async def test_an_administrator_of_the_provider_does_not_stand_in_for_the_last_one_with_a_password(house):
    house.little.user["groups"] = ["exam-admins"]
    await house.log_in()
    with pytest.raises(PeopleError, match="last administrator"):
        await house.people.set_disabled("li", "root", disabled=True)
    house.little.user["groups"] = ["analysts"]
    assert await house.log_in() == "/"


async def test_somebody_of_ours_who_is_linked_by_hand_comes_in_by_the_provider_from_then_on(house):
    house.register.add("root", "wang", "auditor", hash_password(OWN), NOON)
    house.little.user |= {"sub": "u-9", "preferred_username": "whatever"}
    house.register.link("root", "wang", house.little.issuer, "u-9", NOON)
    assert await house.log_in() == "/"
    session = await house.session()
    assert (session["name"], session["role"]) == ("wang", "radio")
    with pytest.raises(PeopleError, match="is 'wang' already"):
        house.register.link("root", "root", house.little.issuer, "u-9", NOON)
    with pytest.raises(PeopleError, match="last administrator"):
        house.register.link("root", "root", house.little.issuer, "u-10", NOON)


async def test_groups_may_be_a_path_and_come_from_the_userinfo(house, resettle):
    resettle(groups="realm_access.roles")
    del house.little.user["groups"]
    house.little.userinfo = {"sub": "u-1", "realm_access": {"roles": ["analysts"]}}
    assert await house.log_in() == "/"
    assert (await house.session())["role"] == "analyst"
    house.little.userinfo["sub"] = "u-2"
    assert await house.log_in() == "/?login=oidc-failed"


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
