"""Who somebody is here follows from who they are at the provider."""

from __future__ import annotations

import pytest

from monitor.people.passwords import hash_password
from monitor.people.register import PeopleError
from monitor.people.scope import Scope
from tests.unit.monitor.oidc.test_login import OWN
from tests.unit.monitor.server.conftest import NOON


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
